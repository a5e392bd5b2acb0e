"""Texts in pictures: how wide they are, and as much of them as there is room for.

They are set in a font whose letters are equally wide.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from ..display import ELLIPSIS, printable

LONGEST: Final = 400  # characters that anybody reads
EM: Final = 0.61  # width of a letter, of the wider ones among the usual fonts


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
    return " ".join(printable(text[:LONGEST]).split())
