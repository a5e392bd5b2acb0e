"""Triggers on PostgreSQL: a function for each table, with the columns written out, and what they share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from .kinds import Kind
from .names import PREFIX, Built, digest_of, literal
from .tables import Column, Table

SHARED = Path(__file__).with_name("sql") / "postgresql.sql"
BODY = "$signals_audit_table$"
MASKED = """'{"masked": true}'::jsonb"""
EVENTS = {
    "insert": "AFTER INSERT",
    "update": "AFTER UPDATE",
    "delete": "AFTER DELETE",
}
SCHEMA = """
    SELECT nspname FROM pg_namespace JOIN pg_class ON relnamespace = pg_namespace.oid
    WHERE pg_class.oid = %s::regclass
"""
FOUND = """
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname LIKE 'signals\\_audit\\_%%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)
"""
FUNCTIONS = """
    SELECT pg_proc.oid::regprocedure::text FROM pg_proc
    WHERE proname LIKE 'signals\\_audit\\_%' AND pg_function_is_visible(pg_proc.oid)
"""
OF_TABLES = " AND tgrelid = ANY(SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)"


def why_not(table: Table, connection: BaseDatabaseWrapper) -> str | None:
    """Return why a table cannot have triggers here; there is no reason on PostgreSQL."""
    return None


def found(connection: BaseDatabaseWrapper, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return our triggers that are in force, each with its table: all of them, or those of some tables."""
    sql, params = FOUND, []
    if names is not None:
        sql, params = FOUND + OF_TABLES, [[connection.ops.quote_name(name) for name in names]]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.create_cursor()
        try:
            cursor.execute(sql, params)
            return [(table, trigger) for table, trigger in cursor.fetchall()]
        finally:
            cursor.close()


def build(table: Table, connection: BaseDatabaseWrapper) -> Built:
    """Return the statements that make a table's triggers."""
    schema = _schema(connection)
    quote = connection.ops.quote_name
    shared = SHARED.read_text("utf-8").format(
        schema=quote(schema),
        entries=f"{quote(schema)}.{quote(AuditEntry._meta.db_table)}",
        change_sets=f"{quote(schema)}.{quote(ChangeSet._meta.db_table)}",
    )
    body = _Body(table, f"{quote(schema)}.", quote, _zone(connection)).text()
    digest = digest_of(shared, body)
    function = f"{quote(schema)}.{quote(PREFIX + digest)}"
    make = (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, pg_temp AS {BODY}\n{body}\n{BODY}"
    )
    triggers = [_trigger(event, digest, quote(table.name), quote, function) for event in EVENTS]
    return Built(digest=digest, statements=(shared, make, *triggers))


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA, [connection.ops.quote_name(AuditEntry._meta.db_table)])
        return str(cursor.fetchone()[0])


def _zone(connection: BaseDatabaseWrapper) -> str | None:
    """Return the time zone that naive times are in; None where they are aware."""
    return None if settings.USE_TZ else connection.timezone_name


def _trigger(event: str, digest: str, table: str, quote: Any, function: str) -> str:
    when = "WHEN (OLD *<> NEW) " if event == "update" else ""
    name = quote(f"{PREFIX}{event}_{digest}")
    return (
        f"CREATE TRIGGER {name} {EVENTS[event]} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {function}()"
    )


def drop(connection: BaseDatabaseWrapper, table: str, triggers: Iterable[str]) -> list[str]:
    """Return the statements that take triggers of a table away, and the functions that they called."""
    quote = connection.ops.quote_name
    names = list(triggers)
    functions = {PREFIX + name.rpartition("_")[2] for name in names}
    return [
        *(f"DROP TRIGGER IF EXISTS {quote(name)} ON {quote(table)}" for name in names),
        *(f"DROP FUNCTION IF EXISTS {quote(_schema(connection))}.{quote(name)}()" for name in functions),
    ]


def drop_shared(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that take away what the triggers of all tables share."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        return [f"DROP FUNCTION {signature}" for (signature,) in cursor.fetchall()]


class _Body:
    """The text of a table's function."""

    def __init__(self, table: Table, schema: str, quote: Any, zone: str | None) -> None:
        self._table = table
        self._schema = schema
        self._quote = quote
        self._zone = zone

    def text(self) -> str:
        label = self._table.label.lower()
        record = f"PERFORM {self._schema}signals_audit_record"
        facts = f"{literal(self._table.label)}, {literal(self._table.using)}"
        return f"""
DECLARE
    changes jsonb := '{{}}';
BEGIN
    IF position({literal(f" {label} ")} IN ' ' || current_setting('signals_audit.disabled', true) || ' ') > 0
        OR current_setting('signals_audit.disabled', true) = '*' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        changes := {self._whole("NEW")};
        {record}('create', {facts}, {self.key("NEW")}, changes);
    ELSIF TG_OP = 'DELETE' THEN
        changes := {self._whole("OLD")};
        {record}('delete', {facts}, {self.key("OLD")}, changes);
    ELSE
{self._differences()}
        IF changes <> '{{}}' THEN
            {record}('update', {facts}, {self.key("NEW")}, changes);
        END IF;
    END IF;
    RETURN NULL;
END"""

    def _whole(self, row: str) -> str:
        parts = [self._pair(column, row) for column in self._table.columns]
        chunks = [parts[start : start + 40] for start in range(0, len(parts), 40)]
        objects = [f"jsonb_build_object({', '.join(chunk)})" for chunk in chunks]
        return " || ".join(objects) or "'{}'::jsonb"

    def _pair(self, column: Column, row: str) -> str:
        value = self.encoded(column, row)
        pair = f"NULL, {value}" if row == "NEW" else f"{value}, NULL"
        return f"{literal(column.name)}, jsonb_build_array({pair})"

    def _differences(self) -> str:
        return "\n".join(
            f"        IF {self._differs(column)} THEN\n"
            f"            changes := changes || jsonb_build_object({literal(column.name)}, "
            f"jsonb_build_array({self.encoded(column, 'OLD')}, {self.encoded(column, 'NEW')}));\n"
            f"        END IF;"
            for column in self._table.columns
        )

    def _differs(self, column: Column) -> str:
        old, new = (self._value(column, row) for row in ("OLD", "NEW"))
        if column.kind is Kind.TEXT:
            return f'{old} COLLATE "C" IS DISTINCT FROM {new} COLLATE "C"'
        if column.kind is Kind.JSON:
            canonical = f"{self._schema}signals_audit_canonical"
            return (
                f"{old}::text IS DISTINCT FROM {new}::text "
                f"AND {canonical}({old}) IS DISTINCT FROM {canonical}({new})"
            )
        if column.kind is Kind.OTHER:
            return f"{old}::text IS DISTINCT FROM {new}::text"
        return f"{old} IS DISTINCT FROM {new}"

    def _value(self, column: Column, row: str) -> str:
        value = f"{row}.{self._quote(column.column)}"
        return f"{value}::text" if column.kind is Kind.TEXT else f"({value})"

    def encoded(self, column: Column, row: str) -> str:
        """Return the SQL of a column's stored value."""
        value = self._value(column, row)
        if column.is_masked:
            made = MASKED
        elif column.kind in (Kind.BOOLEAN, Kind.TEXT, Kind.ADDRESS):
            return f"to_jsonb({value})"
        elif column.kind is Kind.JSON:
            return f"{self._schema}signals_audit_json({value})"
        elif column.kind is Kind.INTEGER:
            return (
                f"CASE WHEN abs({value}::numeric) > 9007199254740991 "
                f"THEN jsonb_build_object('int', {value}::text) ELSE to_jsonb({value}) END"
            )
        else:
            made = f"jsonb_build_object({literal(column.kind.tag)}, {self._spelled(column, value)})"
        return f"CASE WHEN {value} IS NOT NULL THEN {made} END"

    def _spelled(self, column: Column, value: str) -> str:
        """Return the SQL of the text within a tag."""
        helper = f"{self._schema}signals_audit_"
        if column.kind is Kind.DECIMAL:
            is_short = column.places is not None and column.places <= 6
            return f"{value}::text" if is_short else f"{helper}decimal({value}::text)"
        if column.kind is Kind.DATETIME:
            return self._moment(value)
        spellings = {
            Kind.FLOAT: f"{helper}float({value}::text)",
            Kind.DATE: f"to_char({value}, 'YYYY-MM-DD')",
            Kind.TIME: f"{helper}time({value}::text)",
            Kind.DURATION: f"{helper}duration({value})",
            Kind.BYTES: f"replace(encode({value}, 'base64'), E'\\n', '')",
        }
        return spellings.get(column.kind, f"{value}::text")

    def _moment(self, value: str) -> str:
        zone, offset = (literal(self._zone), "") if self._zone else ("'UTC'", " || '+00:00'")
        return f"{self._schema}signals_audit_datetime({value} AT TIME ZONE {zone}){offset}"

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
        made = f"{self._schema}signals_audit_key({spelled}, {exact})" if needs_cut else spelled
        return f"{self._schema}signals_audit_hidden({made})" if self._table.hides_key else made

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
            value = self._value(column, row)
            return (
                f"CASE WHEN abs({value}::numeric) > 9007199254740991 "
                f"""THEN '{{"int":"' || {spelled} || '"}}' ELSE {spelled} END"""
            )
        tag = json.dumps(column.kind.tag)
        return f"""'{{{tag}:' || to_json({spelled})::text || '}}'"""
