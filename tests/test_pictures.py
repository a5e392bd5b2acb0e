"""Where things are drawn: inside the picture, below each other, and no longer than there is room for."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import pytest

from signals_audit.pictures import Kind, Life, Line, Sparkline, cycle, life, sparkline
from signals_audit.pictures.cycles import MOST_LINKS
from signals_audit.pictures.letters import cut, cut_left, text_width
from signals_audit.pictures.lives import TALLEST
from signals_audit.pictures.sizes import WIDTH
from signals_audit.pictures.sparklines import Bar


def drawn(*lines: Line) -> Life:
    return life(lines)


def receiver(**values: Any) -> Line:
    return Line(kind=Kind.RECEIVER, **{"text": "touch", "detail": "blog.signals"} | values)


def test_lines_stand_below_each_other_inside_the_picture() -> None:
    picture = drawn(
        Line(kind=Kind.SIGNAL, text="pre_save", number="1"),
        receiver(share=1.0),
        Line(kind=Kind.MOMENT, text="the row is written", depth=2),
        receiver(depth=99, share=7.5),
    )
    for above, below in pairwise(picture.lines):
        assert above.y + above.height < below.y
    assert all(0 < one.x < one.x + one.width <= WIDTH for one in picture.lines)
    assert all(one.bar <= one.width for one in picture.lines)
    assert picture.lines[-1].y + picture.lines[-1].height <= picture.height


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn() == Life(height=6, lines=())
    assert (cycle([]).height, cycle([]).links, sparkline([]).bars) == (6, (), ())


@pytest.mark.parametrize("name", ["x" * 100_000, "字" * 500, "a\x00b\ud800", "\u202e" * 300, "<script>" * 99])
def test_texts_of_any_length_are_cut_to_their_place(name: str) -> None:
    line = drawn(receiver(text=name, detail=name, note="12 ms", number="3")).lines[0]
    assert text_width(line.text, 13) <= line.width
    assert text_width(line.detail, 11) <= line.width
    assert "\x00" not in line.text + line.detail
    assert all(text_width(link.text, 12) < WIDTH for link in cycle([name, name]).links)


def test_a_text_that_fits_is_left_alone_and_paths_keep_their_end() -> None:
    assert cut("touch_post", size=12, width=200) == "touch_post"
    assert cut("touch_post", size=10, width=40) == "touch…"
    assert cut_left("blog.signals", size=10, width=40) == "…gnals"


def test_a_picture_has_an_end() -> None:
    assert len(life(receiver() for _ in range(10 * TALLEST)).lines) == TALLEST
    assert len(cycle([str(number) for number in range(1000)]).links) == MOST_LINKS


def test_a_chain_that_ends_as_it_began_is_closed() -> None:
    closed, open_ = cycle(["save", "touch", "save"]), cycle(["save", "touch"])
    assert ([link.text for link in closed.links], closed.is_closed) == (["save", "touch"], True)
    assert ([link.text for link in open_.links], open_.is_closed) == (["save", "touch"], False)
    assert closed.last.bottom < closed.height
    assert closed.right < closed.turn < closed.width


def test_a_sparkline_has_a_bar_for_each_value_and_marks_the_bad_ones() -> None:
    assert sparkline([1.0, None, 0.5, 0.0], [2]) == Sparkline(
        width=16,
        bars=(
            Bar(x=0, y=2, height=22, is_bad=False),
            Bar(x=8, y=13, height=11, is_bad=True),
            Bar(x=12, y=22, height=2, is_bad=False),
        ),
    )
    assert sparkline([0.0, 0.0]).bars[0].height == 2


def test_every_number_of_a_picture_is_whole() -> None:
    """A fraction would be written with a comma in half of the world, which is no SVG."""
    one = drawn(receiver(share=1 / 3)).lines[0]
    numbers = {getattr(one, name) for name in ("x", "y", "width", "height", "bar", "middle", "base", "pill")}
    numbers |= set(dataclasses.astuple(sparkline([0.1, 0.3]).bars[0]))
    assert {type(number) for number in numbers} <= {int, bool}
