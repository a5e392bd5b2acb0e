"""The inbox as JSON, for badges and for scripts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..models import Notification
from .pages import InboxLine, page_of
from .views import number


@never_cache
@require_safe
def unread(request: HttpRequest) -> HttpResponse:
    """Say how many notifications are unread: one query of an index, which stops counting at 100."""
    if not request.user.is_authenticated:
        return refusal()
    return JsonResponse({"unread": Notification.objects.count_unread(request.user)})


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """List notifications, newest first: `?show=all`, and `?before=` what was `next` on the page before."""
    if not request.user.is_authenticated:
        return refusal()
    everything = request.GET.get("show") == "all"
    page = page_of(request.user, everything=everything, before=number(request.GET.get("before")))
    return JsonResponse({"notifications": [plain(line) for line in page.lines], "next": page.next})


def plain(line: InboxLine) -> dict[str, Any]:
    """Return a line as plain data."""
    notification = line.notification
    moment = notification.updated_at or notification.created_at
    return {
        "id": str(notification.uuid),
        "kind": notification.kind,
        "text": line.text,
        "remark": line.remark,
        "actor": line.actor,
        "verb": line.verb,
        "target": line.target,
        "is_there": line.is_there,
        "is_read": notification.read_at is not None,
        "time": moment.isoformat(),
        "open": reverse("audit_inbox:open", args=[notification.uuid]),
    }


def refusal() -> HttpResponse:
    """Return the answer to those who have not logged in: no redirect, which a script would follow."""
    return JsonResponse({"error": gettext("Log in first.")}, status=401)
