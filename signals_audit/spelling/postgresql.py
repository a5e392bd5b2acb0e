"""Entries as PostgreSQL spells them; for some values with functions, in a schema that is to be named."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..types import Action
from .columns import Column, Table
from .kinds import Kind
from .literals import literal

SQL = Path(__file__).with_name("sql") / "postgresql.sql"
TEMPORARY = "pg_temp"
TIME = "HH24:MI:SS.US"
MOMENT = f'YYYY-MM-DD"T"{TIME}'
_CALLED = re.compile(r"\.(signals_audit_[a-z_]+)\(")


def why_not(table: Table, connection: BaseDatabaseWrapper) -> str | None:
    """Return why a table's rows cannot be spelled here; there is no reason on PostgreSQL."""
    return None


def functions(schema: str) -> str:
    """Return the statements that make the functions in a schema, whose name is quoted where it must be."""
    return SQL.read_text("utf-8").format(schema=schema)


class Spelling:
    """The SQL for the key and the changes of a table's row; its states are the rows OLD and NEW.

    `schema` is where the functions are. Those of a session, in `pg_temp`, are found by no shorter name.
    """

    def __init__(self, table: Table, connection: BaseDatabaseWrapper, schema: str = TEMPORARY) -> None:
        self._table = table
        self._quote = connection.ops.quote_name
        self._helper = f"{schema}.signals_audit_"
        self._zone = None if settings.USE_TZ else connection.timezone_name  # that naive times are in

    @property
    def functions_needed(self) -> frozenset[str]:
        """Return the names of the functions that the SQL calls."""
        return frozenset(_CALLED.findall(self.key("NEW") + self.changes(Action.UPDATE)))

    def key(self, row: str) -> str:
        """Return the SQL of the text that stands for a row's primary key."""
        if len(self._table.key) == 1:
            column = self._table.key[0]
            spelled, exact = self._part(column, row), self._exact(column, row)
        else:
            spelled = (
                "'[' || " + " || ',' || ".join(self._exact(part, row) for part in self._table.key) + " || ']'"
            )
            exact = f"""'{{"list":' || {spelled} || '}}'"""
        needs_cut = any(column.kind in (Kind.TEXT, Kind.BYTES, Kind.OTHER) for column in self._table.key)
        made = f"{self._helper}key({spelled}, {exact})" if needs_cut else spelled
        return f"{self._helper}hidden({made})" if self._table.hides_key else made

    def differs(self) -> str:
        """Return the SQL of whether any column that is recorded differs."""
        return " OR ".join(f"({self.column_differs(column)})" for column in self._table.columns) or "false"

    def changes(self, action: Action) -> str:
        """Return the SQL of the JSON of an entry's changes; of an update only what differs."""
        pieces = [self.piece(column, action) for column in self._table.columns]
        if action == Action.UPDATE:
            differ = map(self.column_differs, self._table.columns)
            pieces = [
                f"CASE WHEN {differs} THEN {piece} ELSE '' END"
                for differs, piece in zip(differ, pieces, strict=True)
            ]
        return self.whole(" || ".join(pieces) or "''")

    def whole(self, pieces: str) -> str:
        """Return the SQL of the JSON that pieces make up: built as text it takes less time."""
        return f"('{{' || substr({pieces}, 2) || '}}')::jsonb"

    def piece(self, column: Column, action: Action) -> str:
        """Return the SQL of the text of a column's member of the changes, behind a comma."""
        name = "," + json.dumps(column.name, ensure_ascii=False)
        if action == Action.CREATE:
            return f"{literal(f'{name}:[null,')} || {self.encoded(column, 'NEW')} || ']'"
        if action == Action.DELETE:
            return f"{literal(f'{name}:[')} || {self.encoded(column, 'OLD')} || ',null]'"
        old, new = (self.encoded(column, row) for row in ("OLD", "NEW"))
        return f"{literal(f'{name}:[')} || {old} || ',' || {new} || ']'"

    def column_differs(self, column: Column) -> str:
        """Return the SQL of whether a column differs."""
        old, new = (self._value(column, row) for row in ("OLD", "NEW"))
        if column.kind is Kind.TEXT:
            return f'{old} COLLATE "C" IS DISTINCT FROM {new} COLLATE "C"'
        if column.kind is Kind.JSON:
            canonical = f"{self._helper}canonical"
            return (
                f"{old}::text IS DISTINCT FROM {new}::text "
                f"AND {canonical}({old}) IS DISTINCT FROM {canonical}({new})"
            )
        if column.kind is Kind.OTHER:
            return f"{old}::text IS DISTINCT FROM {new}::text"
        return f"{old} IS DISTINCT FROM {new}"

    def name(self, column: Column) -> str:
        """Return the SQL of a column's name."""
        return self._quote(column.column)

    def _value(self, column: Column, row: str) -> str:
        value = f"{row}.{self.name(column)}"
        return f"{value}::text" if column.kind is Kind.TEXT else f"({value})"

    def encoded(self, column: Column, row: str) -> str:
        """Return the SQL of the JSON text of a column's stored value."""
        value = self._value(column, row)
        if column.is_masked:
            return f"""CASE WHEN {value} IS NULL THEN 'null' ELSE '{{"masked":true}}' END"""
        if column.kind is Kind.BOOLEAN:
            made = f"{value}::text"
        elif column.kind in (Kind.TEXT, Kind.ADDRESS):
            made = f"to_json({value})::text"
        elif column.kind is Kind.INTEGER:
            made = self._whole_number(value)
        elif column.kind is Kind.JSON:
            made = f"{self._helper}json_text({value})"
        elif column.kind is Kind.OTHER:
            made = f"""'{{"repr":' || to_json({value}::text)::text || '}}'"""
        else:
            made = f"""'{{"{column.kind.tag}":"' || {self._spelled(column, value)} || '"}}'"""
        if column.kind in (Kind.DATE, Kind.DATETIME):  # an infinite one has no other spelling
            made = f"""{made}, '{{"repr":"' || {value}::text || '"}}'"""
        return f"coalesce({made}, 'null')"

    def _whole_number(self, value: str) -> str:
        return (
            f"CASE WHEN {value} NOT BETWEEN -9007199254740991 AND 9007199254740991 "
            f"""THEN '{{"int":"' || {value}::text || '"}}' ELSE {value}::text END"""
        )

    def _spelled(self, column: Column, value: str) -> str:
        """Return the SQL of the text within a tag; functions stand for what is rare or long."""
        if column.kind is Kind.DECIMAL:
            is_short = column.places is not None and column.places <= 6
            return f"{value}::text" if is_short else f"{self._helper}decimal({value}::text)"
        if column.kind is Kind.DATETIME:
            zone, offset = (literal(self._zone), "") if self._zone else ("'UTC'", " || '+00:00'")
            return f"{_without_zeros(f'{value} AT TIME ZONE {zone}', MOMENT)}{offset}"
        spellings = {
            Kind.FLOAT: (
                f"CASE WHEN abs({value}) < 1e15 AND {value} = trunc({value}) THEN {value}::text || '.0' "
                f"WHEN abs({value}) >= 1e-4 AND abs({value}) < 1e15 THEN {value}::text "
                f"ELSE {self._helper}float({value}::text) END"
            ),
            Kind.DATE: f"to_char({value}, 'YYYY-MM-DD')",
            Kind.TIME: _without_zeros(f"{value}::interval", TIME),
            Kind.DURATION: f"{self._helper}duration({value})",
            Kind.BYTES: f"replace(encode({value}, 'base64'), E'\\n', '')",
        }
        return spellings.get(column.kind, f"{value}::text")

    def _part(self, column: Column, row: str) -> str:
        value = self._value(column, row)
        if column.kind is Kind.ADDRESS:
            return f"to_jsonb({value}) #>> '{{}}'"
        if column.kind in (Kind.INTEGER, Kind.BOOLEAN, Kind.TEXT, Kind.UUID):
            return f"{value}::text"
        return self._spelled(column, value)

    def _exact(self, column: Column, row: str) -> str:
        """Return the SQL of a key's JSON text, as compact as Python writes it."""
        spelled = self._part(column, row)
        if column.kind in (Kind.TEXT, Kind.ADDRESS):
            return f"to_json({spelled})::text"
        if column.kind is Kind.BOOLEAN:
            return spelled
        if column.kind is Kind.INTEGER:
            return self._whole_number(self._value(column, row))
        tag = json.dumps(column.kind.tag)
        return f"""'{{{tag}:' || to_json({spelled})::text || '}}'"""


def _without_zeros(value: str, form: str) -> str:
    """Return the SQL of a time that has microseconds only if there are any."""
    return f"replace(to_char({value}, {literal(form)}), '.000000', '')"
