"""What happens when an entry cannot be written: `SIGNALS_AUDIT["ON_ERROR"]`.

* `"block"`: the write fails with `EntryNotWritten`, so there is no change without its entry;
* `"log"`: the write goes through. The failure goes to the logger and is counted, the entries go to the spool
  as soon as their transaction is committed, and `audit_recover` writes them back. A process that dies between
  COMMIT and the spool takes them with it; what the logger said of them stays.

SQLite ends the whole transaction when its disk is full: nothing can be kept, and "log" fails like "block".
An error that ends the transaction itself (a deadlock, a lock that does not come, a lost connection) is raised
as it is under both, so that whoever tries again on such errors goes on doing so.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import bulk, recorder, recovery, spool
from .capture.connection import state_of
from .capture.journal import Journal, OpenChangeSet
from .capture.pipeline import WrittenSet
from .conf import get_settings
from .events import ChangeEvent
from .exceptions import EntryNotWritten

logger = logging.getLogger("signals_audit")

# SQLITE_BUSY, _LOCKED and _INTERRUPT.
SQLITE_TRANSIENT: Final = frozenset({5, 6, 9})
# Rolled back for others' sake, connection lost or ended, lock not available, statement cancelled.
POSTGRESQL_TRANSIENT: Final = ("40", "08", "57P", "55P03", "57014")
# Connection lost or refused, lock wait timeout, deadlock, row changed meanwhile, statement cancelled.
MYSQL_TRANSIENT: Final = frozenset({2002, 2003, 2006, 2013, 2055, 1205, 1213, 1020, 1317, 1969, 3024})


class Count:
    """How often something happened since this process started."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.value = 0

    def add(self, number: int) -> None:
        """Count some more; threads may do so at once."""
        with self._lock:
            self.value += number


unwritten: Final = Count()
lost: Final = Count()


def record(
    connection: BaseDatabaseWrapper, change_sets: Sequence[OpenChangeSet], events: Sequence[ChangeEvent]
) -> None:
    """Have the entries of events written, or deal with it as the settings say."""
    if get_settings().ON_ERROR == "log":
        _record_or_spool(connection, change_sets, events)
        return
    try:
        recorder.record(connection, change_sets, events)
    except Exception as error:
        if _ends_transaction(error, connection):
            raise
        raise _refusal(error, connection.alias, _named(events)) from error


def record_set(connection: BaseDatabaseWrapper, journal: Journal, written: WrittenSet) -> bool:
    """Have the database make the entries of a large statement; return False where it cannot.

    Where changes are to go through and it fails, the entries are made one by one, and dealt with as such.
    """
    if get_settings().ON_ERROR == "log":
        return _record_set_or_not(connection, journal, written)
    try:
        return bulk.record_set(connection, journal, written)
    except Exception as error:
        if _ends_transaction(error, connection):
            raise
        raise _refusal(error, connection.alias, _named_set(written)) from error


def _record_set_or_not(connection: BaseDatabaseWrapper, journal: Journal, written: WrittenSet) -> bool:
    try:
        with transaction.atomic(connection.alias):
            return bulk.record_set(connection, journal, written)
    except Exception as error:
        if _ends_transaction(error, connection):
            raise
        logger.warning("%s could not be made by the database", _named_set(written), exc_info=error)
        return False


def _record_or_spool(
    connection: BaseDatabaseWrapper, change_sets: Sequence[OpenChangeSet], events: Sequence[ChangeEvent]
) -> None:
    savepoint = connection.savepoint()
    try:
        recorder.record(connection, change_sets, events)
    except Exception as error:
        if _ends_transaction(error, connection):
            raise
        _roll_back_to(savepoint, error, connection, events)
        _let_through(error, connection, events)
    else:
        if savepoint:
            connection.savepoint_commit(savepoint)


def _roll_back_to(
    savepoint: Any, error: Exception, connection: BaseDatabaseWrapper, events: Sequence[ChangeEvent]
) -> None:
    """Undo what was written of the entries; raise where the database has ended the whole transaction."""
    if not savepoint:
        return
    try:
        connection.savepoint_rollback(savepoint)
    except DatabaseError:
        raise _refusal(error, connection.alias, _named(events)) from error


def _let_through(error: Exception, connection: BaseDatabaseWrapper, events: Sequence[ChangeEvent]) -> None:
    unwritten.add(len(events))
    logger.error(
        "%s could not be written on the database %r. The change is made; the spool gets it after COMMIT.",
        _named(events),
        connection.alias,
        exc_info=error,
    )
    lines = [recovery.line(event) for event in events]
    state_of(connection).journal.at_commit(partial(_spool, lines))


def _spool(lines: Sequence[str]) -> None:
    """Put lines into the spool: the change is committed, so nothing that goes wrong here may be raised."""
    try:
        spool.append(lines)
    except Exception:
        lost.add(len(lines))
        logger.critical("%d audit entries are lost: the spool failed, too", len(lines), exc_info=True)


def _refusal(error: Exception, using: str, named: str) -> EntryNotWritten:
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    return EntryNotWritten(
        f"{named} could not be written on the database {using!r} ({reason}), "
        "so the change is not made either. See that the tables of signals_audit are there (migrate) and can "
        'be written. With SIGNALS_AUDIT["ON_ERROR"] = "log" changes go through, their entries to a spool.'
    )


def _named(events: Sequence[ChangeEvent]) -> str:
    first = events[0]
    others = f" and {len(events) - 1} more" if len(events) > 1 else ""
    return f"The audit entry for the {first.action.value} of {first.label} {first.object_id}{others}"


def _named_set(written: WrittenSet) -> str:
    label = written.plan.model._meta.label
    return f"The audit entries for the {written.action.value} of many rows of {label}"


def _ends_transaction(error: Exception, connection: BaseDatabaseWrapper) -> bool:
    """Tell whether the database gave up the transaction or the connection, not just the entries."""
    if isinstance(error, InterfaceError):
        return True
    ends = ENDS_TRANSACTION.get(connection.vendor)
    return isinstance(error, DatabaseError) and ends is not None and ends(error)


def _ends_in_sqlite(error: Exception) -> bool:
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in SQLITE_TRANSIENT


def _ends_in_postgresql(error: Exception) -> bool:
    """What has no SQLSTATE does not come from the server: the connection is gone."""
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return cause is not None and (state is None or state.startswith(POSTGRESQL_TRANSIENT))


def _ends_in_mysql(error: Exception) -> bool:
    return bool(error.args) and error.args[0] in MYSQL_TRANSIENT


ENDS_TRANSACTION: Final = {
    "sqlite": _ends_in_sqlite,
    "postgresql": _ends_in_postgresql,
    "mysql": _ends_in_mysql,
}
