"""What a notification says, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, ngettext

from .display import AnyField, field_of, model_of, printable, show
from .models import Notification
from .types import ActorKind
from .values import MASKED_VALUE, encode

MASKED: Final = encode(MASKED_VALUE)


def sentence(notification: Notification) -> str:
    """Return "ada commented on Signals in Django" in the current language; plain text, not escaped."""
    parts = {
        "actor": actor_name(notification),
        "verb": verb_text(notification),
        "target": printable(notification.target_repr),
    }
    return (gettext("%(actor)s %(verb)s %(target)s") % parts).strip()


def actor_name(notification: Notification) -> str:
    """Return who did it; for those without a name, what they are."""
    if notification.actor_repr and notification.actor_repr != notification.actor_kind:
        return printable(notification.actor_repr)
    return str(dict(ActorKind.choices).get(notification.actor_kind) or gettext("Somebody"))


def verb_text(notification: Notification) -> str:
    """Return the translated verb, with the values of `data` where it names them."""
    verb = gettext(notification.verb) if notification.verb else ""
    if "%(" not in verb:
        return verb
    try:
        return verb % values_shown(merged(notification))
    except (KeyError, TypeError, ValueError):
        return verb


def merged(notification: Notification) -> Any:
    """Return the data of a notification; for one that stands for several, with what was before the first."""
    data, first = notification.data, notification.first_data
    if isinstance(data, Mapping) and isinstance(first, Mapping) and "before" in first:
        return {**data, "before": first["before"]}
    return data


def remark(notification: Notification) -> str:
    """Return what there is to say of a notification that stands for several; "" where it is just one."""
    count = notification.count
    if count < 2:
        return ""
    data = merged(notification)
    is_back = isinstance(data, Mapping) and "before" in data and data["before"] == data.get("after")
    if is_back and data["before"] != MASKED:
        back = ngettext("%d change, back to what it was", "%d changes, back to what it was", count)
        return back % count
    return ngettext("%d change", "%d changes", count) % count


def values_shown(data: Any) -> dict[str, str]:
    """Return the values of a notification's `data` as people read them: a choice by its label."""
    if not isinstance(data, Mapping):
        return {}
    field = field_of(model_of(str(data.get("model"))), str(data.get("field")))
    return {name: _shown(name, value, field) for name, value in data.items()}


def _shown(name: str, value: Any, field: AnyField | None) -> str:
    if name == "field" and field is not None:
        return str(field.verbose_name)
    return show(value, field if name in ("before", "after") else None).text
