"""The picture of a cycle: who calls whom, until the first is called again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .letters import cut_left
from .sizes import GAP, INSIDE, LINE, WIDTH

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
