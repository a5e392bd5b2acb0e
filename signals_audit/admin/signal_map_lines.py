"""Receivers together with what was measured of them, as the pages of the signal map show them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.db import OperationalError, ProgrammingError, router, transaction
from django.forms import Form
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import ReceiverStatistics
from ..pictures import Mark, Sparkline, sparkline
from ..receiver_statistics import Point, ReceiverTotals, totals
from ..tracing.hooked import HookLine
from ..tracing.maps import ReceiverLine, SignalMap, signal_map
from ..tracing.named import NamedSignal
from .signal_map_forms import DAY, PeriodForm, asked

RECENT = 24  # hours of a sparkline
PARTS = re.compile(r"[^._/]*[._/]|[^._/]+")
LOOP = re.compile(r"(?P<chain>.*?)(?: \((?P<times>[^()]*)\))?", re.DOTALL)


def duration(seconds: float) -> str:
    """Return a time in the unit in which people would say it."""
    if seconds < 0.001:
        return _("%s µs") % number_format(seconds * 1_000_000, 0)
    if seconds < 1:
        return _("%s ms") % number_format(seconds * 1_000, 1 if seconds < 0.01 else 0)
    return _("%s s") % number_format(seconds, 1)


def breakable(name: str) -> SafeString:
    """Return a dotted name that may be broken between its parts, where a line has no room for it."""
    return format_html_join("", "{}<wbr>", ((part,) for part in PARTS.findall(name)))


@dataclass(frozen=True)
class Figures:
    """What was measured of a receiver of a signal."""

    totals: ReceiverTotals

    @property
    def p50(self) -> str:
        """The time that half of the calls stay below."""
        return duration(self.totals.p50)

    @property
    def p95(self) -> str:
        """The time that nearly all calls stay below."""
        return duration(self.totals.p95)

    @property
    def maximum(self) -> str:
        """The longest time."""
        return duration(self.totals.maximum)

    @property
    def total(self) -> str:
        """The time of all calls together."""
        return duration(self.totals.total)

    @cached_property
    def sparkline(self) -> Sparkline:
        """The last day: the p95 of each hour, marked where something failed."""
        return sparkline(*slots(self.totals.recent, datetime.now(tz=UTC)))

    @cached_property
    def sparkline_text(self) -> str:
        """The same in words."""
        calls = sum(point.calls for point in self.totals.recent)
        errors = sum(point.errors for point in self.totals.recent)
        slowest = max((point.p95 for point in self.totals.recent), default=0.0)
        return ", ".join(
            (
                ngettext("%d call in 24 hours", "%d calls in 24 hours", calls) % calls,
                _("p95 of an hour at most %s") % duration(slowest),
                ngettext("%d error", "%d errors", errors) % errors,
            )
        )

    @cached_property
    def last_loop(self) -> list[str]:
        """The last chain of calls that came back to where it began."""
        return [name.strip() for name in self._loop["chain"].split("→") if name.strip()]

    @property
    def last_loop_times(self) -> str:
        """How often it had gone round, in the words in which it was told."""
        return self._loop["times"] or ""

    @cached_property
    def _loop(self) -> dict[str, str]:
        found = LOOP.fullmatch(self.totals.last_loop)
        return found.groupdict() if found else {"chain": "", "times": ""}


def slots(points: Iterable[Point], now: datetime) -> tuple[list[float | None], list[int]]:
    """Put hours into their places in the last day; return their p95, and the places of those with errors."""
    values: list[float | None] = [None] * RECENT
    bad = []
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    for point in points:
        place = RECENT - 1 - (this_hour - point.start) // timedelta(hours=1)
        if 0 <= place < RECENT:
            values[place] = point.p95 if point.calls else None
            bad += [place] if point.errors else []
    return values, bad


@dataclass(frozen=True)
class Row:
    """A receiver on the map, with what was measured of it."""

    signal: NamedSignal
    line: ReceiverLine
    anchor: str
    figures: Figures | None
    is_one_of_several: bool

    @property
    def function(self) -> str:
        """The last part of the receiver's name."""
        return self.line.name.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The rest of it."""
        return self.line.name.rpartition(".")[0]

    @property
    def module_name(self) -> SafeString:
        """The same, for places where there may be no room."""
        return breakable(f"{self.module}.") if self.module else SafeString()

    @property
    def mark(self) -> Mark:
        """Return what is to be seen of it at once, the worst first."""
        if self.line.is_dead:
            return Mark.DEAD
        if self.figures and (self.figures.totals.errors or self.figures.totals.loops):
            return Mark.FAILING
        if self.figures and self.figures.totals.slow:
            return Mark.SLOW
        return Mark.FLAGGED if self.line.findings else Mark.PLAIN


@dataclass(frozen=True)
class HookRow:
    """A hook where it runs; nothing is measured of it."""

    line: HookLine
    anchor: str

    @property
    def function(self) -> str:
        """The last part of the function's name; a title has no parts."""
        return self.line.name if " " in self.line.name else self.line.name.rpartition(".")[2]

    @property
    def module_name(self) -> SafeString:
        """The rest of the name, which may be broken between its parts."""
        return breakable(self.line.name.removesuffix(self.function))


def _totals(hours: int) -> list[ReceiverTotals] | None:
    """Return what was measured, None where the table cannot be read: the map is shown without it."""
    try:
        with transaction.atomic(using=router.db_for_read(ReceiverStatistics)):
            return totals(hours=hours)
    except (OperationalError, ProgrammingError):
        return None


class Measured:
    """Everything that was measured in a period: read once for each page.

    `is_unreadable` says that there are no figures because their table cannot be read, as before it was made.
    """

    def __init__(self, hours: int, form: Form) -> None:
        self.form = form
        found = _totals(hours)
        self.is_unreadable = found is None
        self.all = [Figures(one) for one in found or ()]
        self._by_key = {(one.totals.signal, one.totals.receiver): one for one in self.all}

    @classmethod
    def of_request(cls, request: HttpRequest) -> Measured:
        """Read what was measured in the period that is asked for."""
        form, values = asked(PeriodForm, request)
        return cls(values.get("hours", DAY), form)

    @property
    def failing(self) -> list[Figures]:
        """What failed, that which failed most first."""
        found = [one for one in self.all if one.totals.errors]
        return sorted(found, key=lambda one: -one.totals.errors)

    @property
    def looping(self) -> list[Figures]:
        """What came back to where it began."""
        found = [one for one in self.all if one.totals.loops]
        return sorted(found, key=lambda one: -one.totals.loops)

    @property
    def counts(self) -> dict[str, int]:
        """How much there is to be seen on the tabs of what is wrong."""
        return {"failing": len(self.failing), "loops": len(self.looping)}

    def row(self, signal: NamedSignal, line: ReceiverLine, anchor: str) -> Row:
        """Return a receiver with what was measured of it."""
        figures = self._by_key.get((signal.path, line.name)) or self._by_key.get((signal.name, line.name))
        return Row(signal, line, anchor, figures, self._times[signal.path, line.name] > 1)

    @cached_property
    def _times(self) -> Counter[tuple[str, str]]:
        """How often receivers are connected to a signal: what is measured of one is so of all its senders."""
        return Counter((each.signal.path, line.name) for each in self.map.signals for line in each.receivers)

    @cached_property
    def map(self) -> SignalMap:
        """The whole map."""
        return signal_map()
