"""Which tables have triggers, and which of their columns go into entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed_apps
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignKey, Model, deletion

from ..conf import get_settings
from ..masking import secret_fields
from ..registry import ModelOptions, registry
from .kinds import Kind, column_field, kind_of

DATABASE_LEVEL: Any = getattr(deletion, "DatabaseOnDelete", ())  # since Django 6.1


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table with triggers; `places` are the decimal places of a number."""

    name: str
    column: str
    kind: Kind
    places: int | None = None
    is_masked: bool = False
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with triggers: its columns that are recorded, and those of its primary key."""

    label: str
    name: str
    using: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    hides_key: bool


def triggered_models() -> list[type[Model]]:
    """Return the models that are to be captured by triggers."""
    if not get_settings().ENABLED:
        return []
    return [model for model in registry.models() if is_triggered(model)]


def is_triggered(model: type[Model]) -> bool:
    """Tell whether a model is to be captured by triggers."""
    options = registry.options_for(model)
    return options is not None and options.capture == "triggers" and model._meta.managed


def models_on(using: str) -> list[type[Model]]:
    """Return the models that are to be captured by triggers on a database."""
    if not router.allow_migrate(using, "signals_audit", model_name="auditentry"):
        return []
    return [model for model in triggered_models() if router.allow_migrate_model(using, model)]


def also_written_through(models: Iterable[type[Model]]) -> set[str]:
    """Return the tables whose rows take rows of these models along when they are deleted, by DB_CASCADE."""
    found: set[str] = set()
    waiting = list(models)
    while waiting:
        for field in waiting.pop()._meta.local_concrete_fields:
            owner = field.related_model if is_left_to_the_database(field) else None
            if isinstance(owner, type) and owner._meta.db_table not in found:
                found.add(owner._meta.db_table)
                waiting.append(owner)
    return found


def is_left_to_the_database(field: Field[Any, Any]) -> bool:
    """Tell whether the database itself acts on a reference when what it points at is deleted."""
    return isinstance(field, ForeignKey) and isinstance(field.remote_field.on_delete, DATABASE_LEVEL)


def wanted(connection: BaseDatabaseWrapper, *, state: Any = installed_apps) -> list[Table]:
    """Return the tables that should have triggers on a connection.

    `state` holds the models as they are in the database, which amid migrations are not those of the code.
    """
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        return [
            _table(model, connection, _columns_in(connection, cursor, model._meta.db_table), state)
            for model in models_on(connection.alias)
            if model._meta.db_table in existing
        ]


def _columns_in(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> set[str]:
    return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def _table(model: type[Model], connection: BaseDatabaseWrapper, existing: set[str], state: Any) -> Table:
    options = registry.options_for(model) or ModelOptions()
    masked = secret_fields(model, mask=options.mask)
    written = _written(model, state)
    fields = [field for field in written._meta.local_concrete_fields if field.column in existing]
    recorded = sorted((field for field in fields if options.audits(field.name)), key=lambda field: field.name)
    return Table(
        label=model._meta.label,
        name=model._meta.db_table,
        using=connection.alias,
        columns=tuple(_columns(recorded, masked)),
        key=tuple(_columns(written._meta.pk_fields, frozenset())),
        hides_key=registry.hides_key(model),
    )


def _written(model: type[Model], state: Any) -> type[Model]:
    """Return the class with the columns of now: the one of the migrations where they know the model."""
    try:
        found: type[Model] = state.get_model(model._meta.app_label, model._meta.model_name)
    except LookupError:
        return model
    return found


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
