"""What each thing that happens in the demo leaves in the log and in the inboxes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max

from signals_audit.models import AuditEntry, Notification


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One thing that somebody did, and what came of it."""

    who: str
    what: str
    entries: list[AuditEntry] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)


@contextmanager
def watched(who: str, what: str) -> Iterator[Moment]:
    """Collect the entries and notifications that the block leaves behind."""
    moment = Moment(who=who, what=what)
    last_entry, last_notification = _last(AuditEntry), _last(Notification)
    yield moment
    entries = AuditEntry.objects.filter(id__gt=last_entry).select_related("change_set")
    moment.entries.extend(entries.order_by("id"))
    notifications = Notification.objects.filter(id__gt=last_notification).select_related("recipient")
    moment.notifications.extend(notifications.order_by("id"))


def _last(model: Any) -> int:
    return model.objects.aggregate(last=Max("id"))["last"] or 0
