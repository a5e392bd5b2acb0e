from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from example_project.requests import SignedInRequest
from signals_audit.models import Notification

from .lines import lines_for

LINES_PER_PAGE = 25


def own_notifications(request: SignedInRequest) -> QuerySet[Notification]:
    """Return what the user was told; nobody sees anybody else's."""
    return Notification.objects.filter(recipient=request.user).order_by("-id")


@login_required
@require_GET
def inbox(request: SignedInRequest) -> HttpResponse:
    """List the user's notifications, by default the unread ones."""
    everything = request.GET.get("show") == "all"
    notifications = (
        own_notifications(request) if everything else own_notifications(request).filter(read_at=None)
    )
    page = Paginator(notifications, LINES_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "inbox/inbox.html", {"page": page, "lines": lines_for(page), "everything": everything}
    )


@login_required
@require_POST
def open_notification(request: SignedInRequest, public_id: uuid.UUID) -> HttpResponse:
    """Mark a notification read, and go where it leads."""
    notification = get_object_or_404(own_notifications(request), uuid=public_id)
    _mark_read(own_notifications(request).filter(pk=notification.pk))
    return redirect(lines_for([notification])[0].url or "inbox:inbox")


@login_required
@require_POST
def mark_read(request: SignedInRequest, public_id: uuid.UUID) -> HttpResponse:
    """Mark a notification read."""
    notification = get_object_or_404(own_notifications(request), uuid=public_id)
    _mark_read(own_notifications(request).filter(pk=notification.pk))
    return redirect("inbox:inbox")


@login_required
@require_POST
def mark_all_read(request: SignedInRequest) -> HttpResponse:
    """Mark all notifications read."""
    count = _mark_read(own_notifications(request))
    messages.success(
        request, ngettext("%d notification marked read.", "%d notifications marked read.", count) % count
    )
    return redirect("inbox:inbox")


def _mark_read(notifications: QuerySet[Notification]) -> int:
    return notifications.filter(read_at=None).update(read_at=timezone.now())
