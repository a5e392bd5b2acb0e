"""Triggers on PostgreSQL: a function for each table, with the columns written out, and what they share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from ..spelling.columns import Table
from ..spelling.literals import digest_of
from ..spelling.postgresql import Spelling, functions
from ..spelling.postgresql import why_not as why_not
from .names import PREFIX, Built
from .postgresql_body import BY_ROWS, BY_SETS, Body
from .postgresql_relations import RelationBody

SHARED = Path(__file__).with_name("sql") / "postgresql.sql"
BODY = "$signals_audit_table$"
ROWS = {"insert": BY_ROWS, "update": f"OLD *<> NEW AND {BY_ROWS}", "delete": BY_ROWS}
SETS = {
    "insert": "NEW TABLE AS signals_new",
    "update": "OLD TABLE AS signals_old NEW TABLE AS signals_new",
    "delete": "OLD TABLE AS signals_old",
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
    entries, change_sets = (
        f"{quote(schema)}.{quote(model._meta.db_table)}" for model in (AuditEntry, ChangeSet)
    )
    shared = SHARED.read_text("utf-8").format(schema=quote(schema), entries=entries, change_sets=change_sets)
    spelling, made = Spelling(table, connection, quote(schema)), RelationBody if table.relation else Body
    body = made(table, quote(schema), entries, spelling).text()
    digest = digest_of(spellings, shared, body, *ROWS.values(), BY_SETS)
    function = f"{quote(schema)}.{quote(PREFIX + digest)}"
    make = (
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, pg_temp AS {BODY}\n{body}\n{BODY}"
    )
    run = f"ON {quote(table.name)} {{}} EXECUTE FUNCTION {function}()"
    forms = [form for event in ROWS for form in _forms(event, table)]
    triggers = [
        f"CREATE TRIGGER {quote(f'{PREFIX}{name}_{digest}')} {when} {run.format(how)}"
        for name, when, how in forms
    ]
    return Built(digest=digest, statements=(spellings, shared, make, *triggers), triggers=len(triggers))


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA, [connection.ops.quote_name(AuditEntry._meta.db_table)])
        return str(cursor.fetchone()[0])


def _forms(event: str, table: Table) -> list[tuple[str, str, str]]:
    """Return the triggers of an event: the name of each, when it runs, and for what.

    A setting wakes one of two: for rows, or for all of a statement. The rows of a many-to-many field are
    always taken together, for an owner has one entry of them.
    """
    when = f"AFTER {event.upper()}"
    together = f"REFERENCING {SETS[event]} FOR EACH STATEMENT"
    if table.relation:
        return [(event, when, together)]
    return [
        (event, when, f"FOR EACH ROW WHEN ({ROWS[event]})"),
        (f"{event}_set", when, f"{together} WHEN ({BY_SETS})"),
    ]


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
