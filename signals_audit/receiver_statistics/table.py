"""The table of what was measured: what is added to its rows, under lock, so that all processes add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.utils import timezone

from ..capture.connection import state_of
from ..models import KEY_LENGTH, ReceiverStatistics
from ..texts import shortened, text
from ..tracing.durations import Durations
from ..tracing.figures import Measured
from ..tracing.policy import policy

HOUR: Final = timedelta(hours=1)
PATIENCE: Final = "SET LOCAL lock_timeout = '2s'"
SQLITE_PATIENCE: Final = 2000  # milliseconds


class Place(NamedTuple):
    """The row that something belongs into."""

    hour: datetime
    signal: str
    receiver: str

    @classmethod
    def of(cls, hour: datetime, signal: str, receiver: str) -> Place:
        """Return a place by names that may be too long for it, or such as no database takes."""
        return cls(hour, _name(signal), _name(receiver))


def rows(using: str | None = None) -> QuerySet[ReceiverStatistics]:
    """Return the table, on the database that a router reads it from unless one is named."""
    return ReceiverStatistics._base_manager.using(using)


def stored(moment: datetime) -> datetime:
    """Return a moment as the database takes it: in local time where `USE_TZ` is off."""
    return moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour, in UTC, that a moment lies in; without a zone it is in local time."""
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment, timezone.get_default_timezone())
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % 3600, tz=UTC)


def outdated(using: str | None = None) -> QuerySet[ReceiverStatistics]:
    """Return the rows that are older than they are to be kept."""
    return rows(using).filter(hour__lt=timezone.now() - policy().keep)


def prune(*, using: str) -> int:
    """Delete what is older than it is to be kept, and return how many rows that were."""
    with _impatient(connections[using]):
        return outdated(using)._raw_delete(using)


def add(measured: Mapping[Place, Measured], using: str) -> None:
    """Add what was measured to the rows, and make those that are missing.

    Nothing is added inside of somebody's transaction: that is a RuntimeError. Whoever writes here takes rows
    in the same order, and locks none that is not there yet: so nobody waits in a circle.
    """
    with _alone(using):
        known = _known(measured, using)
        missing = sorted(set(measured) - set(known))
        new = [ReceiverStatistics(**place._asdict() | {"hour": stored(place.hour)}) for place in missing]
        rows(using).bulk_create(new, ignore_conflicts=True)
    with _alone(using):
        known = _known(measured, using) if missing else known
        for row in rows(using).select_for_update().filter(pk__in=known.values()).order_by("pk"):
            place = Place(hour_of(row.hour), row.signal, row.receiver)
            rows(using).filter(pk=row.pk).update(**_together(row, measured[place]))


@contextmanager
def _alone(using: str) -> Iterator[None]:
    """Open a transaction of its own that waits for no lock long; SQLite's has its lock at once."""
    connection = connections[using]
    with _impatient(connection), transaction.atomic(using, durable=True):
        state_of(connection).lock_before_read()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(PATIENCE)
        yield


@contextmanager
def _impatient(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Have SQLite wait less than it would: what cannot be written now is written later."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    execute = connection.connection.execute
    usual = execute("PRAGMA busy_timeout").fetchone()[0]
    execute(f"PRAGMA busy_timeout = {min(usual, SQLITE_PATIENCE)}")
    try:
        yield
    finally:
        execute(f"PRAGMA busy_timeout = {usual}")


def _known(places: Iterable[Place], using: str) -> dict[Place, int]:
    """Return the keys of those rows that are there."""
    hours, signals, receivers = map(set, zip(*places, strict=True))
    near = rows(using).filter(hour__in=map(stored, hours), signal__in=signals, receiver__in=receivers)
    found = {Place(hour_of(hour), *names): pk for hour, *names, pk in near.values_list(*Place._fields, "pk")}
    return {place: found[place] for place in places if place in found}


def _together(row: ReceiverStatistics, measured: Measured) -> dict[str, Any]:
    """Return the values of a row to which something is added."""
    values = {
        "calls": row.calls + measured.calls,
        "sent": row.sent + measured.sent,
        "total": row.total + measured.total,
        "maximum": max(row.maximum, measured.maximum),
        "durations": (Durations.from_json(row.durations) + measured.durations).as_json(),
        "errors": row.errors + measured.errors,
        "queries": row.queries + measured.queries,
        "slow": row.slow + measured.slow,
        "loops": row.loops + measured.loops,
        "last_loop": text(measured.loop) or row.last_loop,
    }
    return values | _failure(row, measured)


def _failure(row: ReceiverStatistics, measured: Measured) -> dict[str, Any]:
    failure = measured.failure
    if failure is None or (row.last_error_at is not None and row.last_error_at > stored(failure.at)):
        return {}
    return {
        "last_error": text(failure.error),
        "last_traceback": text(failure.traceback),
        "last_error_at": stored(failure.at),
    }


def _name(name: str) -> str:
    readable = text(name)
    return readable if len(readable) <= KEY_LENGTH else shortened(readable, readable, limit=KEY_LENGTH)
