"""The pages of the inbox. Everybody sees their own; only POST changes something."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..channels.letters import SALT
from ..models import Notification
from ..querysets import NotificationQuerySet
from ..reactions.channels import channels
from ..reactions.kinds import label_of
from ..types import Pace
from .pages import page_of, url_of
from .wishes import choose, store, wishes_of


@login_required
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """List the user's notifications, by default the unread ones."""
    everything = request.GET.get("show") == "all"
    page = page_of(request.user, everything=everything, before=number(request.GET.get("before")))
    context = {"page": page, "everything": everything, "is_first": "before" not in request.GET}
    return render(request, "signals_audit/inbox/inbox.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_notification(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Go where a notification leads, on this site; a POST marks it read."""
    notification = own_or_404(request, public_id)
    if request.method == "POST":
        one(notification).mark_read()
    return HttpResponseRedirect(url_of(notification, request) or reverse("audit_inbox:inbox"))


@login_required
@require_POST
def mark_read(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Mark a notification read."""
    one(own_or_404(request, public_id)).mark_read()
    return back(request)


@login_required
@require_POST
def mark_unread(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Mark a notification unread again."""
    one(own_or_404(request, public_id)).update(read_at=None)
    return back(request)


@login_required
@require_POST
def mark_all_read(request: HttpRequest) -> HttpResponse:
    """Mark all notifications read, but for those that came after the page was made."""
    rows, newest = Notification.objects.of(request.user), number(request.POST.get("newest"))
    count = (rows if newest is None else rows.filter(id__lte=newest)).mark_read()
    say(request, ngettext("%d notification marked read.", "%d notifications marked read.", count) % count)
    return back(request)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show what the user can be told of and on which channels, and take what is chosen."""
    if request.method == "POST":
        choose(request.user, request.POST)
        say(request, gettext("Your preferences are saved."))
        return redirect("audit_inbox:preferences")
    context = {"wishes": wishes_of(request.user), "channels": channels().values()}
    return render(request, "signals_audit/inbox/preferences.html", context)


@csrf_exempt  # mail programs post to it in one click (RFC 8058): who has the token may
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the mails of some kinds to the user whom the signed token names; a GET asks first."""
    wish = token_or_404(token)
    if request.method == "POST":
        for kind in wish["kinds"]:
            store(wish["user"], kind, wish["channel"], Pace.OFF)
    context = {"kinds": [label_of(kind) for kind in wish["kinds"]], "is_done": request.method == "POST"}
    return render(request, "signals_audit/inbox/unsubscribe.html", context)


def token_or_404(token: str) -> dict[str, Any]:
    """Return what a token says, with the key of a user who exists."""
    try:
        wish: dict[str, Any] = signing.loads(token, salt=SALT)
        user = get_user_model()._base_manager.filter(pk=wish["user"]).only("pk").first()
    except (signing.BadSignature, ValidationError, ValueError) as error:
        raise Http404 from error
    if user is None:
        raise Http404
    return wish | {"user": user.pk}


def own_or_404(request: HttpRequest, public_id: uuid.UUID) -> Notification:
    """Return one of the user's own notifications."""
    found: Notification = get_object_or_404(Notification.objects.of(request.user), uuid=public_id)
    return found


def one(notification: Notification) -> NotificationQuerySet:
    """Return the queryset of one notification."""
    return Notification.objects.filter(pk=notification.pk)


def back(request: HttpRequest) -> HttpResponse:
    """Return to the list that the user came from."""
    shown = "?show=all" if request.POST.get("show") == "all" else ""
    return redirect(reverse("audit_inbox:inbox") + shown)


def say(request: HttpRequest, text: str) -> None:
    """Leave a message, where the project has messages."""
    messages.success(request, text, fail_silently=True)


def number(text: str | None) -> int | None:
    """Return a key from an address; None where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
