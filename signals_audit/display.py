"""Stored values as people read them: in the reader's language and locale, short, and safe to print."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils import formats, timezone
from django.utils.duration import duration_string
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from .models import AuditEntry
from .registry import registry
from .types import UNKNOWN, Action
from .values import MASKED_VALUE, decode

Kind = Literal["none", "empty", "masked", "unknown", "moment", "value"]
AnyField: TypeAlias = "Field[Any, Any]"

SHORT: Final = 80
FOLDED: Final = 20_000
CONTEXT: Final = 20
LISTED: Final = 100
ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class Shown:
    """A value ready to be printed: `text` on one line, `full` where that is not all of it."""

    kind: Kind
    text: str
    full: str = ""
    moment: str = ""


NONE: Final = Shown("none", "—")
EMPTY: Final = Shown("empty", "“”")
MASKED: Final = Shown("masked", "•••")
UNKNOWN_VALUE: Final = Shown("unknown", "?")


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


def show(encoded: Any, field: AnyField | None = None, *, length: int = SHORT) -> Shown:
    """Return a stored value as a reader of the current language and time zone wants it."""
    return show_value(decoded(encoded), field, length=length)


def decoded(encoded: Any) -> Any:
    """Return the value behind its stored form; the stored form itself where it is none."""
    try:
        return decode(encoded)
    except ValueError:
        return encoded


def show_value(value: Any, field: AnyField | None = None, *, length: int = SHORT) -> Shown:
    """Return a Python value as a reader of the current language and time zone wants it."""
    if value is None:
        return NONE
    if value is MASKED_VALUE:
        return MASKED
    if value is UNKNOWN:
        return UNKNOWN_VALUE
    if isinstance(value, str) and not value:
        return EMPTY
    return show_known(value, field, length)


def show_known(value: Any, field: AnyField | None, length: int) -> Shown:
    """Return a value that is there."""
    label = choice_label(value, field)
    if label is not None:
        return shortened(label, length)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return show_moment(value)
    return shortened(text_of(value), length)


def choice_label(value: Any, field: AnyField | None) -> str | None:
    """Return the label of a field's choice, None where the value is none of its choices."""
    for choice, label in getattr(field, "flatchoices", None) or ():
        if choice == value and type(choice) is type(value):
            return str(label)
    return None


def show_moment(value: datetime.datetime | datetime.date | datetime.time) -> Shown:
    """Return a time in the reader's zone; `full` says it exactly."""
    exact = value.isoformat()
    if isinstance(value, datetime.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return Shown("moment", formats.date_format(local, "DATETIME_FORMAT"), local.isoformat(" "), exact)
    if isinstance(value, datetime.date):
        return Shown("moment", formats.date_format(value, "DATE_FORMAT"), moment=exact)
    return Shown("moment", formats.time_format(value, "TIME_FORMAT"), exact, exact)


def text_of(value: Any) -> str:
    """Return the text of a value that is neither absent nor a moment."""
    match value:
        case str():
            return value
        case bool():
            return gettext("Yes") if value else gettext("No")
        case int() | float() | Decimal():
            return number_text(value)
        case datetime.timedelta():
            return duration_string(value)
        case bytes():
            size = ngettext("%d byte", "%d bytes", len(value)) % len(value)
            return f"{size}: {value[:FOLDED].hex(' ')}"
        case Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def number_text(value: float | Decimal) -> str:
    """Return a number in the reader's locale; its digits where it is not finite."""
    if isinstance(value, int) or Decimal(value).is_finite():
        return str(formats.localize(value))
    return str(value)


def shortened(text: str, length: int = SHORT) -> Shown:
    """Return a text on one line, with the whole of it where that is not all."""
    readable = printable(text)
    beginning = readable[: length * 4]
    line = " ".join(beginning.split())
    if len(line) > length:
        return Shown("value", clipped(line, length), folded(readable))
    if len(beginning) < len(readable):
        return Shown("value", line + ELLIPSIS, folded(readable))
    return Shown("value", line, readable) if "\n" in readable else Shown("value", readable)


def clipped(text: str, length: int) -> str:
    """Return the beginning of a text, marked as such."""
    return text[: length - 1].rstrip() + ELLIPSIS


def folded(text: str) -> str:
    """Return what is unfolded on a page: all of the text, or as much as a page bears."""
    if len(text) <= FOLDED:
        return text
    rest = len(text) - FOLDED
    return text[:FOLDED] + "\n" + ngettext("… and %d more character", "… and %d more characters", rest) % rest


def printable(text: str) -> str:
    """Return a text that can be sent to a browser: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode()


# A change: two values that have to be told apart.


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


# Models and fields: known as long as the code has them.


def model_of(label: str) -> type[Model] | None:
    """Return the model of a label, also of one that it had before it was renamed; None where it is gone."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return successor_of(label)


def successor_of(label: str) -> type[Model] | None:
    """Return the audited model that was registered as having had a label."""
    wanted = label.lower()
    for model in registry.models():
        options = registry.options_for(model)
        if options and wanted in (previous.lower() for previous in options.previously):
            return model
    return None


def model_name(label: str) -> str:
    """Return a model's name for people; the label where the model is gone."""
    model = model_of(label)
    return capfirst(str(model._meta.verbose_name)) if model else printable(label)


def field_of(model: type[Model] | None, name: str) -> AnyField | None:
    """Return a model's field, None where the model or the field is gone."""
    if model is None:
        return None
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, Field) else None


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
