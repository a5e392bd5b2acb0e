"""Entries that triggers made for other programs: what durable hooks have to do because of them.

No process of ours was there when they were written, so `audit_deliver` looks for them. An entry that is met
twice is delivered once: the delivery's key is made of its address.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from .. import deliveries
from ..events import ChangeEvent
from ..hooks import hooks
from ..models import AuditEntry
from ..registry import registry
from ..triggers.tables import is_triggered
from ..types import ActorKind
from ..values import decode, is_shortened
from .durable import event_of_entry, jobs_of

FIRST: Final = datetime.timedelta(days=1)
THEN: Final = datetime.timedelta(minutes=15)  # so long may a transaction last that is not to be missed
AT_ONCE: Final = 500


class Feed:
    """What one process has seen of the entries of a database."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._seen: dict[int, datetime.datetime] = {}
        self._window = FIRST

    def take(self) -> int:
        """Note down deliveries for entries that are new, and return how many entries these were."""
        labels = [model._meta.label for model in _fed_models()]
        if not labels:
            return 0
        since = timezone.now() - self._window
        fresh = [found for found in self._entries(labels, since) if found[0] not in self._seen]
        for start in range(0, len(fresh), AT_ONCE):
            self._note([pk for pk, _moment in fresh[start : start + AT_ONCE]])
        self._window = THEN
        self._seen = {pk: moment for pk, moment in {**self._seen, **dict(fresh)}.items() if moment >= since}
        return len(fresh)

    def _entries(self, labels: list[str], since: datetime.datetime) -> QuerySet[Any, Any]:
        others = AuditEntry.objects.using(self._using).filter(
            source="trigger", change_set__actor_kind=ActorKind.SYSTEM, change_set__actor_repr=""
        )
        recent = others.filter(model__in=labels, created_at__gte=since)
        return recent.order_by("id").values_list("id", "created_at")

    def _note(self, keys: list[int]) -> None:
        found = AuditEntry.objects.using(self._using).select_related("change_set").in_bulk(keys)
        with transaction.atomic(self._using):
            jobs = list(jobs_of(self._events(found[key] for key in keys if key in found)))
            if jobs:
                deliveries.keep(jobs, self._using)

    def _events(self, entries: Iterator[AuditEntry]) -> Iterator[ChangeEvent]:
        for entry in entries:
            model = apps.get_model(entry.model)
            yield event_of_entry(entry, entry.change_set, key_of(model, entry), self._using)


def _fed_models() -> list[type[Model]]:
    """Return the models with triggers whose changes durable hooks wait for."""
    return [
        model
        for model in registry.models()
        if is_triggered(model) and any(hook.durable for hook in hooks.of(model))
    ]


def key_of(model: type[Model], entry: AuditEntry) -> Any:
    """Return the primary key of an entry's object, a tuple for a composite one.

    It is None where it is a secret, or too long for an entry to say all of it.
    """
    if registry.hides_key(model) or is_shortened(entry.object_id):
        return None
    fields = model._meta.pk_fields
    if len(fields) == 1:
        return fields[0].to_python(entry.object_id)
    return tuple(map(decode, json.loads(entry.object_id)))
