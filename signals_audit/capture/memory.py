"""Previous values from memory: what a model's rows were when they were loaded, for `before="memory"`.

Loading keeps the row that `from_db` receives, by reference: next to nothing. A save compares with it instead
of reading the row again. The price: what somebody else wrote in the meantime is not seen. A full `save()` of
a stale instance reverts it, and the entry does not say so.
"""

from __future__ import annotations

import copy
import marshal
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Field, JSONField, Model
from django.db.models.fields.related import ForeignKey

from ..values import encode, encode_json, same

ATTRIBUTE = "signals_audit_loaded"

IMMUTABLE = frozenset(
    f"{kind}Field"
    for kind in (
        *("Auto", "BigAuto", "SmallAuto", "BigInteger", "Integer", "SmallInteger", "PositiveInteger"),
        *("PositiveBigInteger", "PositiveSmallInteger", "Boolean", "Char", "Text", "Slug", "Email", "URL"),
        *("FilePath", "File", "Image", "Date", "DateTime", "Time", "Duration", "Decimal", "Float", "UUID"),
        *("GenericIPAddress", "Binary"),
    )
)
PLAIN = frozenset({bool, int, str, float, bytes, Decimal, date, datetime, time, timedelta, UUID})


class Frozen:
    """A value that could be changed in place, kept as it was."""

    __slots__ = ("_bytes", "_value")

    def __init__(self, value: Any) -> None:
        self._bytes: bytes | None = None
        self._value: Any = None
        try:
            self._bytes = marshal.dumps(value)
        except ValueError:  # not made of plain values
            self._value = copy.deepcopy(value)

    def value(self) -> Any:
        """Return the value as it was."""
        return self._value if self._bytes is None else marshal.loads(self._bytes)  # noqa: S302 - our own bytes


def is_mutable(field: Field[Any, Any]) -> bool:
    """Tell whether a field's values could be changed in place; of a type nobody knows it is assumed."""
    target = field.target_field if isinstance(field, ForeignKey) else field
    return target.get_internal_type() not in IMMUTABLE


@cache
def mutable_places(model: type[Model]) -> tuple[int, ...]:
    return tuple(place for place, field in enumerate(model._meta.concrete_fields) if is_mutable(field))


def keep_row(instance: Model, row: Sequence[Any], places: Sequence[int]) -> None:
    """Have an instance remember the row that it was loaded from, with the values at these places frozen."""
    kept = list(row)
    if len(row) == len(instance._meta.concrete_fields):  # a part of a row is not used
        for place in places:
            kept[place] = Frozen(kept[place])
    instance._state.signals_audit_loaded = kept  # type: ignore[attr-defined]


def keep_refreshed(instance: Model, names: Collection[str] | None) -> None:
    """Have an instance remember what it just read again: the fields named, or all."""
    kept = loaded(instance, instance._state.db or "")
    if kept is None:
        return
    fresh = [
        field
        for field in instance._meta.concrete_fields
        if (names is None or field.name in names or field.attname in names)
        and field.attname in instance.__dict__
    ]
    values = {field.attname: kept_value(instance.__dict__[field.attname], field) for field in fresh}
    keep(instance, {**kept, **values})


def loaded(instance: Model, using: str) -> dict[str, Any] | None:
    """Return an instance's values by attribute name as the database had them; None if not known."""
    kept = getattr(instance._state, ATTRIBUTE, None)
    if kept is None or instance._state.db != using:
        return None
    if isinstance(kept, dict):
        return kept
    names = _names(type(instance))
    return dict(zip(names, kept, strict=True)) if len(kept) == len(names) else None


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def keep(instance: Model, values: dict[str, Any] | None) -> None:
    """Have an instance remember other values; those before are left as they are, for copies share them."""
    instance._state.signals_audit_loaded = values  # type: ignore[attr-defined]


def kept_value(value: Any, field: Field[Any, Any]) -> Any:
    """Return a value as it is kept."""
    return Frozen(value) if is_mutable(field) else value


def kept_row(places: Mapping[str, int], row: Sequence[Any], mutable: Iterable[int]) -> dict[str, Any]:
    """Return a row's values as they are kept, by the names of its places."""
    values = list(row)
    for place in mutable:
        values[place] = Frozen(values[place])
    return dict(zip(places, values, strict=True))


def value_of(kept: Any) -> Any:
    """Return a kept value as it was."""
    return kept.value() if isinstance(kept, Frozen) else kept


def may_differ(field: Field[Any, Any], kept: Any, written: Any) -> bool:
    """Tell whether writing a value may change the column: what is equal after cleaning does not."""
    if kept is written:
        return False
    if type(kept) is type(written) and type(kept) in PLAIN:
        return bool(kept != written)
    if hasattr(written, "resolve_expression"):
        return True
    encoder = encode_json if isinstance(field, JSONField) else encode
    return not same(encoder(value_of(kept)), encoder(_cleaned(field, written)))


def _cleaned(field: Field[Any, Any], value: Any) -> Any:
    try:
        return field.to_python(value)
    except Exception:  # a field may refuse a value in any way; the write itself will say so
        return value
