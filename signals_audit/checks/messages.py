"""The words that the checks share."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any, Final

from django.core.checks import Error

TAG: Final = "signals_audit"
ALIKE: Final = 0.6
FEW: Final = 20


def error(number: int, message: str, hint: str | None = None) -> Error:
    """Return an error with one of our ids."""
    return Error(message, hint=hint, id=f"signals_audit.E{number:03}")


def unknown(number: int, message: str, name: str, known: Iterable[str]) -> Error:
    """Return an error about a name, with the one that may have been meant or those that there are."""
    return error(number, message, suggestion(name, list(known)))


def suggestion(name: str, known: list[str]) -> str | None:
    """Return a hint: the likeliest of the known names, or all of them where they are few."""
    close = closest(name, known)
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    if 0 < len(known) <= FEW:
        return f"Known are: {', '.join(known)}."
    return None


def closest(name: str, known: list[str]) -> list[str]:
    """Return the names that are most like another one, several if they are equally so."""
    scores = {item: SequenceMatcher(None, item.lower(), name.lower()).ratio() for item in known}
    best = max(scores.values(), default=0.0)
    return [item for item, score in scores.items() if score == best and best >= ALIKE]


def shown(value: Any) -> str:
    """Return the text of a value that somebody wrote, however long it is."""
    return reprlib.repr(value)
