"""Entries as SQLite spells them, in plain SQL without functions of Python.

Text with NUL is spelled as `repr`, JSON as it was stored (without `json_text` for deep nesting, and for NUL
without sorted keys). The 17th digit of a float may be another than Python's: below 1e100 it nearly always
stands for the same float all the same, beyond 1e200 one in a hundred is its neighbour.
"""

from __future__ import annotations

import json

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..types import Action
from .columns import Column, Table
from .kinds import Kind
from .literals import literal
from .sqlite_values import encoded, hyphenated

KEYS = (Kind.INTEGER, Kind.TEXT, Kind.UUID, Kind.DATE, Kind.ADDRESS)
MOST = 255


def why_not(table: Table, connection: BaseDatabaseWrapper) -> str | None:
    """Return why a table's rows cannot be spelled here: SQLite has no digests, and no time zones."""
    if table.hides_key or any(_is_long(column) for column in table.key):
        return "its key is a secret, or longer than 255 characters, and SQLite cannot make a digest of it"
    if any(column.kind not in KEYS for column in table.key):
        return "its key is of a type that SQLite cannot spell"
    if settings.USE_TZ and connection.timezone_name != "UTC" and _has_moments(table):
        return "its times are not stored in UTC"
    return None


def _is_long(column: Column) -> bool:
    return column.kind is Kind.TEXT and (column.length is None or column.length > MOST)


def _has_moments(table: Table) -> bool:
    return any(column.kind is Kind.DATETIME for column in table.columns)


class Spelling:
    """The SQL for the key and the changes of a table's row; its states are the rows OLD and NEW."""

    functions_needed: frozenset[str] = frozenset()

    def __init__(self, table: Table, connection: BaseDatabaseWrapper) -> None:
        self._table = table
        self._quote = connection.ops.quote_name

    def key(self, row: str) -> str:
        """Return the SQL of the text that stands for a row's primary key."""
        parts = [(column, self._value(column, row)) for column in self._table.key]
        if len(parts) > 1:
            return "'[' || " + " || ',' || ".join(encoded(*part) for part in parts) + " || ']'"
        column, value = parts[0]
        return hyphenated(value) if column.kind is Kind.UUID else f"({value} || '')"

    def differs(self) -> str:
        """Return the SQL of whether any column that is recorded differs."""
        return " OR ".join(map(self._column_differs, self._table.columns)) or "0"

    def changes(self, action: Action) -> str:
        """Return the SQL of the JSON text of an entry's changes; of an update only what differs."""
        pieces = " || ".join(self._piece(column, action) for column in self._table.columns) or "''"
        return f"'{{' || substr({pieces}, 2) || '}}'"

    def _value(self, column: Column, row: str) -> str:
        return f"{row}.{self._quote(column.column)}"

    def _column_differs(self, column: Column) -> str:
        old, new = (self._value(column, row) for row in ("OLD", "NEW"))
        if column.kind is Kind.DECIMAL:  # a number of more places than the column has is told without them
            return f"({old} IS NOT {new} AND {encoded(column, old)} IS NOT {encoded(column, new)})"
        if column.kind is not Kind.JSON:
            return f"{old} COLLATE BINARY IS NOT {new}"
        both = f"json_valid({old}) AND json_valid({new})"
        return f"({old} IS NOT {new} AND CASE WHEN {both} THEN json({old}) IS NOT json({new}) ELSE 1 END)"

    def _piece(self, column: Column, action: Action) -> str:
        name = literal("," + json.dumps(column.name) + ":[")
        old = "'null'" if action == Action.CREATE else encoded(column, self._value(column, "OLD"))
        new = "'null'" if action == Action.DELETE else encoded(column, self._value(column, "NEW"))
        piece = f"{name} || {old} || ',' || {new} || ']'"
        if action != Action.UPDATE:
            return piece
        return f"CASE WHEN {self._column_differs(column)} THEN {piece} ELSE '' END"
