"""What is remembered of each database connection: its transaction's journal, its SQL, its lock."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import OperationalError, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.transaction import TransactionManagementError

from ..events import ChangeEvent
from ..registry import HISTORICAL
from . import pipeline
from .cursors import Cursors
from .journal import Journal
from .plans import TablePlan, generation
from .rows import Reader

logger = logging.getLogger("signals_audit")

ATTRIBUTE = "signals_audit_state"
TABLE = "signals_audit_auditentry"
LOCK_SQL = "DELETE FROM signals_audit_changeset WHERE 0"
MISSING = "no such table"
CLOSED = object()
OTHER_LOCK_SQL = "DELETE FROM sqlite_sequence WHERE 0"  # SQLite's own table, there with the first AutoField


_databases_with_tables: set[tuple[str, str]] = set()


class ConnectionState:
    """Everything that capture keeps for one connection."""

    __slots__ = (
        "_generation",
        "_readers",
        "block",
        "can_stage",
        "connection",
        "cursors",
        "has_own_level",
        "has_tables",
        "instances",
        "is_announced",
        "is_locked",
        "is_spoilt",
        "journal",
        "session",
        "skipped",
        "stages",
    )

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.cursors = Cursors(connection)
        self.session: Any = None
        self.journal = Journal()
        self.block: Any = None
        self.instances: dict[tuple[type[Model], Any], Model] = {}
        self.has_own_level = False
        self.is_announced = False
        self.is_locked = False
        self.is_spoilt = False
        self.has_tables = False
        self.skipped = 0
        self.stages = 0
        self.can_stage: bool | None = None
        self._readers: dict[TablePlan, Reader] = {}
        self._generation = generation()

    def reader(self, plan: TablePlan) -> Reader:
        """Return the SQL for a plan, made on first use."""
        if self._generation != generation():
            self._generation = generation()
            self._readers.clear()
        reader = self._readers.get(plan)
        if reader is None:
            reader = Reader(plan, self.connection, self.cursors.fetch)
            if plan.written.__module__ != HISTORICAL:
                self._readers[plan] = reader
        return reader

    def lock_before_read(self) -> None:
        """Take SQLite's write lock before the first read of a transaction that will write.

        Read first and write later fails at once with "database is locked" when somebody wrote in between;
        an empty write waits its turn instead. It bypasses Django's cursor: it is no query of the project's.
        """
        if not self.is_locked and self.connection.vendor == "sqlite":
            try:
                self._lock(LOCK_SQL)
            except OperationalError as error:
                if MISSING not in str(error):
                    raise
                self._lock(OTHER_LOCK_SQL)  # that the log is missing is dealt with when it is written
        self.is_locked = True

    def _lock(self, sql: str) -> None:
        with self.connection.wrap_database_errors:
            self.connection.connection.execute(sql)

    def can_record(self) -> bool:
        """Tell whether the log's tables exist on this alias; until then capture is off, logged, counted."""
        if not self.has_tables:
            self.has_tables = self._database() in _databases_with_tables or self._finds_tables()
            if self.has_tables:
                self._remember_database()
            else:
                self._skip()
        return self.has_tables

    def _database(self) -> tuple[str, str]:
        return self.connection.alias, str(self.connection.settings_dict["NAME"])

    def _remember_database(self) -> None:
        """Spare the next connection the question; SQLite answers at once, and may be in memory and new."""
        if self.connection.vendor != "sqlite":
            _databases_with_tables.add(self._database())

    def _finds_tables(self) -> bool:
        """Ask the database with a bare cursor: it is no query of the project's."""
        if not router.allow_migrate(self.connection.alias, "signals_audit", model_name="auditentry"):
            return False
        self.connection.ensure_connection()
        if self.connection.vendor == "sqlite" and self.connection.connection.in_transaction:
            return self._finds_table_by_locking()
        with self.connection.wrap_database_errors:
            cursor = self.connection.create_cursor()
            try:
                return TABLE in self.connection.introspection.table_names(cursor)
            finally:
                cursor.close()

    def _finds_table_by_locking(self) -> bool:
        """Ask by the empty write: a SELECT could be the first read of a transaction that will write."""
        try:
            self._lock(LOCK_SQL)
        except OperationalError as error:
            if MISSING in str(error):
                return False
            raise
        self.is_locked = True
        return True

    def _skip(self) -> None:
        self.skipped += 1
        if self.skipped == 1:
            logger.warning(
                "Writes on the database %r are not audited: its audit tables do not exist yet. Run migrate.",
                self.connection.alias,
            )

    def keep_until_commit(self, event: ChangeEvent) -> None:
        """Have an event told after COMMIT."""
        if self.journal.schedule() or self._is_in_test_case():
            self._be_told_of_commit()
        self.journal.keep(event)

    def _is_in_test_case(self) -> bool:
        """Tell whether COMMIT is only played, as `captureOnCommitCallbacks` does."""
        return any(getattr(block, "_from_testcase", False) for block in self.connection.atomic_blocks)

    def _be_told_of_commit(self) -> None:
        connection = self.connection
        if connection.in_atomic_block and connection.commit_on_exit:
            connection.on_commit(partial(tell, self.journal, connection.alias, self.journal.size))
        else:
            self.journal.is_manual = True

    def spoil(self) -> None:
        """Note that a change was made and could not be recorded, in a transaction that is managed by hand.

        An atomic block is rolled back by Django; here nobody would hinder the caller from committing.
        """
        self.is_spoilt = not self.connection.in_atomic_block and not self.connection.get_autocommit()

    def refuse_if_spoilt(self) -> None:
        """Raise TransactionManagementError where a COMMIT would keep a change without its entry."""
        if self.is_spoilt:
            raise TransactionManagementError(
                "A change was refused or could not be recorded in this transaction: roll it back."
            )

    def committed(self) -> None:
        """Begin a new journal; what a manual transaction did is told here, for it has no on_commit."""
        journal = self._begin_anew()
        journal.was_committed()
        if journal.is_manual:
            tell(journal, self.connection.alias)

    def rolled_back(self) -> None:
        """Undo and forget what the transaction did."""
        self._begin_anew().undo_all()

    def reconnected(self) -> None:
        """Forget what was true of the connection's last session: it may even be to another database."""
        self.rolled_back()
        self.session = self.connection.connection
        self.has_tables = False
        self.can_stage = None

    def closed(self) -> None:
        """Undo and forget what the transaction did, and that the connection was set up."""
        self.rolled_back()
        self.session = CLOSED

    def is_being_set_up(self) -> bool:
        """Tell whether Django is opening the connection anew, and prepares its session."""
        return self.session is not None and self.session is not self.connection.connection

    def _begin_anew(self) -> Journal:
        """Forget the transaction that ended, and return its journal."""
        journal, self.journal = self.journal, Journal()
        self.instances.clear()
        self.cursors.close()
        self.has_own_level = self.is_locked = self.is_spoilt = False
        return journal


def tell(journal: Journal, using: str, start: int = 0) -> None:
    """Tell of a journal's events from a place on that nobody was told of yet."""
    events = journal.take(start)
    if events:
        pipeline.announce_committed(events, using)


def state_of(connection: BaseDatabaseWrapper) -> ConnectionState:
    """Return what is remembered of a connection."""
    state: ConnectionState | None = connection.__dict__.get(ATTRIBUTE)
    if state is None:
        state = ConnectionState(connection)
        connection.__dict__[ATTRIBUTE] = state
    return state
