"""Text and JSON that every database accepts, made from anything."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

MAX_REPR: Final = 1000
MAX_INT: Final = 2**53 - 1  # what every JSON reader keeps exact
MAX_DEPTH: Final = 16  # MariaDB reads JSON of 32 levels; the rest is for what stands around a value

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def text(value: Any, limit: int | None = None) -> str:
    """Return a value's text without NUL and lone surrogates, cut to a length; never raise."""
    try:
        raw = str.__str__(value) if isinstance(value, str) else str(value)
    except Exception:
        raw = describe(value)
    raw = raw[:limit]
    return raw if raw.isascii() and "\0" not in raw else _UNSTORABLE.sub("\ufffd", raw)


def describe(value: Any) -> str:
    """Return a text for a value of a foreign type: the same for equal values, whatever its methods do."""
    try:
        described = repr(value)
        if _ADDRESS.search(described):
            described = f"<{type(value).__qualname__} {_ADDRESS.sub('', str(value))}>"
    except Exception:
        described = f"<{type(value).__qualname__}>"
    described = _UNSTORABLE.sub("\ufffd", described)
    return described if len(described) <= MAX_REPR else shortened(described, described, limit=MAX_REPR)


def shortened(readable: str, exact: str, *, limit: int) -> str:
    """Return the start of a text, followed by a digest of what it stands for."""
    digest = hashlib.sha256(exact.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable[: limit - len(digest) - 1]}#{digest}"


def is_utf8(value: str) -> bool:
    """Tell whether a text has no lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_storable_json(written: str) -> bool:
    """Tell whether JSON text, written with `ensure_ascii=False`, holds neither NUL nor lone surrogates."""
    if not written.isascii() and not is_utf8(written):
        return False
    return "\\u0000" not in written or _ESCAPED_NUL.search(written) is None


def depth(value: Any) -> int:
    """Return how many levels of objects and arrays a JSON value has."""
    levels, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        levels += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return levels


def dumps(value: Any) -> str:
    """Return compact JSON text that every database accepts, with a replacement for what none can keep."""
    try:
        written = COMPACT.encode(value)
    except Exception:  # NaN, circular, nested too deeply, or a foreign type that fails
        written = ""
    return written if written and is_storable_json(written) else COMPACT.encode(json_safe(value))


def json_safe(value: Any, *, levels: int = MAX_DEPTH) -> Any:
    """Return a copy as plain JSON for people to read: values of other types as their text."""
    kind = type(value)  # a lazy object pretends to have another class, and may fail when asked for it
    if value is None or kind is bool:
        return value
    if issubclass(kind, int) and abs(value) <= MAX_INT:
        return int(value)
    if issubclass(kind, float) and math.isfinite(value):
        return float(value)
    if levels and issubclass(kind, Mapping):
        return {text(key): json_safe(item, levels=levels - 1) for key, item in value.items()}
    if levels and issubclass(kind, (list, tuple, set, frozenset)):
        return [json_safe(item, levels=levels - 1) for item in value]
    return text(value)


_encoder = partial(json.JSONEncoder, separators=(",", ":"), default=json_safe)
COMPACT: Final = _encoder(ensure_ascii=False, allow_nan=False)
LENIENT: Final = _encoder()
CANONICAL: Final = _encoder(sort_keys=True)
