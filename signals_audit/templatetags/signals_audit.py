"""The log in templates: an object's history, and stored values as people read them.

`{% load signals_audit %}`, then

* `{% audit_history object %}`: the object's timeline, for a page of your own; mind who may see that page,
* `{{ value|audit_value }}`: a stored value with its markup; `{{ value|audit_text }}`: the same as plain text,
* `{% audit_time entry.created_at %}`: a time in the reader's zone,
* `{% audit_badge %}`: how many notifications the user has not read, nothing at zero; the script
  `signals_audit/badge.js` keeps it up to date; `{% audit_unread as number %}` is the number alone.

The stylesheet is `signals_audit/signals_audit.css`.
"""

from __future__ import annotations

import datetime
from typing import Any, Final

import django
from django import template
from django.db.models import Model
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ..display import Shown, show
from ..models import Notification
from ..timeline import object_history

register = template.Library()

LISTED_BREADCRUMBS: Final = (6, 1)
BADGE_LIMIT: Final = 100
COUNTED: Final = "_signals_audit_unread"


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


@register.inclusion_tag("signals_audit/inbox/badge.html", takes_context=True)
def audit_badge(context: Context) -> dict[str, Any]:
    """Show how many notifications the user has not read; above 99 only that it is more."""
    number = audit_unread(context)
    shown = str(number) if number < BADGE_LIMIT else f"{BADGE_LIMIT - 1}+"
    return {"number": number, "shown": shown, "url": badge_url(context)}


@register.simple_tag(takes_context=True)
def audit_unread(context: Context) -> int:
    """Return how many notifications the user has not read, counted to 100, once for each request."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return 0
    if not hasattr(request, COUNTED):
        setattr(request, COUNTED, Notification.objects.count_unread(user, most=BADGE_LIMIT))
    return int(getattr(request, COUNTED))


def badge_url(context: Context) -> str:
    """Return where a script asks for the number; "" where nobody may, or where there is no inbox."""
    request = context.get("request")
    if request is None or not getattr(getattr(request, "user", None), "is_authenticated", False):
        return ""
    try:
        return reverse("audit_inbox:unread")
    except NoReverseMatch:
        return ""


@register.simple_tag
def audit_breadcrumbs_are_listed() -> bool:
    """Tell whether this Django's admin marks its breadcrumbs up as a list."""
    return django.VERSION >= LISTED_BREADCRUMBS
