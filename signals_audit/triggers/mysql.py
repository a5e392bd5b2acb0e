"""Triggers on MariaDB: who acts stands in variables of the session, for one statement at a time.

Variables neither end with a transaction nor go back with a savepoint: Django's side sets them before a
statement and takes them away after it. Where they are not set somebody else writes; each of their rows gets
a change set of its own. Rows that a foreign key deletes or changes fire no triggers here.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry, ChangeSet
from ..spelling.columns import Table
from ..spelling.literals import digest_of
from ..spelling.mysql import Spelling, literal
from ..spelling.mysql import why_not as why_not
from ..spelling.mysql_values import SHARED
from ..types import Action
from .names import PREFIX, Built

ACTIONS = {"insert": Action.CREATE, "update": Action.UPDATE, "delete": Action.DELETE}
ENTRIES, CHANGE_SETS = AuditEntry._meta.db_table, ChangeSet._meta.db_table
FOUND = (
    "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE 'signals\\\\_audit\\\\_%%'"
)
OTHERS = (
    "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME NOT LIKE 'signals\\\\_audit\\\\_%'"
)
ROUTINES = (
    "SELECT ROUTINE_NAME FROM information_schema.ROUTINES "
    "WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME LIKE 'signals\\\\_audit\\\\_%'"
)
UUID_DIGITS = (
    "LOWER(CONCAT(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(6)) * 1000)), 12, '0'), '7', "
    "SUBSTR(signals_random, 1, 3), SUBSTR('89ab', 1 + FLOOR(RAND() * 4), 1), SUBSTR(signals_random, 4, 15)))"
)


def found(connection: BaseDatabaseWrapper, tables: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Return our triggers, each with its table: all of them, or those of some tables."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.create_cursor()
        try:
            cursor.execute(FOUND, ())
            rows = cursor.fetchall()
        finally:
            cursor.close()
    return [(table, trigger) for table, trigger in rows if tables is None or table in tables]


def build(table: Table, connection: BaseDatabaseWrapper) -> Built:
    """Return the statements that make a table's triggers."""
    writer = _Triggers(table, connection)
    bodies = {event: writer.body(event) for event in ACTIONS}
    digest = digest_of(*SHARED, *bodies.values())
    make = f"CREATE TRIGGER {PREFIX}{{}}_{digest} AFTER {{}}"
    triggers = [f"{make.format(event, event.upper())} {body}" for event, body in bodies.items()]
    return Built(digest=digest, statements=(*SHARED, *triggers))


def drop(connection: BaseDatabaseWrapper, table: str, triggers: Iterable[str]) -> list[str]:
    """Return the statements that take triggers of a table away."""
    return [f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}" for name in triggers]


def drop_shared(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that take away what the triggers of all tables share."""
    with connection.cursor() as cursor:
        cursor.execute(ROUTINES)
        return [f"DROP FUNCTION IF EXISTS {connection.ops.quote_name(name)}" for (name,) in cursor.fetchall()]


class _Triggers:
    """The texts of a table's triggers."""

    def __init__(self, table: Table, connection: BaseDatabaseWrapper) -> None:
        self._table = table
        self._quote = connection.ops.quote_name
        self._spelling = Spelling(table, connection)
        self._has_uuid = bool(connection.features.has_native_uuid_field)

    def body(self, event: str) -> str:
        """Return all of a trigger but its name and its event."""
        action = ACTIONS[event]
        label = literal(self._table.label)
        silenced = f"INSTR(@signals_audit_silent, {literal(f' {self._table.label.lower()} ')})"
        row = "OLD" if action == Action.DELETE else "NEW"
        return f"""ON {self._quote(self._table.name)} FOR EACH ROW
BEGIN
    DECLARE signals_pieces LONGTEXT CHARSET utf8mb4 DEFAULT '';
    DECLARE signals_key VARCHAR(255) CHARSET utf8mb4;
    DECLARE signals_random CHAR(64) CHARSET utf8mb4;
    DECLARE signals_set VARCHAR(36) CHARSET utf8mb4 DEFAULT @signals_audit_change_set;
    DECLARE signals_seq INT DEFAULT 1;
    IF COALESCE({silenced}, 0) = 0 THEN
        SET signals_pieces = CONCAT({self._spelling.pieces(action)});
    END IF;
    IF signals_pieces <> '' THEN
        SET signals_key = {self._spelling.key(row)};
        IF signals_set IS NULL THEN
            SET signals_random = SHA2(CONCAT(UUID(), RAND()), 256);
            SET signals_set = {self._new_id()};
        ELSE
            SET @signals_audit_seq = @signals_audit_seq + 1;
            SET signals_seq = @signals_audit_seq;
        END IF;
        IF @signals_audit_change_set IS NULL OR NOT @signals_audit_is_open THEN
            {_change_set()};
            SET @signals_audit_is_open = @signals_audit_change_set IS NOT NULL;
        END IF;
        INSERT INTO {ENTRIES} (
            change_set_id, seq, actor_id, action, model, `using`, object_id, object_repr, changes, source,
            caused_by, caused_by_change_set, caused_by_seq, created_at
        ) VALUES (
            signals_set, signals_seq, {_said("actor_id")}, '{action.value}', {label},
            {literal(self._table.using)}, signals_key, LEFT(CONCAT({label}, ' ', signals_key), 255),
            CONCAT('{{', SUBSTR(signals_pieces, 2), '}}'), 'trigger', {_said("caused_by")},
            @signals_audit_caused_by_change_set, @signals_audit_caused_by_seq, {_now()}
        );
    END IF;
END"""

    def _new_id(self) -> str:
        if not self._has_uuid:
            return UUID_DIGITS
        return f"INSERT(INSERT(INSERT(INSERT({UUID_DIGITS}, 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-')"


def _change_set() -> str:
    """Return the statement that writes the change set of a trigger's first entry."""
    return f"""INSERT IGNORE INTO {CHANGE_SETS} (
                id, actor_kind, actor_id, actor_repr, remote_addr, correlation_id, reason, path,
                extra, created_at
            ) VALUES (
                signals_set, COALESCE(@signals_audit_actor_kind, 'system'), {_said("actor_id")},
                {_said("actor_repr")}, {_said("remote_addr")}, {_said("correlation_id")}, {_said("reason")},
                {_said("path")},
                COALESCE(@signals_audit_extra, JSON_OBJECT('database_user', USER())), {_now()}
            )"""


def _said(name: str) -> str:
    return f"COALESCE(@signals_audit_{name}, '')"


def _now() -> str:
    return "UTC_TIMESTAMP(6)" if settings.USE_TZ else "NOW(6)"
