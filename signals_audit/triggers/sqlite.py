"""Triggers on SQLite: plain SQL without functions of Python, so that every other client goes on writing.

SQLite knows neither sessions nor settings: who acts stands in a row of a table, which Django's side makes
active for one statement at a time. Where no row is active somebody else writes; each of their rows gets a
change set of its own, for triggers cannot tell where a transaction begins.

Text with NUL is spelled as `repr`, JSON as it was stored (without `json_text` for deep nesting, and for NUL
without sorted keys), and floats beyond 1e200 may have a digit more than Python would write.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from .kinds import Kind
from .names import PREFIX, Built, digest_of, literal
from .sqlite_values import encoded, hyphenated
from .tables import Column, Table

ACTIONS = {"insert": "create", "update": "update", "delete": "delete"}
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
UUID = (
    "printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) || '7' "
    "|| substr(lower(hex(randomblob(2))), 2) || substr('89ab', 1 + (random() & 3), 1) "
    "|| substr(lower(hex(randomblob(8))), 2)"
)
KEYS = (Kind.INTEGER, Kind.TEXT, Kind.UUID, Kind.DATE, Kind.ADDRESS)
MOST = 255


def why_not(table: Table, connection: BaseDatabaseWrapper) -> str | None:
    """Return why a table cannot have triggers here: SQLite has no digests, and no time zones."""
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


def found(connection: BaseDatabaseWrapper, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return our triggers, each with its table: all of them, or those of some tables."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        rows = connection.connection.execute(FOUND).fetchall()
    return [(table, trigger) for table, trigger in rows if names is None or table in names]


def build(table: Table, connection: BaseDatabaseWrapper) -> Built:
    """Return the statements that make a table's triggers."""
    writer = _Triggers(table, connection.ops.quote_name)
    bodies = {event: writer.body(event) for event in ACTIONS}
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


class _Triggers:
    """The texts of a table's triggers."""

    def __init__(self, table: Table, quote: Callable[[str], str]) -> None:
        self._table = table
        self._quote = quote

    def body(self, event: str) -> str:
        """Return all of a trigger but its name and its event."""
        changed = f" AND ({self._differs()})" if event == "update" else ""
        label, row = literal(self._table.label), "OLD" if event == "delete" else "NEW"
        silenced = f"instr(silent, {literal(f' {self._table.label.lower()} ')})"
        return f"""ON {self._quote(self._table.name)} FOR EACH ROW
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
        change_set, seq + 1, actor_id, '{ACTIONS[event]}', {label}, {literal(self._table.using)},
        key, substr({label} || ' ' || key, 1, {MOST}), changes, 'trigger',
        caused_by, caused_by_change_set, caused_by_seq, {_now()}
    FROM {CONTEXT}, (SELECT {self._key(row)} AS key, {self._changes(event)} AS changes)
    WHERE is_active;
    UPDATE {CONTEXT} SET seq = seq + 1 WHERE is_active;
    DELETE FROM {CONTEXT} WHERE is_active = 2;
END"""

    def _differs(self) -> str:
        return " OR ".join(map(self._column_differs, self._table.columns)) or "0"

    def _column_differs(self, column: Column) -> str:
        old, new = (f"{row}.{self._quote(column.column)}" for row in ("OLD", "NEW"))
        if column.kind is not Kind.JSON:
            return f"{old} COLLATE BINARY IS NOT {new}"
        both = f"json_valid({old}) AND json_valid({new})"
        return f"({old} IS NOT {new} AND CASE WHEN {both} THEN json({old}) IS NOT json({new}) ELSE 1 END)"

    def _changes(self, event: str) -> str:
        pieces = " || ".join(self._piece(column, event) for column in self._table.columns) or "''"
        return f"'{{' || substr({pieces}, 2) || '}}'"

    def _piece(self, column: Column, event: str) -> str:
        name = literal("," + json.dumps(column.name) + ":[")
        value = self._quote(column.column)
        old = "'null'" if event == "insert" else encoded(column, f"OLD.{value}")
        new = "'null'" if event == "delete" else encoded(column, f"NEW.{value}")
        piece = f"{name} || {old} || ',' || {new} || ']'"
        if event != "update":
            return piece
        return f"CASE WHEN {self._column_differs(column)} THEN {piece} ELSE '' END"

    def _key(self, row: str) -> str:
        parts = [(column, f"{row}.{self._quote(column.column)}") for column in self._table.key]
        if len(parts) > 1:
            return "'[' || " + " || ',' || ".join(encoded(*part) for part in parts) + " || ']'"
        column, value = parts[0]
        return hyphenated(value) if column.kind is Kind.UUID else f"({value} || '')"


def _now() -> str:
    zone = "" if settings.USE_TZ else ", 'localtime'"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now'{zone})"
