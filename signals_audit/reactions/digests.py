"""Telling people once a day or once a week, of all that waits for that: `send_digests`.

What waits is handed to deliveries and forgotten in one transaction. So running it twice sends nothing twice,
and one that dies in the middle leaves the rest to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from django.db import connections, transaction
from django.db.models import Q

from .. import deliveries
from ..capture.connection import state_of
from ..models import DigestLine, Notification, Preference
from ..types import Pace
from .channels import KIND

USERS: Final = 50  # of a delivery: they share a connection to the mail server


class Waiting(NamedTuple):
    """A line of a digest."""

    id: int
    notification: int
    recipient: Any
    channel: str


def send_digests(pace: Pace, using: str) -> Iterator[int]:
    """Tell everybody what waits for a pace, and yield how many digests that makes, again and again."""
    last: Any = None
    while True:
        with transaction.atomic(using):
            state_of(connections[using]).lock_before_read()
            recipients = _next_recipients(pace, last, using)
            if not recipients:
                return
            waiting = _claimed(pace, recipients, using)
            jobs = list(_jobs(_still_wanted(waiting, using), pace))
            DigestLine._base_manager.using(using).filter(pk__in=[line.id for line in waiting]).delete()
            deliveries.schedule([job for job, _count in jobs], using=using)
        yield sum(count for _job, count in jobs)
        last = recipients[-1]


def _next_recipients(pace: Pace, last: Any, using: str) -> list[Any]:
    rows = DigestLine._base_manager.using(using).filter(pace=pace)
    if last is not None:
        rows = rows.filter(recipient_id__gt=last)
    return list(rows.order_by("recipient_id").values_list("recipient_id", flat=True).distinct()[:USERS])


def _claimed(pace: Pace, recipients: Sequence[Any], using: str) -> list[Waiting]:
    """Return what waits for some users, without what another process is at."""
    can_skip = connections[using].features.has_select_for_update_skip_locked
    rows = DigestLine._base_manager.using(using).filter(pace=pace, recipient_id__in=recipients)
    locked = rows.select_for_update(skip_locked=can_skip).order_by("id")
    return [Waiting(*row) for row in locked.values_list("id", "notification_id", "recipient_id", "channel")]


def _still_wanted(waiting: Iterable[Waiting], using: str) -> Iterator[Waiting]:
    """Yield what its recipient has neither read in the inbox nor switched off meanwhile."""
    waiting = list(waiting)
    rows = Notification._base_manager.using(using).filter(pk__in={line.notification for line in waiting})
    unread = rows.filter(Q(read_at__isnull=True) | Q(hidden=True))
    kinds = dict(unread.values_list("pk", "kind"))
    off = Preference._base_manager.using(using).filter(
        pace=Pace.OFF, user_id__in={line.recipient for line in waiting}
    )
    refused = set(off.values_list("user_id", "kind", "channel"))
    for line in waiting:
        kind = kinds.get(line.notification)
        if kind is not None and (line.recipient, kind, line.channel) not in refused:
            yield line


def _jobs(waiting: Iterable[Waiting], pace: Pace) -> Iterator[tuple[deliveries.Job, int]]:
    """Yield one delivery for each channel, and how many recipients it has."""
    by_channel: dict[str, list[Waiting]] = defaultdict(list)
    for line in waiting:
        by_channel[line.channel].append(line)
    for channel, lines in by_channel.items():
        keys = list(dict.fromkeys(line.notification for line in lines))
        key = deliveries.key_of("digest", channel, *(str(line.id) for line in lines))
        job = deliveries.Job(KIND, channel, {"notifications": keys, "digest": pace.value}, key)
        yield job, len({line.recipient for line in lines})
