"""Stored values as people read them: in the reader's language and locale, short, and safe to print."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils import formats, timezone
from django.utils.duration import duration_string
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from .registry import registry
from .types import UNKNOWN
from .values import MASKED_VALUE, decode

Kind = Literal["none", "empty", "masked", "unknown", "moment", "value"]
AnyField: TypeAlias = "Field[Any, Any]"

SHORT: Final = 80
FOLDED: Final = 20_000
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
    return text if len(text) <= length else text[: length - 1].rstrip() + ELLIPSIS


def folded(text: str) -> str:
    """Return what is unfolded on a page: all of the text, or as much as a page bears."""
    if len(text) <= FOLDED:
        return text
    rest = len(text) - FOLDED
    return text[:FOLDED] + "\n" + ngettext("… and %d more character", "… and %d more characters", rest) % rest


def printable(text: str) -> str:
    """Return a text that can be sent to a browser: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode()


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
