"""The rows of a large statement as they were before it, kept by the database in a temporary table.

So the memory of this process does not grow with their number: the database itself compares them with the rows
after the statement, or they are read back some at a time.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field
from django.db.models.sql.where import AND

from .blocks import WriteBlock
from .conditions import RawCondition, condition
from .connection import ConnectionState
from .rows import LOCKS, Reader, Row

PREFIX = "signals_audit_before_"
PLACE = "signals_audit_place"
AT_ONCE = 2000  # rows in memory

Piece = str


class Staged:
    """A temporary table with the rows that a statement is about to change, locked, and numbered from 1."""

    def __init__(self, name: str, reader: Reader, connection: BaseDatabaseWrapper) -> None:
        self.name = name
        self.reader = reader
        self.connection = connection
        self.place = "rowid" if connection.vendor == "sqlite" else PLACE
        self._keys = ", ".join(_key_columns(reader, connection))

    def narrow(self, compiler: Any) -> None:
        """Have a statement change these rows alone: others may have added some that its condition meets."""
        if self.connection.vendor != "sqlite":  # where nobody else writes now
            compiler.query.where.add(RawCondition(self._among("")), AND)

    @property
    def deletion(self) -> str:
        """Return the DELETE that takes these rows from the table that they stand in."""
        return f"DELETE FROM {self.reader.table} WHERE {self._among('')}"

    def pieces(self) -> Iterator[Piece]:
        """Yield what tells some of the rows from the others, until all were there."""
        if self.connection.vendor == "postgresql":
            with self.connection.cursor() as cursor:
                cursor.execute(f"CREATE INDEX ON {self.name} ({PLACE})")
        for start in range(1, self.count() + 1, AT_ONCE):
            yield f" WHERE {self.place} BETWEEN {start} AND {start + AT_ONCE - 1}"

    def were(self, piece: Piece) -> list[Row]:
        """Read some of the rows as they were."""
        return self.reader.rows_kept(self.name, piece)

    def are(self, piece: Piece) -> list[Row]:
        """Read some of the rows as they are."""
        return self.reader.rows_where(self._among(piece))

    def facts(self, fields: Sequence[Field[Any, Any]], size: int) -> dict[str, Any]:
        """Return what the database needs to know of the rows to make their entries."""
        return {"fields": tuple(fields), "stage": self.name, "place": self.place, "size": size}

    def _among(self, where: str) -> str:
        return f"({self.reader.keys}) IN (SELECT {self._keys} FROM {self.name}{where})"

    def count(self) -> int:
        """Return how many rows there are."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT MAX({self.place}) FROM {self.name}")
            return cursor.fetchone()[0] or 0


@contextmanager
def staged(
    compiler: Any, reader: Reader, block: WriteBlock, fields: Sequence[Field[Any, Any]]
) -> Iterator[Staged]:
    """Keep some columns of the rows that a statement is about to change, until its entries are written."""
    state = block.state
    connection = state.connection
    where, params = condition(compiler)
    state.lock_before_read()
    state.stages += 1  # a statement of many rows may be run because of another
    name = f"{PREFIX}{state.stages}"
    drop = f"DROP {'TEMPORARY ' if connection.vendor == 'mysql' else ''}TABLE"
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "mysql":  # where it outlives a rollback
                cursor.execute(f"{drop} IF EXISTS {name}")
            cursor.execute(f"CREATE TEMPORARY TABLE {_made(name, where, reader, fields, connection)}", params)
        yield Staged(name, reader, connection)
        with connection.cursor() as cursor:  # after an error the rollback takes it away
            cursor.execute(f"{drop} {name}")
    finally:
        state.stages -= 1


def can_stage(state: ConnectionState) -> bool:
    """Tell whether this user may make temporary tables; asked once for each connection."""
    if state.can_stage is None:
        with state.connection.wrap_database_errors, closing(state.connection.create_cursor()) as cursor:
            state.can_stage = PROBES.get(state.connection.vendor, _always)(cursor)
    return state.can_stage


def _always(_cursor: Any) -> bool:
    return True


def _may_in_postgresql(cursor: Any) -> bool:
    cursor.execute("SELECT has_database_privilege(current_database(), 'TEMP')", None)
    return bool(cursor.fetchone()[0])


def _may_in_mysql(cursor: Any) -> bool:
    """Try it: where it is refused, the transaction goes on."""
    try:
        cursor.execute(f"CREATE TEMPORARY TABLE {PREFIX}0 (place integer)", None)
    except Exception:
        return False
    cursor.execute(f"DROP TEMPORARY TABLE {PREFIX}0", None)
    return True


PROBES: Mapping[str, Callable[[Any], bool]] = {"postgresql": _may_in_postgresql, "mysql": _may_in_mysql}


def _made(
    name: str,
    where: str,
    reader: Reader,
    fields: Sequence[Field[Any, Any]],
    connection: BaseDatabaseWrapper,
) -> str:
    """Return what follows CREATE TEMPORARY TABLE; SQLite numbers rows by itself."""
    quote, table = connection.ops.quote_name, reader.table
    columns = ", ".join(f"{table}.{quote(str(field.column))}" for field in fields)
    rows = f"SELECT {columns} FROM {table}{where}"
    if connection.vendor == "sqlite":
        return f"{name} AS {rows}"
    locked = f"{rows} ORDER BY {reader.keys}{LOCKS[connection.vendor]}"
    if connection.vendor == "postgresql":  # which locks no rows beside a window
        numbered = f"SELECT row_number() OVER () AS {PLACE}, made.* FROM ({locked}) AS made"
        return f"{name} ON COMMIT DROP AS {numbered}"
    keys = ", ".join(_key_columns(reader, connection))
    place = f"row_number() OVER (ORDER BY {reader.keys}) AS {PLACE}"
    return f"{name} (PRIMARY KEY ({PLACE}), KEY ({keys})) AS SELECT {place}, {locked.removeprefix('SELECT ')}"


def _key_columns(reader: Reader, connection: BaseDatabaseWrapper) -> list[str]:
    return [connection.ops.quote_name(str(reader.plan.fields[place].column)) for place in reader.plan.key]
