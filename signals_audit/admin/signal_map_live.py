"""What was measured: the slowest receivers, those that fail, and those that loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..pictures import Cycle, cycle
from ..tracing.maps import ReceiverLine, SignalLines, SignalMap
from .signal_map_forms import short_names
from .signal_map_lines import Figures, Measured, breakable

MOST_SLOWEST, MOST_CARDS = 200, 50  # on one page


@dataclass(frozen=True)
class Found:
    """A receiver that was measured, and where it is on the map: nowhere, where it is no longer connected.

    `not_called` are those that Django does not call when this one raises.
    """

    figures: Figures
    signal: str
    anchor: str = ""
    lines: tuple[ReceiverLine, ...] = ()
    not_called: tuple[ReceiverLine, ...] = ()

    @property
    def name(self) -> SafeString:
        """Its name, which may be broken between its parts."""
        return breakable(self.figures.totals.receiver)

    @property
    def chain(self) -> list[SafeString]:
        """Its last loop, step by step."""
        return [breakable(name) for name in self.figures.last_loop]

    @property
    def cycle(self) -> Cycle:
        """The picture of its last loop."""
        return cycle(self.figures.last_loop)


def slowest(request: HttpRequest, measured: Measured) -> dict[str, Any]:
    """Return all receivers, the slowest first."""
    return _found(measured.all, measured.map, most=MOST_SLOWEST)


def failing(request: HttpRequest, measured: Measured) -> dict[str, Any]:
    """Return the receivers that failed."""
    return _found(measured.failing, measured.map, most=MOST_CARDS)


def loops(request: HttpRequest, measured: Measured) -> dict[str, Any]:
    """Return the receivers through which a save came back to itself."""
    return _found(measured.looping, measured.map, most=MOST_CARDS)


def _found(every: Sequence[Figures], shown: SignalMap, *, most: int) -> dict[str, Any]:
    short = short_names(each.signal for each in shown.signals)
    by_name = {name: each for each in shown.signals for name in (each.signal.name, each.signal.path)}
    found = [_on_map(figures, by_name.get(figures.totals.signal), short) for figures in every[:most]]
    return {"found": found, "more": len(every[most:])}


def _on_map(figures: Figures, signal: SignalLines | None, short: Mapping[str, str]) -> Found:
    lines = signal.receivers if signal else ()
    own = tuple(line for line in lines if line.name == figures.totals.receiver)
    if signal is None or not own:
        return Found(figures, figures.totals.signal)
    anchor = f"{signal.signal.path}-{own[0].position}"
    not_called = tuple(_after(own[0], lines)) if len(own) == 1 else ()
    return Found(figures, short[signal.signal.path], anchor, own, not_called)


def _after(line: ReceiverLine, lines: Iterable[ReceiverLine]) -> Iterator[ReceiverLine]:
    """Return the receivers behind one that hear of the same sender."""
    for other in lines:
        is_behind = other.position > line.position and not other.is_dead
        if is_behind and (not line.sender or other.sender in ("", line.sender)):
            yield other
