"""The picture of what happens one after the other: signals, and who hears them."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .letters import cut, cut_left, text_width
from .sizes import GAP, INSIDE, LINE, WIDTH

TALLEST: Final = 400  # lines of one picture; the list beside it has all
CARD, INDENT, DEEPEST = 42, 14, 5
SPINE, LEFT = 16, 38


class Kind(enum.Enum):
    """What a line of a picture shows."""

    SIGNAL = "signal"
    RECEIVER = "receiver"
    MOMENT = "moment"
    REST = "rest"


class Mark(enum.Enum):
    """What is to be seen of a receiver at once."""

    PLAIN = "plain"
    FLAGGED = "flagged"
    SLOW = "slow"
    FAILING = "failing"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is to be drawn on one line: a signal, a receiver that hears it, or what happens between them.

    `share` is how much of the longest time a receiver takes, from 0.0 to 1.0.
    """

    kind: Kind
    text: str
    detail: str = ""
    note: str = ""
    number: str = ""
    title: str = ""
    href: str = ""
    mark: Mark = Mark.PLAIN
    share: float = 0.0
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A line with its place in the picture, its texts cut to it."""

    line: Line
    x: int
    y: int
    width: int
    height: int
    text: str
    detail: str
    bar: int

    @property
    def middle(self) -> int:
        """Where the middle of the line is."""
        return self.y + self.height // 2

    @property
    def inside(self) -> int:
        """Where texts inside of it begin."""
        return self.x + INSIDE + 2

    @property
    def right(self) -> int:
        """Where what stands at the right inside of it ends."""
        return self.x + self.width - INSIDE

    @property
    def base(self) -> int:
        """Where the letters of a single line stand."""
        return self.middle + 4

    @property
    def badge(self) -> int:
        """Where the number of a signal begins, as a small pill on the line of time."""
        return self.middle - 9

    @property
    def badge_base(self) -> int:
        """Where its digits stand."""
        return self.middle + 3

    @property
    def first(self) -> int:
        """Where the letters of the first of two lines stand."""
        return self.y + 17

    @property
    def second(self) -> int:
        """Where the letters of the second of two lines stand."""
        return self.y + 33

    @property
    def foot(self) -> int:
        """Where a bar at its lower edge begins."""
        return self.y + self.height - 3

    @property
    def pill(self) -> int:
        """How wide it is when it is no wider than its text."""
        return min(text_width(self.text, 12) + 2 * INSIDE + 4, self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The picture of what happens one after the other: its size and its lines."""

    height: int
    lines: tuple[Drawn, ...]
    width: int = WIDTH
    spine: int = SPINE


def life(lines: Iterable[Line]) -> Life:
    """Draw lines below each other; signals on a line of time, their receivers as cards beside it."""
    drawn: list[Drawn] = []
    y = GAP
    for line in list(lines)[:TALLEST]:
        drawn.append(_drawn(line, y))
        y += drawn[-1].height + GAP
    return Life(height=y, lines=tuple(drawn))


def _drawn(line: Line, y: int) -> Drawn:
    x = LEFT + min(line.depth, DEEPEST) * INDENT
    width = WIDTH - x - 2
    inner = width - 2 * INSIDE
    beside = sum(text_width(text, 12) + INSIDE for text in (line.note, line.number) if text)
    return Drawn(
        line=line,
        x=x,
        y=y,
        width=width,
        height=CARD if line.kind is Kind.RECEIVER else LINE,
        text=cut(line.text, size=13, width=inner - beside),
        detail=cut_left(line.detail, size=11, width=inner),
        bar=round(width * min(max(line.share, 0.0), 1.0)),
    )
