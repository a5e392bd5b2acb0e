"""Triggers on SQLite: plain SQL without functions of Python, so that every other client goes on writing.

SQLite knows neither sessions nor settings: who acts stands in a row of a table, which Django's side makes
active for one statement at a time. Where no row is active somebody else writes; each of their rows gets a
change set of its own, for triggers cannot tell where a transaction begins.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from ..spelling.columns import Table
from ..spelling.literals import digest_of, literal
from ..spelling.sqlite import MOST, Spelling
from ..spelling.sqlite import why_not as why_not
from ..types import Action
from .names import PREFIX, Built

ACTIONS = {"insert": Action.CREATE, "update": Action.UPDATE, "delete": Action.DELETE}
CONTEXT = "signals_audit_context"
FACTS = (
    *(
        "change_set",
        "actor_kind",
        "actor_id",
        "actor_repr",
        "remote_addr",
        "correlation_id",
        "reason",
        "path",
    ),
    *("extra", "caused_by", "caused_by_change_set", "caused_by_seq", "silent"),
)
SHARED = (
    f"CREATE TABLE IF NOT EXISTS {CONTEXT} "
    f"(slot INTEGER PRIMARY KEY, is_active INTEGER NOT NULL, seq INTEGER NOT NULL, {', '.join(FACTS)})"
)
ENTRIES, CHANGE_SETS = AuditEntry._meta.db_table, ChangeSet._meta.db_table
FOUND = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'signals_audit_*'"
OTHERS = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND name NOT GLOB 'signals_audit_*'"
UUID = (
    "printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) || '7' "
    "|| substr(lower(hex(randomblob(2))), 2) || substr('89ab', 1 + (random() & 3), 1) "
    "|| substr(lower(hex(randomblob(8))), 2)"
)


def found(connection: BaseDatabaseWrapper, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return our triggers, each with its table: all of them, or those of some tables."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        rows = connection.connection.execute(FOUND).fetchall()
    return [(table, trigger) for table, trigger in rows if names is None or table in names]


def build(table: Table, connection: BaseDatabaseWrapper) -> Built:
    """Return the statements that make a table's triggers."""
    spelling = Spelling(table, connection)
    bodies = {event: _body(table, event, spelling, connection.ops.quote_name) for event in ACTIONS}
    digest = digest_of(SHARED, *bodies.values())
    make = f'CREATE TRIGGER "{PREFIX}{{}}_{digest}" AFTER {{}}'
    triggers = [f"{make.format(event, event.upper())} {body}" for event, body in bodies.items()]
    return Built(digest=digest, statements=(SHARED, *triggers))


def drop(connection: BaseDatabaseWrapper, table: str, triggers: Iterable[str]) -> list[str]:
    """Return the statements that take triggers of a table away."""
    return [f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}" for name in triggers]


def drop_shared(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that take away what the triggers of all tables share."""
    return [f"DROP TABLE IF EXISTS {CONTEXT}"]


def _body(table: Table, event: str, spelling: Spelling, quote: Callable[[str], str]) -> str:
    """Return all of a trigger but its name and its event."""
    action = ACTIONS[event]
    changed = f" AND ({spelling.differs()})" if action == Action.UPDATE else ""
    label, row = literal(table.label), "OLD" if action == Action.DELETE else "NEW"
    silenced = f"instr(silent, {literal(f' {table.label.lower()} ')})"
    return f"""ON {quote(table.name)} FOR EACH ROW
WHEN NOT EXISTS (SELECT 1 FROM {CONTEXT} WHERE is_active AND {silenced}){changed}
BEGIN
    INSERT INTO {CONTEXT} (
        slot, is_active, seq, change_set, actor_kind, actor_id, actor_repr, remote_addr, correlation_id,
        reason, path, extra, caused_by, silent
    ) SELECT 0, 2, 0, {UUID}, 'system', '', '', '', '', '', '', '{{}}', '', ''
    WHERE NOT EXISTS (SELECT 1 FROM {CONTEXT} WHERE is_active);
    INSERT INTO {CHANGE_SETS} (
        id, actor_kind, actor_id, actor_repr, remote_addr, correlation_id, reason, path, extra, created_at
    ) SELECT
        change_set, actor_kind, actor_id, actor_repr, remote_addr, correlation_id, reason, path, extra,
        {_now()}
    FROM {CONTEXT} WHERE is_active AND seq = 0;
    INSERT INTO {ENTRIES} (
        change_set_id, seq, actor_id, action, model, "using", object_id, object_repr, changes, source,
        caused_by, caused_by_change_set, caused_by_seq, created_at
    ) SELECT
        change_set, seq + 1, actor_id, '{action.value}', {label}, {literal(table.using)},
        key, substr({label} || ' ' || key, 1, {MOST}), changes, 'trigger',
        caused_by, caused_by_change_set, caused_by_seq, {_now()}
    FROM {CONTEXT}, (SELECT {spelling.key(row)} AS key, {spelling.changes(action)} AS changes)
    WHERE is_active;
    UPDATE {CONTEXT} SET seq = seq + 1 WHERE is_active;
    DELETE FROM {CONTEXT} WHERE is_active = 2;
END"""


def _now() -> str:
    zone = "" if settings.USE_TZ else ", 'localtime'"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now'{zone})"
