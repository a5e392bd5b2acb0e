"""The words that the checks share."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final

from django.core.checks import Error

TAG: Final = "signals_audit"


def error(number: int, message: str, hint: str | None = None) -> Error:
    """Return an error with one of our ids."""
    return Error(message, hint=hint, id=f"signals_audit.E{number:03}")


def unknown(number: int, message: str, name: str, known: Iterable[str]) -> Error:
    """Return an error about a name, with the one that may have been meant or those that there are."""
    return error(number, message, suggestion(name, list(known)))


def suggestion(name: str, known: list[str]) -> str | None:
    """Return a hint: the likeliest of the known names, or all of them where they are few."""
    spelled = {item.lower(): item for item in known}
    close = get_close_matches(name.lower(), spelled, n=1)
    if close:
        return f"Did you mean {spelled[close[0]]!r}?"
    if 0 < len(known) <= 20:
        return f"Known are: {', '.join(known)}."
    return None


def shown(value: Any) -> str:
    """Return the text of a value that somebody wrote, however long it is."""
    return reprlib.repr(value)
