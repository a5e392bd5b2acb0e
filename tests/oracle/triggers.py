"""Row triggers that write down what each row was and is: what the database itself says of every write.

Everything is plain SQL. An image is a JSON object of column and text; the text is the same whichever way it
is asked for, so that a trigger's images and the tables' rows can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from signals_audit import disabled

TABLE = "oracle_image"
EVENTS = {"insert": (None, "NEW"), "update": ("OLD", "NEW"), "delete": ("OLD", None)}
MAKE_TABLE = {
    "sqlite": f"CREATE TABLE {TABLE} (id integer PRIMARY KEY AUTOINCREMENT, label text, old text, new text)",
    "postgresql": f"CREATE TABLE {TABLE} (id bigserial PRIMARY KEY, label text, old text, new text)",
    "mysql": f"CREATE TABLE {TABLE} (id bigint AUTO_INCREMENT PRIMARY KEY, label varchar(100),"
    " old longtext, new longtext) CHARACTER SET utf8mb4",
}
JSON_OBJECT = {"sqlite": "json_object", "postgresql": "json_build_object", "mysql": "json_object"}

Row = dict[str, str | None]


class Image(NamedTuple):
    """What a trigger saw of one row: None where there was, or is, no row."""

    model: type[Model]
    old: Row | None
    new: Row | None


def watched() -> list[type[Model]]:
    """Return the models whose tables are watched: of the tests, of users, and the through tables of both."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and (model._meta.app_label == "testapp" or _belongs_to_users(model))
    ]


def _belongs_to_users(model: type[Model]) -> bool:
    return model is User or model in (User.groups.through, User.user_permissions.through)


def install(using: str) -> None:
    """Put the triggers on all watched tables of a database."""
    connection = connections[using]
    uninstall(using)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TABLE[connection.vendor])
        for statement in _statements(connection):
            cursor.execute(statement)


def uninstall(using: str) -> None:
    """Take all triggers off, and forget what they saw."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for name, model, _event in _triggers():
            table = connection.ops.quote_name(model._meta.db_table)
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
            if on:
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def _triggers() -> Iterator[tuple[str, type[Model], str]]:
    for number, model in enumerate(watched()):
        for event in EVENTS:
            yield f"oracle_{number}_{event}", model, event


def _statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for name, model, event in _triggers():
        table = connection.ops.quote_name(model._meta.db_table)
        old, new = (_image_of(connection, model, row) for row in EVENTS[event])
        note = f"INSERT INTO {TABLE} (label, old, new) VALUES ('{model._meta.label}', {old}, {new})"
        when = f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW"
        if connection.vendor == "sqlite":
            yield f"{when} BEGIN {note}; END"
        elif connection.vendor == "mysql":
            yield f"{when} {note}"
        else:
            body = f"BEGIN {note}; RETURN NULL; END"
            yield f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            yield f"{when} EXECUTE FUNCTION {name}()"


def _image_of(connection: BaseDatabaseWrapper, model: type[Model], row: str | None) -> str:
    if row is None:
        return "NULL"
    fields = model._meta.local_concrete_fields
    members = ", ".join(f"'{field.column}', {_text(connection, field, row)}" for field in fields)
    return f"{JSON_OBJECT[connection.vendor]}({members})"


def _text(connection: BaseDatabaseWrapper, field: Field[Any, Any], row: str) -> str:
    """Return the SQL of a column as text; NULL stays NULL, so that it differs from a JSON null."""
    column = f"{row}.{connection.ops.quote_name(field.column)}"
    kind = field.get_internal_type()
    if connection.vendor == "sqlite":
        return (
            f"CASE typeof({column}) WHEN 'blob' THEN hex({column})"
            f" WHEN 'real' THEN printf('%!.17g', {column}) ELSE CAST({column} AS text) END"
        )
    if connection.vendor == "mysql":
        return f"hex({column})" if kind == "BinaryField" else f"CAST({column} AS char CHARACTER SET utf8mb4)"
    special = {
        "BinaryField": f"encode({column}, 'hex')",
        "DurationField": f"CAST(extract(epoch FROM {column}) AS text)",
        "GenericIPAddressField": f"host({column})",
        "DateTimeField": f"CAST({column} AT TIME ZONE 'UTC' AS text)",
    }
    return special.get(kind, f"CAST({column} AS text)")


def execute(connection: BaseDatabaseWrapper, sql: str) -> None:
    """Run one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def reset() -> None:
    """Forget what the triggers saw so far, in all databases."""
    for connection in connections.all():
        execute(connection, f"DELETE FROM {TABLE}")


def images(using: str) -> list[Image]:
    """Return what the triggers of a database saw, in order."""
    models = {model._meta.label: model for model in watched()}
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT label, old, new FROM {TABLE} ORDER BY id")
        return [Image(models[label], _row(old), _row(new)) for label, old, new in cursor.fetchall()]


def rows(models: Sequence[type[Model]], using: str) -> list[tuple[type[Model], Row]]:
    """Return the rows of these models' tables, as their triggers would show them."""
    connection = connections[using]
    selects = " UNION ALL ".join(
        f"SELECT {number} AS place, {_as_text(connection, _image_of(connection, model, 't'))}"
        f" FROM {connection.ops.quote_name(model._meta.db_table)} t"
        for number, model in enumerate(models)
    )
    with connection.cursor() as cursor:
        cursor.execute(selects)
        return [(models[place], json.loads(image)) for place, image in cursor.fetchall()]


def _as_text(connection: BaseDatabaseWrapper, sql: str) -> str:
    return f"CAST({sql} AS text)" if connection.vendor == "postgresql" else sql


@contextmanager
def cascading_to(*models: type[Model]) -> Iterator[None]:
    """Note what the database does by itself to rows of these models: MariaDB fires no triggers for that."""
    before = [_by_key(model) for model in models]
    yield
    if connections["default"].vendor == "mysql":
        for model, old in zip(models, before, strict=True):
            _note_differences(model, old, _by_key(model))


def _by_key(model: type[Model]) -> dict[str | None, Row]:
    return {row["id"]: row for _, row in rows([model], "default")}


def _note_differences(
    model: type[Model], before: dict[str | None, Row], after: dict[str | None, Row]
) -> None:
    note = f"INSERT INTO {TABLE} (label, old, new) VALUES (%s, %s, %s)"
    with connections["default"].cursor() as cursor:
        for key, old in before.items():
            if old != (new := after.get(key)):
                cursor.execute(note, [model._meta.label, json.dumps(old), new and json.dumps(new)])


def _row(image: Any) -> Row | None:
    return json.loads(image) if isinstance(image, str) else image


def empty_tables(models: Sequence[type[Model]]) -> None:
    """Remove all rows of these models with plain SQL, in all databases."""
    # What refers to others goes first: a reference that is to get a default needs that row. What the emptying
    # fires goes last.
    tables = [*(model._meta.db_table for model in reversed(models)), TABLE]
    for connection in connections.all():
        with disabled(), transaction.atomic(connection.alias), connection.constraint_checks_disabled():
            for table in tables:
                execute(connection, f"DELETE FROM {connection.ops.quote_name(table)}")
