"""What each thing that happens in the demo leaves in the audit log, in the inboxes and in the site's log."""

from __future__ import annotations

import logging
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
    logged: list[str] = field(default_factory=list)


class Listener(logging.Handler):
    """Keeps what is logged of slow receivers and of loops, which otherwise goes to standard error."""

    logger = logging.getLogger("signals_audit.tracing")

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be the only one who is told, for a while."""
        self.logger.addHandler(self)
        propagate, self.logger.propagate = self.logger.propagate, False
        try:
            yield
        finally:
            self.logger.propagate = propagate
            self.logger.removeHandler(self)


@contextmanager
def watched(who: str, what: str) -> Iterator[Moment]:
    """Collect the entries, notifications and log lines that the block leaves behind."""
    moment = Moment(who=who, what=what)
    last_entry, last_notification = _last(AuditEntry), _last(Notification)
    with Listener(moment.logged).listening():
        yield moment
    entries = AuditEntry.objects.filter(id__gt=last_entry).select_related("change_set")
    moment.entries.extend(entries.order_by("id"))
    notifications = Notification.objects.filter(id__gt=last_notification).select_related("recipient")
    moment.notifications.extend(notifications.order_by("id"))


def _last(model: Any) -> int:
    return model.objects.aggregate(last=Max("id"))["last"] or 0
