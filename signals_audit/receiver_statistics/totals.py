"""How receivers did: the rows of all processes and hours added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from ..models import ReceiverStatistics
from ..tracing.durations import Durations
from .table import HOUR, hour_of, rows, stored

RECENT: Final = 24  # points of a sparkline
P50, P95 = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Point:
    """How a receiver did in one hour; times are in seconds."""

    start: datetime
    calls: int
    p95: float
    errors: int


@dataclass(frozen=True, slots=True)
class ReceiverTotals:
    """How a receiver of a signal did, over all processes; times are in seconds.

    `calls` are the measured ones, and `share` tells which part of all calls they are. `queries` are counted
    for receivers of `pre_init` and `post_init` alone. `recent` has a point for each of the last 24 hours.
    """

    signal: str
    receiver: str
    calls: int
    share: float
    total: float
    p50: float
    p95: float
    maximum: float
    errors: int
    last_error: str
    last_traceback: str
    last_error_at: datetime | None
    queries: int
    slow: int
    loops: int
    last_loop: str
    recent: tuple[Point, ...]


def totals(*, hours: int = RECENT, using: str | None = None) -> list[ReceiverTotals]:
    """Return how all receivers did in the last hours, the present one included: the slowest first."""
    now = hour_of(timezone.now())
    begin = now - HOUR * (hours - 1)
    by_receiver: defaultdict[tuple[str, str], list[ReceiverStatistics]] = defaultdict(list)
    first = stored(min(begin, now - HOUR * (RECENT - 1)))
    for row in rows(using).filter(hour__gte=first).order_by("hour", "id"):
        by_receiver[row.signal, row.receiver].append(row)
    found = [_totals(counted, each, now) for each in by_receiver.values() if (counted := _since(begin, each))]
    return sorted(found, key=lambda one: (-one.p95, one.signal, one.receiver))


def _since(begin: datetime, found: Iterable[ReceiverStatistics]) -> list[ReceiverStatistics]:
    return [row for row in found if hour_of(row.hour) >= begin]


def _totals(
    counted: Sequence[ReceiverStatistics], found: Iterable[ReceiverStatistics], now: datetime
) -> ReceiverTotals:
    """Add rows of one receiver up; they are in the order of their hours."""
    calls, sent = sum(row.calls for row in counted), sum(row.sent for row in counted)
    durations = sum((Durations.from_json(row.durations) for row in counted), Durations())
    maximum = max(row.maximum for row in counted)
    failed = max(counted, key=lambda row: (row.last_error_at is not None, row.last_error_at, row.hour))
    return ReceiverTotals(
        signal=counted[0].signal,
        receiver=counted[0].receiver,
        calls=calls,
        share=calls / sent if sent else 0.0,
        total=sum(row.total for row in counted),
        p50=min(durations.percentile(P50), maximum),
        p95=min(durations.percentile(P95), maximum),
        maximum=maximum,
        errors=sum(row.errors for row in counted),
        last_error=failed.last_error,
        last_traceback=failed.last_traceback,
        last_error_at=failed.last_error_at,
        queries=sum(row.queries for row in counted),
        slow=sum(row.slow for row in counted),
        loops=sum(row.loops for row in counted),
        last_loop=next((row.last_loop for row in reversed(counted) if row.last_loop), ""),
        recent=_points({hour_of(row.hour): row for row in found}, now),
    )


def _points(by_hour: Mapping[datetime, ReceiverStatistics], now: datetime) -> tuple[Point, ...]:
    hours = (now - HOUR * ago for ago in reversed(range(RECENT)))
    return tuple(_point(hour, by_hour.get(hour)) for hour in hours)


def _point(hour: datetime, row: ReceiverStatistics | None) -> Point:
    if row is None:
        return Point(hour, calls=0, p95=0.0, errors=0)
    p95 = min(Durations.from_json(row.durations).percentile(P95), row.maximum)
    return Point(hour, calls=row.calls, p95=p95, errors=row.errors)
