from __future__ import annotations

from functools import cache, partial
from typing import Any

from django.http import HttpRequest

from signals_audit.models import Notification

BADGE_LIMIT = 99


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Give every page the number of unread notifications, counted once and only where it is shown."""
    return {"unread": cache(partial(_unread, request)), "badge_limit": BADGE_LIMIT}


def _unread(request: HttpRequest) -> int:
    if not request.user.is_authenticated:
        return 0
    return Notification.objects.filter(recipient=request.user, read_at=None)[: BADGE_LIMIT + 1].count()
