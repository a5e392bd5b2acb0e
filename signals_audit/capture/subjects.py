"""The objects of events, made only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from .connection import ConnectionState
from .labels import key_text, safe_text
from .plans import End, plan_for
from .rows import Reader, Row
from .silence import silence

MANY = 200


@dataclass(eq=False, slots=True)
class SavedSubject:
    """The object of a save: the instance at hand."""

    saved: Model
    secrets: frozenset[str]

    def instance(self) -> Model:
        """Return the saved instance."""
        return self.saved

    def text(self) -> str:
        """Return the instance's text."""
        return safe_text(self.saved, self.secrets)


@dataclass(eq=False, slots=True)
class RowSubject:
    """The object of a write without an instance: made from the row, whose values may be known already."""

    reader: Reader
    row: Row
    known: Model | None
    values: Sequence[Any] | None = None

    def instance(self) -> Model | None:
        """Return the row as it is now, or for a delete as it was."""
        return self.known or self.reader.load(self.row)

    def text(self) -> str:
        """Return the text of the row's instance."""
        reader = self.reader
        try:
            with silence:
                made = reader.load(self.row) if self.values is None else reader.made(self.values)
        except Exception:  # a class may refuse what its table holds, and none of it may cost the write
            return key_text(reader.plan.model, reader.pk(self.row))
        return safe_text(made, reader.plan.masked)


@dataclass(eq=False, slots=True)
class Owners:
    """The owners of the many-to-many rows of one statement, read together when the first is asked for.

    `pks` are their keys, by what the rows hold.
    """

    state: ConnectionState
    end: End
    pks: Mapping[Any, Any]
    _loaded: dict[Any, Model] | None = field(default=None, init=False)

    def get(self, pk: Any) -> Model | None:
        """Return an owner as it is now; None when it is gone."""
        noted = self.state.instances.get((self.end.model, pk))
        if noted is not None:
            return noted
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded.get(pk)

    def text(self, pk: Any) -> str:
        """Return an owner's text; its label and key where there are more owners than is good to load."""
        owner = self.get(pk) if len(self.pks) <= MANY else None
        if owner is None:
            return key_text(self.end.model, pk)
        plan = plan_for(self.end.read)
        return safe_text(owner, plan.masked if plan is not None else frozenset())

    def _load(self) -> dict[Any, Model]:
        plan = plan_for(self.end.read)
        if plan is None:
            return {}
        reader = self.state.reader(plan)
        keys = self.pks if self.end.column is None else map(reader.raw_key, self.pks.values())
        return {reader.pk(row): reader.load(row) for row in reader.seen(keys)}


@dataclass(eq=False, slots=True)
class OwnerSubject:
    """The owner of a many-to-many change, known by its key."""

    owners: Owners
    pk: Any

    def instance(self) -> Model | None:
        """Return the owner as it is now."""
        return self.owners.get(self.pk)

    def text(self) -> str:
        """Return the owner's text."""
        return self.owners.text(self.pk)
