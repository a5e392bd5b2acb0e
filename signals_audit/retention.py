"""Removing old entries: in small transactions, by key, without loading one of them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from .models import AuditEntry, ChangeSet, Delivery, ReceiverStatistics
from .querysets import AuditEntryQuerySet

BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much is gone."""

    entries: int = 0
    change_sets: int = 0
    deliveries: int = 0
    statistics: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(
            self.entries + other.entries,
            self.change_sets + other.change_sets,
            self.deliveries + other.deliveries,
            self.statistics + other.statistics,
        )


def doomed(
    moment: datetime.datetime, *, models: Iterable[str] = (), using: str | None = None
) -> AuditEntryQuerySet:
    """Return the entries from before a moment, of the models with these labels or of all."""
    labels = list(models)
    entries = AuditEntry.objects.using(using).older_than(moment)
    return entries.filter(model__in=labels) if labels else entries


def prune(entries: AuditEntryQuerySet, *, batch: int = BATCH) -> Iterator[Pruned]:
    """Delete entries, and change sets that lose their last one; yield what each transaction removed.

    A run that is broken off leaves nothing half done, and the next one goes on where it ended.
    """
    end = entries.aggregate(end=Max("id"))["end"]
    last = 0
    while end is not None and last < end:
        rest = entries.filter(id__gt=last, id__lte=end).order_by("id")
        found = list(rest.values_list("id", "change_set")[:batch])
        if not found:
            return
        first, last = last, found[-1][0]
        yield _delete(entries.filter(id__gt=first, id__lte=last), {change_set for _id, change_set in found})


def _delete(entries: AuditEntryQuerySet, change_sets: set[uuid.UUID]) -> Pruned:
    left = AuditEntry.objects.using(entries.db).filter(change_set=OuterRef("pk"))
    orphans = ChangeSet.objects.using(entries.db).filter(~Exists(left), pk__in=change_sets)
    with transaction.atomic(using=entries.db):
        # Not delete(): it loads every object as soon as anybody listens to deletions.
        removed = entries._raw_delete(entries.db)
        return Pruned(removed, orphans._raw_delete(entries.db))


def done_deliveries(moment: datetime.datetime, *, using: str | None = None) -> QuerySet[Delivery]:
    """Return the deliveries that were done, or given up, before a moment."""
    return Delivery._base_manager.using(using).filter(finished_at__lt=moment)


def prune_deliveries(deliveries: QuerySet[Delivery], *, batch: int = BATCH) -> Iterator[Pruned]:
    """Delete deliveries; yield what each transaction removed."""
    while keys := list(deliveries.order_by("id").values_list("id", flat=True)[:batch]):
        yield Pruned(deliveries=deliveries.filter(id__in=keys)._raw_delete(deliveries.db))


def prune_statistics(statistics: QuerySet[ReceiverStatistics], *, batch: int = BATCH) -> Iterator[Pruned]:
    """Delete what was measured of receivers; yield how many rows each transaction removed."""
    while keys := list(statistics.order_by("id").values_list("id", flat=True)[:batch]):
        yield Pruned(statistics=statistics.filter(id__in=keys)._raw_delete(statistics.db))


def count(entries: AuditEntryQuerySet) -> Pruned:
    """Return what `prune()` would remove."""
    others = AuditEntry.objects.using(entries.db).filter(change_set=OuterRef("change_set"))
    kept = others.exclude(pk__in=entries.values("pk"))
    gone = entries.filter(~Exists(kept)).values("change_set").distinct()
    return Pruned(entries.count(), gone.count())
