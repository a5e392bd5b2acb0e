"""Who does what: a delivery is claimed before it is tried, and marked by whoever holds the claim alone.

A claim is a lease: when it has run out, its holder is taken for dead and others may claim the delivery.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress

from django.db import connections, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ..capture.connection import state_of
from ..exceptions import ClaimLost
from ..models import Delivery
from ..types import DeliveryState
from .policy import policy

OPEN = (DeliveryState.PENDING, DeliveryState.RUNNING)
ERROR_LENGTH = 8000


def deliveries(using: str) -> QuerySet[Delivery]:
    """Return the deliveries of a database."""
    return Delivery._base_manager.using(using)


def claim(keys: Sequence[str], using: str) -> list[Delivery]:
    """Claim those of some deliveries that nobody has claimed, and return them in order."""
    return _claimed(deliveries(using).filter(key__in=keys), Q(state=DeliveryState.PENDING))


def claim_like(delivery: Delivery, using: str, limit: int) -> list[Delivery]:
    """Claim deliveries of the same kind and name that nobody has tried yet, and return them in order."""
    waiting = Q(state=DeliveryState.PENDING, attempts=0)
    alike = deliveries(using).filter(waiting, kind=delivery.kind, name=delivery.name).order_by("id")
    keys = list(alike.values_list("pk", flat=True)[:limit])
    return _claimed(deliveries(using).filter(pk__in=keys), waiting) if keys else []


def make_due(key: str, using: str) -> None:
    """Have whoever looks next take a delivery."""
    deliveries(using).filter(key=key, state=DeliveryState.PENDING).update(due_at=timezone.now())


def claim_due(using: str, limit: int) -> list[Delivery]:
    """Claim some deliveries that are due and return them in order; those that others claim are skipped."""
    is_due = Q(state__in=OPEN, due_at__lte=timezone.now())
    due = deliveries(using).filter(is_due).order_by("due_at", "id")
    can_skip = connections[using].features.has_select_for_update_skip_locked
    with transaction.atomic(using):
        state_of(connections[using]).lock_before_read()
        chosen = due.select_for_update(skip_locked=True) if can_skip else due
        keys = list(chosen.values_list("pk", flat=True)[:limit])
        return _claimed(deliveries(using).filter(pk__in=keys), is_due)


def _claimed(named: QuerySet[Delivery], condition: Q) -> list[Delivery]:
    """Claim those of some deliveries, which are named by a key, that meet a condition."""
    token, until = uuid.uuid4(), timezone.now() + policy().lease
    count = named.filter(condition).update(
        state=DeliveryState.RUNNING, claim=token, attempts=F("attempts") + 1, due_at=until
    )
    return list(named.filter(claim=token).order_by("id")) if count else []


def mark_done(claimed: Sequence[Delivery], using: str) -> None:
    """Mark deliveries done; raise ClaimLost, and so undo what was done, if one is not ours any more."""
    count = _ours(claimed, using).update(
        state=DeliveryState.DONE, claim=None, error="", finished_at=timezone.now()
    )
    if count != len(claimed):
        raise ClaimLost(f"{len(claimed) - count} of {len(claimed)} deliveries were taken over by others")


def retry(chosen: QuerySet[Delivery]) -> int:
    """Have deliveries that wait or have failed tried again, as for the first time; return how many."""
    waiting = chosen.filter(state__in=(DeliveryState.PENDING, DeliveryState.FAILED)).order_by()
    return waiting.update(
        state=DeliveryState.PENDING, attempts=0, claim=None, due_at=timezone.now(), finished_at=None
    )


def release(claimed: Sequence[Delivery], using: str) -> None:
    """Give deliveries back at once, as far as that can be done; it is no attempt."""
    with suppress(Exception):
        _ours(claimed, using).update(
            state=DeliveryState.PENDING, claim=None, attempts=F("attempts") - 1, due_at=timezone.now()
        )


def mark_failed(claimed: Sequence[Delivery], using: str, error: str, *, for_good: bool) -> None:
    """Keep an error with deliveries, and when they are to be tried again: never after the last attempt."""
    for delivery in claimed:
        rules, now = policy(), timezone.now()
        is_last = for_good or delivery.attempts >= rules.ATTEMPTS
        _ours([delivery], using).update(
            state=DeliveryState.FAILED if is_last else DeliveryState.PENDING,
            claim=None,
            error=error[-ERROR_LENGTH:],
            due_at=now + rules.backoff(delivery.attempts),
            finished_at=now if is_last else None,
        )


def _ours(claimed: Sequence[Delivery], using: str) -> QuerySet[Delivery]:
    tokens = {delivery.claim for delivery in claimed}
    return deliveries(using).filter(pk__in=[delivery.pk for delivery in claimed], claim__in=tokens)
