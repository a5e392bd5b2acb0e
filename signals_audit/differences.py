"""What happened to each field of an entry: two values side by side, in a form in which they differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from django.db.models import Model
from django.utils.translation import ngettext

from .display import (
    ELLIPSIS,
    SHORT,
    AnyField,
    Shown,
    clipped,
    decoded,
    field_of,
    folded,
    model_of,
    printable,
    show,
)
from .models import AuditEntry
from .types import Action
from .values import object_key

Names = Mapping[tuple[type[Model], str], str]

NO_NAMES: Final[Names] = MappingProxyType({})
CONTEXT: Final = 20
LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What happened to one field; `before` and `after` are None where there was no row."""

    name: str
    label: str
    before: Shown | None = None
    after: Shown | None = None
    added: tuple[Shown, ...] = ()
    removed: tuple[Shown, ...] = ()
    more: int = 0

    @property
    def is_relation(self) -> bool:
        """Tell whether objects came and went, instead of a value that changed."""
        return self.before is None and self.after is None

    def joined(self, later: FieldChange) -> FieldChange:
        """Return two changes of the same many-to-many field as one."""
        added, removed = (*self.added, *later.added), (*self.removed, *later.removed)
        return replace(self, added=added, removed=removed, more=self.more + later.more)


def field_changes(entry: AuditEntry, names: Names = NO_NAMES) -> list[FieldChange]:
    """Return an entry's changes field by field."""
    return [field_change(entry, name, change, field, names) for name, change, field in raw_changes(entry)]


def raw_changes(entry: AuditEntry) -> Iterator[tuple[str, Any, AnyField | None]]:
    """Yield each change as it is stored, with the field where the code still has it."""
    model = model_of(entry.model)
    for name, change in entry.changes.items() if isinstance(entry.changes, Mapping) else ():
        yield name, change, field_of(model, name)


def field_change(
    entry: AuditEntry, name: str, change: Any, field: AnyField | None, names: Names = NO_NAMES
) -> FieldChange:
    """Return one field's change; whatever stands there is shown."""
    label = str(field.verbose_name) if field else printable(name)
    if isinstance(change, Mapping) and not change.keys().isdisjoint(("before", "after")):
        were, are = show_many(change.get("before"), field), show_many(change.get("after"), field)
        return FieldChange(name, label, were, are)
    if isinstance(change, Mapping):
        return relation_change(name, label, change, partial(show_key, field=field, names=names))
    before, after = sides(change)
    if entry.action == Action.CREATE:
        return FieldChange(name, label, after=show_key(after, field, names))
    if entry.action == Action.DELETE:
        return FieldChange(name, label, before=show_key(before, field, names))
    if related_model(field):
        return FieldChange(name, label, show_key(before, field, names), show_key(after, field, names))
    return FieldChange(name, label, *show_change(before, after, field))


def sides(change: Any) -> tuple[Any, Any]:
    """Return the values before and after; of what has no sides, all as the latter."""
    return (change[0], change[1]) if isinstance(change, list) and len(change) == 2 else (None, change)


def relation_change(
    name: str, label: str, change: Mapping[str, Any], show_one: Callable[[Any], Shown] = show
) -> FieldChange:
    """Return the keys that came and went, as many as a page bears."""
    added, removed = list(change.get("added") or ()), list(change.get("removed") or ())
    more = max(len(added) - LISTED, 0) + max(len(removed) - LISTED, 0)
    came, went = tuple(map(show_one, added[:LISTED])), tuple(map(show_one, removed[:LISTED]))
    return FieldChange(name, label, added=came, removed=went, more=more)


def show_many(values: Any, field: AnyField | None) -> Shown | None:
    """Return one side of many rows: the value that they share, or how many values there are."""
    if not isinstance(values, Mapping) or not values:
        return None
    some = islice(values.items(), LISTED)
    full = "\n".join(f"{printable(str(key))}: {show(value, field).text}" for key, value in some)
    first, *others = values.values()
    if all(other == first for other in others):
        shown = show(first, field)
        return replace(shown, text=f"{shown.text} (×{len(values)})", full=shown.full or full)
    text = ngettext("%d value", "%d different values", len(values)) % len(values)
    return Shown("value", text, full + (f"\n{ELLIPSIS}" if len(values) > LISTED else ""))


# Keys of other objects


def related_model(field: AnyField | None) -> type[Model] | None:
    """Return the model whose primary keys are a field's values."""
    if field is None or not field.remote_field or not isinstance(field.remote_field.model, type):
        return None
    by_key = field.many_to_many or getattr(field, "target_field", None) is field.remote_field.model._meta.pk
    return field.remote_field.model if by_key else None


def related_keys(entry: AuditEntry) -> Iterator[tuple[type[Model], str]]:
    """Yield the objects that an entry's changes point to, as many as are shown."""
    for _name, change, field in raw_changes(entry):
        model = related_model(field)
        if model is not None:
            for value in pointers(change):
                yield model, object_key(decoded(value))


def pointers(change: Any) -> list[Any]:
    """Return the keys in a change."""
    if isinstance(change, Mapping):
        found = [*list(change.get("added") or ())[:LISTED], *list(change.get("removed") or ())[:LISTED]]
    else:
        found = list(sides(change))
    return [value for value in found if value is not None]


def show_key(value: Any, field: AnyField | None, names: Names) -> Shown:
    """Return a value, by the name of the object where it is a key and the name is known."""
    model = related_model(field) if names else None
    name = names.get((model, object_key(decoded(value)))) if model else None
    shown = show(value, field)
    return shown if name is None else replace(shown, text=f"{clipped(name, SHORT)} ({shown.text})")


# Values side by side


def show_change(before: Any, after: Any, field: AnyField | None = None) -> tuple[Shown, Shown]:
    """Return both sides of a change, in a form in which they differ."""
    shown = show(before, field), show(after, field)
    if shown[0].text != shown[1].text or shown[0].kind not in ("value", "moment"):
        return shown
    old, new = decoded(before), decoded(after)
    if isinstance(old, str) and isinstance(new, str):
        start = word_before(old, common_prefix(old, new))
        return excerpt(old, start, shown[0]), excerpt(new, start, shown[1])
    return exactly(shown[0], before), exactly(shown[1], after)


def common_prefix(first: str, second: str) -> int:
    """Return the length of the common beginning, by halving: texts may be megabytes long."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first.startswith(second[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low


def word_before(text: str, place: int) -> int:
    """Return where a word begins, a little before a place in a text."""
    start = max(place - CONTEXT, 0)
    return (text.find(" ", start, place) + 1 or start) if start else 0


def excerpt(text: str, start: int, shown: Shown) -> Shown:
    """Return the line of a long text that begins where it matters."""
    line = printable(" ".join(text[start : start + SHORT * 4].split()))
    before = ELLIPSIS if start else ""
    rest = clipped(line, SHORT) if len(line) > SHORT else line
    return replace(shown, text=before + rest, full=shown.full or folded(printable(text)))


def exactly(shown: Shown, encoded: Any) -> Shown:
    """Return a value with all its digits, for two that look alike without."""
    if shown.full and shown.kind == "moment":
        return replace(shown, text=shown.full)
    text = printable(json.dumps(encoded, ensure_ascii=False, default=str))
    return replace(shown, text=clipped(text, SHORT) if len(text) > SHORT else text)
