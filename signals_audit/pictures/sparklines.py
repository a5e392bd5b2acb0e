"""The picture of how something went, at a glance: a sparkline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BAR, TALL = 4, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, with its place."""

    x: int
    y: int
    height: int
    is_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A row of bars; `bar_width` is that of all."""

    width: int
    bars: tuple[Bar, ...]
    height: int = TALL
    bar_width: int = BAR - 1


def sparkline(values: Sequence[float | None], bad: Iterable[int] = ()) -> Sparkline:
    """Draw values as bars, nothing where there is none; those at the places in `bad` are marked."""
    highest = max((value for value in values if value is not None), default=0.0) or 1.0
    marked = frozenset(bad)
    bars = tuple(
        _bar(place, value / highest, is_bad=place in marked)
        for place, value in enumerate(values)
        if value is not None
    )
    return Sparkline(width=len(values) * BAR, bars=bars)


def _bar(place: int, share: float, *, is_bad: bool) -> Bar:
    height = max(2, round((TALL - 2) * min(max(share, 0.0), 1.0)))
    return Bar(x=place * BAR, y=TALL - height, height=height, is_bad=is_bad)
