"""The log in templates: an object's history, and stored values as people read them.

`{% load signals_audit %}`, then

* `{% audit_history object %}`: the object's timeline, for a page of your own; mind who may see that page,
* `{{ value|audit_value }}`: a stored value with its markup; `{{ value|audit_text }}`: the same as plain text,
* `{% audit_time entry.created_at %}`: a time in the reader's zone.

The stylesheet is `signals_audit/signals_audit.css`.
"""

from __future__ import annotations

import datetime
from typing import Any, Final

import django
from django import template
from django.db.models import Model
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ..display import Shown, show
from ..timeline import object_history

register = template.Library()

LISTED_BREADCRUMBS: Final = (6, 1)


@register.inclusion_tag("signals_audit/timeline.html")
def audit_history(instance: Model, size: int = 25) -> dict[str, Any]:
    """Show the newest `size` entries of an object, as cards."""
    return {"page": object_history(instance, size=size)}


@register.filter
def audit_value(value: Any) -> SafeString:
    """Show a stored value; a long one folds."""
    shown = as_shown(value)
    if not shown.full or shown.kind == "moment":
        return audit_brief(shown)
    return format_html(
        '<details class="sa-long"><summary>{}</summary><div class="sa-full">{}</div></details>',
        shown.text,
        shown.full,
    )


@register.filter
def audit_brief(value: Any) -> SafeString:
    """Show a stored value on one line."""
    shown = as_shown(value)
    if shown.kind == "moment":
        return format_html(
            '<time class="sa-value" datetime="{}" title="{}">{}</time>', shown.moment, shown.full, shown.text
        )
    meaning = meaning_of(shown)
    if meaning:
        sign = format_html('<span aria-hidden="true">{}</span>', shown.text)
        return format_html(
            '<span class="sa-is-{}">{}<span class="sa-hidden">{}</span></span>', shown.kind, sign, meaning
        )
    return format_html('<span class="sa-value">{}</span>', shown.text)


@register.filter
def audit_text(value: Any) -> str:
    """Return a stored value as plain text on one line."""
    return as_shown(value).text


def as_shown(value: Any) -> Shown:
    """Return what is already to be shown, and anything else as a stored value."""
    return value if isinstance(value, Shown) else show(value)


def meaning_of(shown: Shown) -> str:
    """Return the words for a value that is a sign."""
    return {
        "none": gettext("no value"),
        "empty": gettext("empty text"),
        "masked": gettext("secret value"),
        "unknown": gettext("unknown value"),
    }.get(shown.kind, "")


@register.simple_tag
def audit_time(moment: datetime.datetime) -> SafeString:
    """Show a time in the reader's zone, with the time in UTC as its title."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    day, clock = formats.date_format(local, "DATE_FORMAT"), formats.time_format(local, "H:i:s")
    in_utc = moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return format_html(
        '<time class="sa-time" datetime="{}" title="{}"><span>{}</span> <span>{}</span></time>',
        moment.isoformat(),
        in_utc,
        day,
        clock,
    )


@register.simple_tag
def audit_breadcrumbs_are_listed() -> bool:
    """Tell whether this Django's admin marks its breadcrumbs up as a list."""
    return django.VERSION >= LISTED_BREADCRUMBS
