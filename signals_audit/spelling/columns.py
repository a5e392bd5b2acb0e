"""Which columns of a model's table go into entries, and what must be known of them to spell their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Field, Model

from ..masking import secret_fields
from ..registry import ModelOptions, registry
from .kinds import Kind, column_field, kind_of


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `places` are the decimal places of a number."""

    name: str
    column: str
    kind: Kind
    places: int | None = None
    is_masked: bool = False
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns that are recorded, and those of its primary key.

    Where it holds the rows of a many-to-many field, that is `relation`: they are told on their owners, so the
    label and the key are the owner's, the one column is what they relate it to, and `row_label` is their own.
    """

    label: str
    name: str
    using: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    hides_key: bool
    relation: str = ""
    row_label: str = ""

    @property
    def title(self) -> str:
        """Return what the rows are, for people."""
        return f"{self.label}.{self.relation}" if self.relation else self.label


def described(
    model: type[Model], using: str, fields: Iterable[Field[Any, Any]], *, written: type[Model] | None = None
) -> Table:
    """Return a model's table as its options say: of the fields those that are audited, and what is masked.

    `written` is the class whose primary key the rows have, where that is another than the model.
    """
    options = registry.options_for(model) or ModelOptions()
    masked = secret_fields(model, mask=options.mask)
    recorded = sorted((field for field in fields if options.audits(field.name)), key=lambda field: field.name)
    return Table(
        label=model._meta.label,
        name=model._meta.db_table,
        using=using,
        columns=tuple(_columns(recorded, masked)),
        key=tuple(_columns((written or model)._meta.pk_fields, frozenset())),
        hides_key=registry.hides_key(model),
    )


def described_relation(
    owner: type[Model],
    name: str,
    using: str,
    through: tuple[type[Model], type[Model]],
    ends: Iterable[Field[Any, Any]],
) -> Table:
    """Return the table of a many-to-many field.

    `through` is the class of its rows, and that with the columns of now; `ends` are what points at the owner,
    and at the other end.
    """
    model, written = through
    key, column = _columns(ends, frozenset())
    return Table(
        label=owner._meta.label,
        name=written._meta.db_table,
        using=using,
        columns=(column,),
        key=(key,),
        hides_key=registry.hides_key(owner),
        relation=name,
        row_label=model._meta.label,
    )


def _columns(fields: Iterable[Field[Any, Any]], masked: frozenset[str]) -> Iterable[Column]:
    for field in fields:
        found = column_field(field)
        yield Column(
            name=field.name,
            column=str(field.column),
            kind=kind_of(field),
            places=getattr(found, "decimal_places", None),
            is_masked=field.name in masked,
            length=getattr(found, "max_length", None),
        )
