"""Pictures of signals as SVG: where everything is drawn. Templates write it down, the stylesheet colours it.

All numbers are whole, and all texts are cut to the place that they have: they are set in a font whose
letters are equally wide. A picture is never the only place where something is said.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .display import ELLIPSIS, printable

WIDTH: Final = 360  # fits a telephone, and leaves room beside it on a desk
TALLEST: Final = 400  # lines of one picture; the list below it has all
EM: Final = 0.61  # width of a letter, of the wider ones among the usual fonts
LINE, CARD, GAP, INDENT, DEEPEST = 30, 42, 6, 14, 5
SPINE, LEFT, INSIDE = 16, 38, 10


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


# Texts: how wide they are, and as much of them as there is room for.


def text_width(text: str, size: int) -> int:
    """Return how wide a text is, in letters of equal width; those of East Asia are twice as wide."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return round((len(text) + wide) * size * EM)


def cut(text: str, *, size: int, width: int) -> str:
    """Return the beginning of a text, as much as there is room for."""
    kept = one_line(text)
    if text_width(kept, size) <= width:
        return kept
    while kept and text_width(kept + ELLIPSIS, size) > width:
        kept = kept[:-1]
    return kept + ELLIPSIS


def cut_left(text: str, *, size: int, width: int) -> str:
    """Return the end of a text, as much as there is room for: what tells dotted paths apart."""
    return cut(text[::-1], size=size, width=width)[::-1]


def one_line(text: str) -> str:
    """Return a text as a browser can show it in a picture, no longer than anybody reads."""
    return " ".join(printable(text[:TALLEST]).split())


# A cycle: who calls whom, until the first is called again.

BOX_X, BOX_WIDTH, STEP, MOST_LINKS = 2, WIDTH - 44, 50, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One of those in a chain, with its place."""

    y: int
    text: str
    title: str

    @property
    def middle(self) -> int:
        """Where the middle of the box is."""
        return self.y + LINE // 2

    @property
    def base(self) -> int:
        """Where the letters stand."""
        return self.middle + 4

    @property
    def bottom(self) -> int:
        """Where the box ends, and the arrow to the next one begins."""
        return self.y + LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The picture of a chain; `is_closed` where it ends as it began."""

    links: tuple[Link, ...]
    is_closed: bool
    width: int = WIDTH
    box_height: int = LINE
    box_x: int = BOX_X
    box_width: int = BOX_WIDTH
    right: int = BOX_X + BOX_WIDTH
    center: int = BOX_X + BOX_WIDTH // 2
    turn: int = WIDTH - 14
    arrow: int = STEP - LINE - 1

    @property
    def first(self) -> Link:
        """Where the way back leads to."""
        return self.links[0]

    @property
    def last(self) -> Link:
        """Where the way back begins."""
        return self.links[-1]

    @property
    def height(self) -> int:
        """How tall the picture is."""
        return (self.links[-1].bottom if self.links else 0) + GAP


def cycle(names: Sequence[str]) -> Cycle:
    """Draw a chain as boxes below each other; where it ends as it began, with a way back."""
    is_closed = len(names) > 1 and names[0] == names[-1]
    kept = (names[:-1] if is_closed else names)[:MOST_LINKS]
    links = tuple(
        Link(y=GAP + place * STEP, text=cut_left(name, size=12, width=BOX_WIDTH - 2 * INSIDE), title=name)
        for place, name in enumerate(kept)
    )
    return Cycle(links=links, is_closed=is_closed)


# A sparkline: how something went, at a glance.

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
