"""Writing what this process has measured: now and then, never in somebody's transaction, never in the way.

What cannot be written is kept, and tried again.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from datetime import datetime
from itertools import islice
from threading import Lock
from time import monotonic
from typing import Any, Final

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal
from django.utils import timezone

from ..models import ReceiverStatistics
from ..tracing.figures import NOTHING, Measured, store
from ..tracing.named import named_signals
from ..tracing.policy import policy
from .table import Place, add, hour_of, prune

logger = logging.getLogger("signals_audit.tracing")

EVERY: Final = 10.0  # seconds
AFTER_FAILURE: Final = 60.0
TOGETHER: Final = 100  # rows of one transaction
MOST: Final = 5000  # rows that are kept while they cannot be written
ENDS: Final = ("request_finished", "task_finished")
RUNNERS: Final = ("django.test.runner", "_pytest")
UID: Final = "signals_audit.receiver_statistics.flush_soon"


class Unwritten:
    """What this process has measured and not written yet, by the hours that it belongs to."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.rows: dict[Place, Measured] = {}
        self.next_at = 0.0
        self.tidied: datetime | None = None

    def collect(self) -> None:
        """Take what was measured since this was called last; of too much the oldest is given up."""
        hour = hour_of(timezone.now())
        for (signal, receiver), measured in store.take().items():
            place = Place.of(hour, signal, receiver)
            self.rows[place] = self.rows.get(place, NOTHING) + measured
        too_many = sorted(self.rows)[: max(len(self.rows) - MOST, 0)]
        for place in too_many:
            del self.rows[place]
        if too_many:
            logger.warning("%d rows of statistics could not be written, and are lost", len(too_many))

    def write(self, using: str) -> None:
        """Write what there is, a part at a time."""
        while part := dict(islice(sorted(self.rows.items()), TOGETHER)):
            add(part, using)
            for place in part:
                del self.rows[place]

    def tidy_up(self, using: str) -> None:
        """Delete what is too old, once in an hour."""
        hour = hour_of(timezone.now())
        if self.tidied != hour:
            prune(using=using)
            self.tidied = hour


_unwritten: Final = Unwritten()


def flush(*, using: str | None = None) -> bool:
    """Write what this process has measured; return whether it is all written.

    What is not is kept, and tried again. Nothing is written within a transaction.
    """
    with _unwritten.lock:
        return _flush(using)


def flush_soon(**_named: Any) -> None:
    """Write what this process has measured, unless that was done just now or a transaction is open."""
    if monotonic() < _unwritten.next_at or not _unwritten.lock.acquire(blocking=False):
        return
    try:
        _flush_between()
    except Exception:  # a router, or a connection: the request that ends here has nothing to do with it
        logger.warning("Statistics of receivers could not be written, and are kept", exc_info=True)
        _unwritten.next_at = monotonic() + AFTER_FAILURE
    finally:
        _unwritten.lock.release()


def _flush_between() -> None:
    """Write where nobody is at work, and leave the connection as it would be without that."""
    connection = connections[_alias()]
    if connection.in_atomic_block:
        return
    was_open = connection.connection is not None
    is_written = _flush(connection.alias)
    _unwritten.next_at = monotonic() + (EVERY if is_written else AFTER_FAILURE)
    if not was_open:
        connection.close_if_unusable_or_obsolete()


def _flush(using: str | None) -> bool:
    try:
        _unwritten.collect()
        if _unwritten.rows:
            connection = connections[using or _alias()]
            _refuse_by_hand(connection)
            _unwritten.write(connection.alias)
            _tidy_up(connection.alias)
    except Exception:  # whatever the database, or what stands around it, has against it
        logger.warning("Statistics of receivers could not be written, and are kept", exc_info=True)
        return False
    return True


def _tidy_up(using: str) -> None:
    """Delete what is too old; that this fails does not mean that nothing was written."""
    try:
        _unwritten.tidy_up(using)
    except Exception:
        logger.warning("Old statistics of receivers could not be deleted", exc_info=True)


def _refuse_by_hand(connection: BaseDatabaseWrapper) -> None:
    """Raise an error where a transaction is open that Django does not know of."""
    if not connection.in_atomic_block and not connection.get_autocommit():
        raise RuntimeError("A transaction is open: autocommit is off.")


def _alias() -> str:
    return router.db_for_write(ReceiverStatistics)


_listening: Final[list[Signal]] = []


def follow_settings() -> None:
    """Have it written at the ends of requests, tasks and the process while there is something to watch."""
    if policy().is_idle:
        _stop()
    elif not _listening:
        _start()


def _flush_at_exit() -> None:
    """Write what is left; not after tests, whose database is gone and the real one in its place again."""
    if sys.modules.keys().isdisjoint(RUNNERS):
        flush()


def _start() -> None:
    atexit.register(_flush_at_exit)
    _listening.extend(one.signal for one in named_signals() if one.name in ENDS)
    for signal in _listening:
        signal.connect(flush_soon, dispatch_uid=UID)


def _stop() -> None:
    atexit.unregister(_flush_at_exit)
    while _listening:
        _listening.pop().disconnect(flush_soon, dispatch_uid=UID)


def begin_anew() -> None:
    """Forget what is unwritten, in a process that was forked: its parent writes it."""
    _unwritten.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=begin_anew)
