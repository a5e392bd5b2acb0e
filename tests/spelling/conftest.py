"""Rows that the database spells, in a statement that is no trigger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.models import JSONField, Model

from signals_audit import spelling
from signals_audit.masking import mask, secret_fields
from signals_audit.spelling import mysql_values
from signals_audit.spelling.columns import Table, described
from signals_audit.types import Action
from signals_audit.values import encode, encode_json, object_key

collect_ignore_glob = [] if connection.vendor in spelling.DIALECTS else ["test_*.py"]
Change = Callable[[], object]


@dataclass
class Spelled:
    """What the database says of a row and its change, and what Python says of the same."""

    key: str
    expected_key: str
    differs: bool
    changes: dict[str, Any]
    expected: dict[str, Any]


def run(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def functions(db: None) -> Iterator[None]:
    """Make the functions that expressions call, where they may: in PostgreSQL for this session alone."""
    if connection.vendor == "postgresql":
        run(spelling.postgresql.functions(spelling.postgresql.TEMPORARY))
    if connection.vendor == "mysql":
        for statement in mysql_values.SHARED:
            run(statement)
    yield
    if connection.vendor == "mysql":
        for name in mysql_values.FUNCTIONS.values():
            run(f"DROP FUNCTION {name}")


def table_of(model: type[Model]) -> Table:
    return described(model, "default", model._meta.local_concrete_fields)


def spelling_of(model: type[Model]) -> Any:
    return spelling.dialect_of(connection).Spelling(table_of(model), connection)


def encoded(row: Model) -> dict[str, Any]:
    """Return what Python makes of a row's values."""
    fields = row._meta.local_concrete_fields
    return {
        field.name: (encode_json if isinstance(field, JSONField) else encode)(getattr(row, field.attname))
        for field in fields
    }


def whole(model: type[Model], action: Action) -> Spelled:
    """Return how the only row of a table is spelled, as one that was made or went."""
    sql, (row,) = spelling_of(model), model._base_manager.all()
    name = "NEW" if action is Action.CREATE else "OLD"
    ((key, changes),) = run(
        f"SELECT {sql.key(name)}, {sql.changes(action)} FROM {quoted(model._meta.db_table)} AS {name}"
    )
    pairs = {field: [value, None] for field, value in encoded(row).items()}
    expected = {field: pair[::-1] if action is Action.CREATE else pair for field, pair in pairs.items()}
    return Spelled(key, object_key(row.pk), True, json.loads(changes), masked(model, expected))


def update(model: type[Model], **values: Any) -> Spelled:
    """Return how the only row of a table is spelled when these values of it are set."""
    sql, (before,) = spelling_of(model), model._base_manager.all()
    table = quoted(model._meta.db_table)
    run(f"CREATE TEMPORARY TABLE signals_before AS SELECT * FROM {table}")
    try:
        model._base_manager.update(**values)
        ((key, differs, changes),) = run(
            f"SELECT {sql.key('NEW')}, {sql.differs()}, {sql.changes(Action.UPDATE)} "
            f"FROM signals_before AS OLD CROSS JOIN {table} AS NEW"
        )
    finally:
        run("DROP TABLE signals_before")
    after = model._base_manager.get()
    pairs = [(name, [old, encoded(after)[name]]) for name, old in encoded(before).items()]
    expected = {name: pair for name, pair in pairs if pair[0] != pair[1]}
    return Spelled(key, object_key(after.pk), bool(differs), json.loads(changes), masked(model, expected))


def masked(model: type[Model], changes: dict[str, Any]) -> dict[str, Any]:
    return dict(mask(changes, secret_fields(model, mask=())))


def quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def exactly(changes: dict[str, Any]) -> str:
    """Return changes as text, in which 1, 1.0 and true are not the same."""
    return json.dumps(changes, sort_keys=True)
