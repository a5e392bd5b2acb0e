"""What this process has measured of receivers since it was last asked.

Memory is bounded: a few figures and texts for each receiver, and one place for all beyond the thousandth.
A receiver is known by its name alone, so that none is kept alive.
"""

from __future__ import annotations

import logging
import math
import os
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Final

from ..exceptions import SignalLoop
from .durations import Durations

logger = logging.getLogger("signals_audit.tracing")

MOST: Final = 1000  # receivers that are told apart
OTHERS: Final = "(others)"  # what the rest of them is called
FULL: Final = 256  # durations that are kept before they are counted
FEW: Final = 16  # other things that are kept before they are counted
LONGEST: Final = 16_000  # characters of a text; of a traceback the last ones
FRAMES: Final = 50  # of a traceback, the last ones
MINUTE: Final = 60.0
FOLDER: Final = os.path.join(os.path.dirname(__file__), "")

NONE: Final = Durations()

Key = tuple[str, str]  # the names of a signal and of a receiver


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that a receiver raised, in words: the error itself keeps alive all that it has passed."""

    error: str
    traceback: str
    at: datetime

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return what is kept of an error."""
        line = "".join(traceback.format_exception_only(error)).strip()
        told = "".join(
            traceback.format_exception(type(error), error, _from_outside(error.__traceback__), limit=-FRAMES)
        )
        return cls(line[:LONGEST], told[-LONGEST:], datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a receiver. `calls` were measured, and stand for `sent`; times are in seconds."""

    calls: int = 0
    sent: float = 0.0
    total: float = 0.0
    maximum: float = 0.0
    durations: Durations = NONE
    errors: int = 0
    failure: Failure | None = None
    queries: int = 0
    slow: int = 0
    loops: int = 0
    loop: str = ""

    @classmethod
    def of(cls, times: list[float], rate: float) -> Measured:
        """Return what durations amount to."""
        return cls(
            calls=len(times),
            sent=len(times) / rate,
            total=math.fsum(times),
            maximum=max(times, default=0.0),
            durations=Durations.of(times),
        )

    def __add__(self, later: Measured) -> Measured:
        return Measured(
            calls=self.calls + later.calls,
            sent=self.sent + later.sent,
            total=self.total + later.total,
            maximum=max(self.maximum, later.maximum),
            durations=self.durations + later.durations,
            errors=self.errors + later.errors,
            failure=later.failure or self.failure,
            queries=self.queries + later.queries,
            slow=self.slow + later.slow,
            loops=self.loops + later.loops,
            loop=later.loop or self.loop,
        )


NOTHING: Final = Measured()


def _from_outside(found: TracebackType | None) -> TracebackType | None:
    """Return a traceback from where it leaves this package."""
    rest = found
    while rest is not None and rest.tb_frame.f_code.co_filename.startswith(FOLDER):
        rest = rest.tb_next
    return rest or found


@dataclass(frozen=True, slots=True)
class Measuring:
    """How things are measured: the share of all sends, and the seconds from which a call is slow."""

    rate: float = 1.0
    slow_from: float = math.inf


class Figures:
    """What is measured of one receiver of one signal.

    Whoever measures only appends to lists, which needs no lock. They are counted now and then by whoever
    finds them full; where somebody is at it already that is left to the next one, for code that runs in a
    garbage collection could wait for itself.
    """

    __slots__ = (
        "_counted",
        "_counting",
        "_key",
        "_others",
        "_rate",
        "_telling",
        "_told",
        "slow_from",
        "times",
    )

    def __init__(self, key: Key, measuring: Measuring) -> None:
        self.times: list[float] = []
        self._key = key
        self._others: list[Measured] = []
        self._counted = NOTHING
        self._counting = Lock()
        self._telling = Lock()
        self._told: dict[str, float] = {}
        self.measure(measuring)

    def measure(self, measuring: Measuring) -> None:
        """Measure in another way from now on."""
        self.slow_from, self._rate = measuring.slow_from, measuring.rate

    def look(self, spent: float) -> None:
        """Look at a duration that is long, and at durations that are many."""
        if spent >= self.slow_from:
            self.add(Measured(slow=1))
            self.tell("%s took %.3f s when %s was sent", self._key[1], spent, self._key[0])
        if len(self.times) >= FULL:
            self.count()

    def failed(self, spent: float, error: BaseException) -> None:
        """Add a call that raised; that a loop was stopped is no fault of those whom it runs through."""
        self.times.append(spent)
        self.look(spent)
        if isinstance(error, Exception) and not isinstance(error, SignalLoop):
            self.add(Measured(errors=1, failure=self._failure(error)))

    def _failure(self, error: Exception) -> Failure | None:
        """Return an error in words; not again where a receiver has called itself, and it passes it again."""
        return None if self._was_passed(error.__traceback__) else Failure.of(error)

    def _was_passed(self, here: TracebackType | None) -> bool:
        """Tell whether an error has come through the same receiver before it came here."""
        rest = here.tb_next if here is not None else None
        while rest is not None:
            frame = rest.tb_frame
            is_ours = frame.f_code.co_filename.startswith(FOLDER)
            if is_ours and getattr(frame.f_locals.get("self"), "figures", None) is self:
                return True
            rest = rest.tb_next
        return False

    def add(self, measured: Measured) -> None:
        """Add what is not told by a duration."""
        self._others.append(measured)
        if len(self._others) >= FEW:
            self.count()

    def tell(self, message: str, *values: object) -> None:
        """Log something, unless the same was logged within the last minute, with whatever values."""
        if self._is_news(message):
            logger.warning(message, *values)

    def count(self) -> None:
        """Count what is in the lists, unless somebody does."""
        if self._counting.acquire(blocking=False):
            try:
                self._count()
            finally:
                self._counting.release()

    def take(self) -> Measured:
        """Return what was measured, and begin anew."""
        with self._counting:
            self._count()
            taken, self._counted = self._counted, NOTHING
        return taken

    def _count(self) -> None:
        # Others go on appending: what was copied is cut off, and not a call more.
        times, others = self.times[:], self._others[:]
        del self.times[: len(times)], self._others[: len(others)]
        self._counted = sum(others, self._counted + Measured.of(times, self._rate))

    def _is_news(self, message: str) -> bool:
        if not self._telling.acquire(blocking=False):
            return False
        try:
            now = monotonic()
            is_news = now - self._told.get(message, now - MINUTE) >= MINUTE
            if is_news:
                self._told[message] = now
            return is_news
        finally:
            self._telling.release()


class Store:
    """The figures of all receivers."""

    def __init__(self) -> None:
        self._measuring = Measuring()
        self._figures: dict[Key, Figures] = {}

    def of(self, signal: str, receiver: str) -> Figures:
        """Return the figures of a receiver by its name, or those of all that are too many."""
        found = self._figures.get((signal, receiver))
        if found is not None:
            return found
        key = (signal, receiver if len(self._figures) < MOST else OTHERS)
        return self._figures.setdefault(key, Figures(key, self._measuring))

    def measure(self, measuring: Measuring) -> None:
        """Measure in another way from now on."""
        self._measuring = measuring
        for figures in list(self._figures.values()):
            figures.count()
            figures.measure(measuring)

    def take(self) -> dict[Key, Measured]:
        """Return what was measured since this was asked for last."""
        taken = {key: figures.take() for key, figures in list(self._figures.items())}
        return {key: measured for key, measured in taken.items() if measured != NOTHING}

    def begin_anew(self) -> None:
        """Forget all figures, in a process that was forked: its parent has them."""
        for key, figures in list(self._figures.items()):
            Figures.__init__(figures, key, self._measuring)


store: Final = Store()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=store.begin_anew)
