"""Entries as MariaDB spells them; for some values with functions, which stay in the database."""

from __future__ import annotations

import json

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..types import Action
from . import literals
from .columns import Column, Table
from .kinds import Kind
from .mysql_values import FUNCTIONS, encoded, spelled


def why_not(table: Table, connection: BaseDatabaseWrapper) -> str | None:
    """Return why a table's rows cannot be spelled here: times in another zone are not told as UTC."""
    if not connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        return "nobody has tried it on MySQL"
    has_moments = any(column.kind is Kind.DATETIME for column in table.columns)
    if settings.USE_TZ and connection.timezone_name != "UTC" and has_moments:
        return "its times are not stored in UTC"
    return None


def literal(text: str) -> str:
    """Return a text as a literal, in which a backslash means something."""
    return literals.literal(text.replace("\\", "\\\\"))


class Spelling:
    """The SQL for the key and the changes of a table's row; its states are the rows OLD and NEW."""

    def __init__(self, table: Table, connection: BaseDatabaseWrapper) -> None:
        self._table = table
        self._quote = connection.ops.quote_name
        self._has_uuid = bool(connection.features.has_native_uuid_field)

    @property
    def functions_needed(self) -> frozenset[str]:
        """Return the names of the functions that the SQL calls, as they are in `FUNCTIONS`."""
        texts = self.key("NEW") + self.changes(Action.UPDATE)
        return frozenset(name for name, function in FUNCTIONS.items() if f"{function}(" in texts)

    def key(self, row: str) -> str:
        """Return the SQL of the text that stands for a row's primary key."""
        parts = [self._encoded(column, row) for column in self._table.key]
        if len(parts) > 1:
            key = f"CONCAT('[', CONCAT_WS(',', {', '.join(parts)}), ']')"
            exact = f"""CONCAT('{{"list":', {key}, '}}')"""
        else:
            column, exact = self._table.key[0], parts[0]
            value = self._value(column, row)
            is_plain = column.kind in (Kind.INTEGER, Kind.TEXT, Kind.ADDRESS, Kind.OTHER)
            key = f"CAST({value} AS CHAR)" if is_plain else spelled(column, value, has_uuid=self._has_uuid)
        if any(map(_is_text, self._table.key)):
            key = f"{FUNCTIONS['key']}({key}, {exact})"
        return f"CONCAT('sha256:', SHA2({key}, 256))" if self._table.hides_key else key

    def differs(self) -> str:
        """Return the SQL of whether any column that is recorded differs."""
        return " OR ".join(f"NOT ({self._same(column)})" for column in self._table.columns) or "FALSE"

    def changes(self, action: Action) -> str:
        """Return the SQL of the JSON text of an entry's changes; of an update only what differs."""
        return f"CONCAT('{{', SUBSTR(CONCAT({self.pieces(action)}), 2), '}}')"

    def pieces(self, action: Action) -> str:
        """Return the SQL of the members of the changes, each behind a comma."""
        return ", ".join(self._piece(column, action) for column in self._table.columns) or "''"

    def _piece(self, column: Column, action: Action) -> str:
        name = literal(f",{json.dumps(column.name, ensure_ascii=False)}:[")
        old = "'null'" if action == Action.CREATE else self._encoded(column, "OLD")
        new = "'null'" if action == Action.DELETE else self._encoded(column, "NEW")
        piece = f"CONCAT({name}, {old}, ',', {new}, ']')"
        return piece if action != Action.UPDATE else f"IF({self._same(column)}, '', {piece})"

    def _same(self, column: Column) -> str:
        before, after = (self._value(column, row) for row in ("OLD", "NEW"))
        return f"BINARY {before} <=> BINARY {after}" if _is_text(column) else f"{before} <=> {after}"

    def _value(self, column: Column, row: str) -> str:
        return f"{row}.{self._quote(column.column)}"

    def _encoded(self, column: Column, row: str) -> str:
        return encoded(column, self._value(column, row), has_uuid=self._has_uuid)


def _is_text(column: Column) -> bool:
    return column.kind in (Kind.TEXT, Kind.JSON, Kind.BYTES, Kind.OTHER)
