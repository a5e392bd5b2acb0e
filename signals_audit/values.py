"""How a value is written into `changes`, and read back with its type.

`changes` is one JSON object. Its members are

* `{field: [before, after]}`; a create has `[null, value]`, a delete `[value, null]`,
* `{field: {"added": [key, ...], "removed": [key, ...]}}` for a many-to-many field,

where each value is spelled in exactly one way, the same whichever way the change was captured:

=============================  =========================================================================
`null`, `true`, `false`        None (SQL NULL) and booleans
string                         text without NUL and without lone surrogates
integer                        integers from -(2**53 - 1) to 2**53 - 1, which every JSON reader keeps exact
`{"int": "9007199254740992"}`  all other integers, in decimal; in hexadecimal ("0x...") above 2048 bits
`{"float": "1.5"}`             every float, as Python's `repr`; also "nan", "inf", "-inf", "-0.0"
`{"decimal": "1.50"}`          exponent and trailing zeros kept; also "NaN", "sNaN", "Infinity"
`{"date": "2026-11-22"}`       ISO 8601
`{"time": "12:30:00"}`         ISO 8601, with ".ffffff" when there are microseconds
`{"datetime": "..."}`          ISO 8601; an aware one in UTC ("+00:00"), a naive one without offset
`{"duration": "P1DT..."}`      as Django's `duration_iso_string`
`{"uuid": "..."}`              36 characters, lower case
`{"bytes": "..."}`             base64
`{"text": "..."}`              base64 of the UTF-8 (with surrogates) of any text that is no plain string
`{"list": [...]}`              arrays, tuples and sets: a list of encoded values
`{"json": ...}`                the value of a JSON field; what is inside is opaque and never read as a tag
`{"json_text": "..."}`         the same as ASCII JSON text, keys sorted: for what databases refuse within
                               JSON (NUL, lone surrogates, NaN, Infinity, more than 16 levels)
`{"repr": "..."}`              a value of another type: readable, not restorable
`{"masked": true}`             a value that is secret
`{"unknown": true}`            a value that is not known
=============================  =========================================================================

A tag is an object with exactly one key. A field's own value cannot be mistaken for one, because objects of
users appear within `json` only. Members of enumerations stand for their values, files for their names. What
the spelling does not keep: `fold`, the zone of an aware datetime (the instant is kept), the difference of SQL
NULL and JSON null where Python reads both as None, and within `json` what PostgreSQL's jsonb does to numbers.
"""

from __future__ import annotations

import datetime
import enum
import json
import re
import uuid
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from contextlib import suppress
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias

from django.core.files.base import File
from django.utils.duration import duration_iso_string
from django.utils.functional import LazyObject, Promise

from .texts import (
    CANONICAL,
    COMPACT,
    LENIENT,
    MAX_DEPTH,
    MAX_INT,
    depth,
    describe,
    is_storable_json,
    is_utf8,
    shortened,
)
from .texts import dumps as dumps
from .texts import json_safe as json_safe
from .texts import text as text
from .types import UNKNOWN, Unknown

Encoded: TypeAlias = bool | int | str | dict[str, Any] | None


class Masked(enum.Enum):
    """The value that stands where a secret was."""

    MASKED = "masked"

    def __repr__(self) -> str:
        return "MASKED"


class Repr(str):
    """The text of a stored value whose type cannot be restored."""

    __slots__ = ()


MASKED_VALUE: Final = Masked.MASKED
MASKED: Final[dict[str, Any]] = {"masked": True}
UNKNOWN_MARK: Final[dict[str, Any]] = {"unknown": True}

MAX_DECIMAL_BITS: Final = 2048  # Python refuses to print integers of more digits than a limit somewhere above
MAX_KEY: Final = 255

_PLAIN_SPELLING = Context(capitals=1)
_SHORTENED = re.compile(r"#[0-9a-f]{64}\Z")
_DURATION = re.compile(r"(-?)P(\d+)DT(\d\d)H(\d\d)M(\d\d)(?:\.(\d{6}))?S")


def encode(value: Any) -> Encoded:
    """Return the JSON-safe spelling of any value; never raise."""
    kind: type = type(value)
    if kind is str:
        if value.isascii() and "\0" not in value:
            return value  # type: ignore[no-any-return]
    elif kind is int:
        if -MAX_INT <= value <= MAX_INT:
            return value  # type: ignore[no-any-return]
    elif value is None or kind is bool:
        return value  # type: ignore[no-any-return]
    try:
        return _encoder(kind)(value)
    except Exception:  # whatever a foreign type does, the write goes on
        return {"repr": describe(value)}


def encode_json(value: Any) -> dict[str, Any] | None:
    """Return the spelling of a JSON field's value, as a copy; never raise."""
    if value is None:
        return None
    try:
        return _encode_json(value)
    except Exception:  # circular, or nested deeper than Python can follow
        return {"repr": describe(value)}


def decode(encoded: Encoded) -> Any:
    """Return the value that `encode` or `encode_json` was given; raise ValueError for what is no spelling."""
    if encoded is None or isinstance(encoded, bool | int | str):
        return encoded
    try:
        ((tag, body),) = encoded.items()
        return _DECODERS[tag](body)
    except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"Not an encoded value: {describe(encoded)}") from error


def same(before: Encoded, after: Encoded) -> bool:
    """Tell whether two encoded values stand for the same value: 1, True and 1.0 differ, NaN is NaN."""
    if before is after:
        return True
    if type(before) is not type(after) or before != after:
        return False
    if not isinstance(before, dict) or not ("json" in before or "list" in before):
        return True
    return CANONICAL.encode(before) == CANONICAL.encode(after)


def object_key(pk: Any) -> str:
    """Return the text that stands for a primary key: at most 255 characters, one for each key."""
    if type(pk) is int and -MAX_INT <= pk <= MAX_INT:
        return str(pk)
    encoded = encode(pk)
    key = _spelling(encoded)
    storable = not (isinstance(encoded, dict) and "text" in encoded)
    if storable and len(key) <= MAX_KEY and not is_shortened(key):
        return key
    return shortened(key if storable else text(pk), dumps(encoded), limit=MAX_KEY)


def is_shortened(key: str) -> bool:
    """Tell whether a text that stands for a primary key does not say all of it."""
    return _SHORTENED.search(key) is not None


def loaded(value: Any) -> Any:
    """Return what a lazy object stands for, and any other value as it is."""
    if issubclass(type(value), LazyObject):
        value.__class__  # noqa: B018 - looking at it loads the wrapped object
        return value._wrapped
    return value


# Encoding


def _encode_text(value: str) -> Encoded:
    value = str.__str__(value)
    if "\0" not in value and is_utf8(value):
        return value
    return {"text": _base64(value.encode("utf-8", "surrogatepass"))}


def _encode_int(value: int) -> Encoded:
    value = int.__int__(value)
    if -MAX_INT <= value <= MAX_INT:
        return value
    return {"int": str(value) if value.bit_length() <= MAX_DECIMAL_BITS else hex(value)}


def _encode_datetime(value: datetime.datetime) -> Encoded:
    if value.tzinfo is not None and value.tzinfo is not datetime.UTC and value.utcoffset() is not None:
        with suppress(OverflowError):  # the first and last hours of the calendar may have no UTC
            value = value.astimezone(datetime.UTC)
    return {"datetime": datetime.datetime.isoformat(value)}


def _encode_list(value: Any) -> Encoded:
    items = [encode(item) for item in value]
    if depth(items) > MAX_DEPTH:
        return {"repr": describe(value)}
    return {"list": items}


def _encode_set(value: Any) -> Encoded:
    return {"list": sorted(map(encode, value), key=dumps)}


def _encode_json(value: Any) -> dict[str, Any]:
    try:
        written = COMPACT.encode(value)
        plain = is_storable_json(written)
    except ValueError:
        written, plain = LENIENT.encode(value), False
    copy = json.loads(written)
    if plain and (written.count("[") + written.count("{") <= MAX_DEPTH or depth(copy) <= MAX_DEPTH):
        return {"json": copy}
    return {"json_text": CANONICAL.encode(copy)}


def _base64(value: Any) -> str:
    return b2a_base64(value, newline=False).decode("ascii")


_ENCODERS: Final[dict[type, Callable[[Any], Encoded]]] = {
    # in the order in which subclasses are looked up
    Masked: lambda value: MASKED,
    Unknown: lambda value: UNKNOWN_MARK,
    Repr: lambda value: {"repr": text(value)},
    LazyObject: lambda value: encode(loaded(value)),
    Promise: lambda value: _encode_text(str(value)),
    str: _encode_text,
    int: _encode_int,
    float: lambda value: {"float": float.__repr__(value)},
    Decimal: lambda value: {"decimal": _PLAIN_SPELLING.to_sci_string(value)},
    datetime.datetime: _encode_datetime,
    datetime.date: lambda value: {"date": datetime.date.isoformat(value)},
    datetime.time: lambda value: {"time": datetime.time.isoformat(value)},
    datetime.timedelta: lambda value: {"duration": duration_iso_string(value)},
    uuid.UUID: lambda value: {"uuid": uuid.UUID.__str__(value)},
    bytes: lambda value: {"bytes": _base64(value)},
    bytearray: lambda value: {"bytes": _base64(value)},
    memoryview: lambda value: {"bytes": _base64(value.tobytes())},
    list: _encode_list,
    tuple: _encode_list,
    set: _encode_set,
    frozenset: _encode_set,
    dict: lambda value: encode_json(value),
    File: lambda value: _encode_text(value.name or ""),
    enum.Enum: lambda value: encode(value.value),
}


@lru_cache(maxsize=256)
def _encoder(kind: type) -> Callable[[Any], Encoded]:
    fitting = (encoder for base, encoder in _ENCODERS.items() if issubclass(kind, base))
    return next(fitting, lambda value: {"repr": describe(value)})


# Decoding


def _decode_text(body: str) -> str:
    return a2b_base64(body).decode("utf-8", "surrogatepass")


def _decode_duration(body: str) -> datetime.timedelta:
    match = _DURATION.fullmatch(body)
    if match is None:
        raise ValueError(f"Not a duration: {body!r}")
    days, hours, minutes, seconds, micros = (int(part or 0) for part in match.groups()[1:])
    duration = datetime.timedelta(days, seconds, micros, minutes=minutes, hours=hours)
    return -duration if match[1] else duration


_DECODERS: Final[dict[str, Callable[[Any], Any]]] = {
    "int": lambda body: int(body, 16 if "x" in body else 10),
    "float": float,
    "decimal": Decimal,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "duration": _decode_duration,
    "uuid": uuid.UUID,
    "bytes": a2b_base64,
    "text": _decode_text,
    "list": lambda body: [decode(item) for item in body],
    "json": lambda body: body,
    "json_text": json.loads,
    "repr": Repr,
    "masked": lambda body: MASKED_VALUE,
    "unknown": lambda body: UNKNOWN,
}


def _spelling(encoded: Encoded) -> str:
    """Return what an encoded value spells, without its tag."""
    body = next(iter(encoded.values())) if isinstance(encoded, dict) else encoded
    return body if isinstance(body, str) else dumps(body)
