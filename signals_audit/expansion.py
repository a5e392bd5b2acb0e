"""Many rows in one statement with one parameter: a JSON document that the database expands.

It has no limit on the number of parameters and one text to prepare, whatever the number of rows. The rows are
inserted in the order in which they stand in the document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

Fields: TypeAlias = "Sequence[Field[Any, Any]]"
Found: TypeAlias = "tuple[list[str], str]"


def expansion(fields: Fields, connection: BaseDatabaseWrapper, shared: Fields = ()) -> str | None:
    """Return the SELECT that makes rows with these columns of one parameter; None where there is none.

    Behind them stand the columns that all rows share, whose values are parameters before the document.
    """
    find = FINDERS.get(connection.vendor)
    if find is None:
        return None
    columns, rows = find(fields, connection)
    return f"SELECT {', '.join((*columns, *_given(shared, connection)))} FROM {rows}"  # noqa: S608


def _given(fields: Fields, connection: BaseDatabaseWrapper) -> list[str]:
    """Return placeholders for values; PostgreSQL wants to know what they are."""
    if connection.vendor != "postgresql":
        return ["%s"] * len(fields)
    return [f"%s::{field.rel_db_type(connection)}" for field in fields]


def document(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as the JSON document that the SELECT expects."""
    return json.dumps(rows, separators=(",", ":"), default=str)


def _sqlite(fields: Fields, _connection: BaseDatabaseWrapper) -> Found:
    columns = [f"json_extract(value, '$[{place}]')" for place, _ in enumerate(fields)]
    return columns, "json_each(%s) ORDER BY key"


def _postgresql(fields: Fields, connection: BaseDatabaseWrapper) -> Found:
    columns = [
        f"(made.entry->>{place})::{field.rel_db_type(connection)}" for place, field in enumerate(fields)
    ]
    made = "jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS made(entry, place)"
    return columns, f"{made} ORDER BY made.place"


def _mysql(fields: Fields, connection: BaseDatabaseWrapper) -> Found:
    names = [f"made.c{place}" for place, _ in enumerate(fields)]
    columns = ", ".join(
        f"c{place} {_mysql_type(field, connection)} PATH '$[{place}]'" for place, field in enumerate(fields)
    )
    made = f"JSON_TABLE(%s, '$[*]' COLUMNS (place FOR ORDINALITY, {columns})) AS made"
    return names, f"{made} ORDER BY made.place"


def _mysql_type(field: Field[Any, Any], connection: BaseDatabaseWrapper) -> str:
    """Return a type that JSON_TABLE can make, which numbers no rows; the column makes its own of it."""
    made = str(field.rel_db_type(connection))
    return "longtext" if made in ("json", "uuid") or made.startswith("datetime") else made


FINDERS: dict[str, Callable[[Fields, BaseDatabaseWrapper], Found]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
}
