"""What the values in `SIGNALS_AUDIT` have to be: what is not so is left out, and reported by a check."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Fits = Callable[[Any], bool]


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value has to be, in words and in code, and how it is read where it is nearly so."""

    words: str
    fits: Fits
    read: Callable[[Any], Any] = _as_it_is


def is_text(value: Any) -> bool:
    """Tell whether a value is a text that is not empty."""
    return isinstance(value, str) and value != ""


def are_names(value: Any) -> bool:
    """Tell whether a value is a collection of texts."""
    return isinstance(value, (list, tuple, set, frozenset)) and all(map(is_text, value))


def optional(fits: Fits) -> Fits:
    """Let None fit too."""
    return lambda value: value is None or fits(value)


def _names(value: Any) -> Any:
    """Return the names among the values; a single text is the one name that was meant, not its letters."""
    if is_text(value):
        return (value,)
    return tuple(filter(is_text, value)) if isinstance(value, (list, tuple, set, frozenset)) else value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_path(value: Any) -> bool:
    return is_text(value) or isinstance(value, os.PathLike)


NAMES: Final = Shape("a list of names", are_names, _names)
NAMES_OR_NONE: Final = Shape("a list of names or None", optional(are_names), _names)
DICT: Final = Shape("a dict", lambda value: isinstance(value, Mapping))

RAW_SQL: Final = ("warn", "entry", "ignore")
BULK: Final = ("rows", "database", "summary", "off")
SETTINGS: Final = {
    "ENABLED": Shape("True or False", lambda value: isinstance(value, bool)),
    "MODELS": Shape(
        "a dict of labels and options, or a list of labels",
        lambda value: isinstance(value, Mapping) or are_names(value),
    ),
    "AUTO_CREATE": DICT,
    "NOTIFY": Shape("a list of dicts", lambda value: isinstance(value, (list, tuple))),
    "MASK": NAMES,
    "TRUSTED_PROXIES": Shape("a number that is not negative", _is_count),
    "ON_ERROR": Shape('"block" or "log"', lambda value: is_text(value) and value in ("block", "log")),
    "RAW_SQL": Shape('"warn", "entry" or "ignore"', lambda value: is_text(value) and value in RAW_SQL),
    "SPOOL": Shape("the path of a folder or None", optional(_is_path)),
    "DELIVERY": DICT,
    "CHANNELS": DICT,
    "TRACING": DICT,
}
OPTIONS: Final = {
    "fields": NAMES_OR_NONE,
    "exclude": NAMES,
    "mask": NAMES_OR_NONE,
    "m2m": NAMES_OR_NONE,
    "before": Shape('"exact" or "memory"', lambda value: value in ("exact", "memory")),
    "previously": NAMES,
    "capture": Shape('"orm" or "triggers"', lambda value: value in ("orm", "triggers")),
    "bulk": Shape('"rows", "database", "summary" or "off"', lambda value: value in BULK),
}


def _is_duration(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return _is_count(value) and value > 0


SECONDS: Final = Shape("a number of seconds", _is_duration)
DELIVERY: Final = {
    "LEASE": SECONDS,
    "GRACE": SECONDS,
    "BACKOFF": SECONDS,
    "ATTEMPTS": Shape("a number above 0", _is_number),
    "DEPTH": Shape("a number above 0", _is_number),
    "TASKS": Shape("a dotted path", is_text),
    "QUEUE": Shape("the name of a queue or None", optional(is_text)),
}


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


LOOPS: Final = ("ignore", "report", "stop")
TRACING: Final = {
    "STATISTICS": Shape("a share from 0.0 to 1.0", _is_share),
    "SLOW": SECONDS,
    "LOOPS": Shape('"ignore", "report" or "stop"', lambda value: is_text(value) and value in LOOPS),
    "DEPTH": Shape("a number above 0", _is_number),
    "SIGNALS": NAMES_OR_NONE,
    "KEEP": Shape("a number of days above 0", _is_number),
}


def fitting(raw: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """Return the values that are what they have to be, as they are read."""
    read = {key: shape.read(raw[key]) for key, shape in shapes.items() if key in raw}
    return {key: value for key, value in read.items() if shapes[key].fits(value)}
