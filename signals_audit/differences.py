"""What happened to each field of an entry: two values side by side, in a form in which they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

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


def field_changes(entry: AuditEntry) -> list[FieldChange]:
    """Return an entry's changes field by field."""
    if not isinstance(entry.changes, Mapping):
        return []
    model = model_of(entry.model)
    return [
        field_change(entry, name, change, field_of(model, name)) for name, change in entry.changes.items()
    ]


def field_change(entry: AuditEntry, name: str, change: Any, field: AnyField | None) -> FieldChange:
    """Return one field's change; whatever stands there is shown."""
    label = str(field.verbose_name) if field else printable(name)
    if isinstance(change, Mapping):
        return relation_change(name, label, change)
    before, after = change if isinstance(change, list) and len(change) == 2 else (None, change)
    if entry.action == Action.CREATE:
        return FieldChange(name, label, after=show(after, field))
    if entry.action == Action.DELETE:
        return FieldChange(name, label, before=show(before, field))
    return FieldChange(name, label, *show_change(before, after, field))


def relation_change(name: str, label: str, change: Mapping[str, Any]) -> FieldChange:
    """Return the keys that came and went, as many as a page bears."""
    added, removed = list(change.get("added") or ()), list(change.get("removed") or ())
    more = max(len(added) - LISTED, 0) + max(len(removed) - LISTED, 0)
    came, went = tuple(map(show, added[:LISTED])), tuple(map(show, removed[:LISTED]))
    return FieldChange(name, label, added=came, removed=went, more=more)


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
