"""Triggers on PostgreSQL: a function for each table, with the columns written out, and what they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from ..spelling.columns import Table
from ..spelling.literals import digest_of, literal
from ..spelling.postgresql import Spelling, functions
from ..spelling.postgresql import why_not as why_not
from ..types import Action
from .names import PREFIX, Built

SHARED = Path(__file__).with_name("sql") / "postgresql.sql"
BODY = "$signals_audit_table$"
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
    SELECT {} FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname LIKE 'signals\\_audit\\_%%' AND tgenabled IN ('O', 'A') AND {}
"""
OTHERS = """
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname NOT LIKE 'signals\\_audit\\_%' AND NOT tgisinternal AND pg_table_is_visible(tgrelid)
"""
FUNCTIONS = """
    SELECT pg_proc.oid::regprocedure::text FROM pg_proc
    WHERE proname LIKE 'signals\\_audit\\_%' AND pg_function_is_visible(pg_proc.oid)
"""


def found(connection: BaseDatabaseWrapper, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return our triggers that are in force, each with its table: all of them, or those of some tables."""
    is_meant, params = "pg_table_is_visible(tgrelid)", tuple[str, ...]()
    if names is not None:
        is_meant, params = _among(connection, names)
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.create_cursor()
        try:
            cursor.execute(FOUND.format("relname, tgname", is_meant), params)
            return [(table, trigger) for table, trigger in cursor.fetchall()]
        finally:
            cursor.close()


def of_tables(connection: BaseDatabaseWrapper, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the query for the tables among these that have triggers, each as often as it has some."""
    is_meant, params = _among(connection, names)
    return FOUND.format("relname::text", is_meant), params


def _among(connection: BaseDatabaseWrapper, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the condition that a trigger is of one of some tables; it is looked up through an index."""
    tables = ", ".join(["to_regclass(%s)"] * len(names)) or "NULL"
    return f"tgrelid IN ({tables})", tuple(map(connection.ops.quote_name, names))


def build(table: Table, connection: BaseDatabaseWrapper) -> Built:
    """Return the statements that make a table's triggers."""
    schema = _schema(connection)
    quote = connection.ops.quote_name
    spellings = functions(quote(schema))
    shared = SHARED.read_text("utf-8").format(
        schema=quote(schema),
        entries=f"{quote(schema)}.{quote(AuditEntry._meta.db_table)}",
        change_sets=f"{quote(schema)}.{quote(ChangeSet._meta.db_table)}",
    )
    body = _Body(table, quote(schema), Spelling(table, connection, quote(schema))).text()
    digest = digest_of(spellings, shared, body)
    function = f"{quote(schema)}.{quote(PREFIX + digest)}"
    make = (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, pg_temp AS {BODY}\n{body}\n{BODY}"
    )
    triggers = [_trigger(event, digest, quote(table.name), quote, function) for event in EVENTS]
    return Built(digest=digest, statements=(spellings, shared, make, *triggers))


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA, [connection.ops.quote_name(AuditEntry._meta.db_table)])
        return str(cursor.fetchone()[0])


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

    def __init__(self, table: Table, schema: str, spelling: Spelling) -> None:
        self._table = table
        self._schema = schema
        self._spelling = spelling

    def text(self) -> str:
        label = self._table.label.lower()
        record = f"place := {self._schema}.signals_audit_recorded"
        facts = f"{literal(self._table.label)}, {literal(self._table.using)}"
        return f"""
DECLARE
    pieces text := '';
    changes jsonb;
    place integer;
BEGIN
    IF position({literal(f" {label} ")} IN ' ' || current_setting('signals_audit.disabled', true) || ' ') > 0
        OR current_setting('signals_audit.disabled', true) = '*' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        changes := {self._spelling.changes(Action.CREATE)};
        {record}('create', {facts}, {self._spelling.key("NEW")}, changes);
    ELSIF TG_OP = 'DELETE' THEN
        changes := {self._spelling.changes(Action.DELETE)};
        {record}('delete', {facts}, {self._spelling.key("OLD")}, changes);
    ELSE
{self._differences()}
        IF pieces <> '' THEN
            changes := {self._spelling.whole("pieces")};
            {record}('update', {facts}, {self._spelling.key("NEW")}, changes);
        END IF;
    END IF;
    RETURN NULL;
END"""

    def _differences(self) -> str:
        return "\n".join(
            f"        IF {self._spelling.column_differs(column)} THEN\n"
            f"            pieces := pieces || {self._spelling.piece(column, Action.UPDATE)};\n"
            f"        END IF;"
            for column in self._table.columns
        )
