"""How the log and the inbox are asked."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from .registry import object_id_of
from .values import object_key

if TYPE_CHECKING:
    from .models import AuditEntry, Notification  # noqa: F401


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Entries of an object, a model, an actor or a period; newest last unless said otherwise."""

    def for_object(self, instance: models.Model) -> AuditEntryQuerySet:
        """Return the history of one object, on the database that the queryset reads."""
        return self.for_key(instance.__class__, instance.pk)

    def for_key(self, model: type[models.Model], pk: Any) -> AuditEntryQuerySet:
        """Return the history of the object with that primary key; it need not exist any more."""
        label = model._meta.concrete_model._meta.label  # type: ignore[union-attr]
        return self.filter(model=label, object_id=object_id_of(model, pk))

    def for_model(self, model: type[models.Model]) -> AuditEntryQuerySet:
        """Return what happened to a model's rows."""
        return self.filter(model=model._meta.concrete_model._meta.label)  # type: ignore[union-attr]

    def by_actor(self, user: models.Model) -> AuditEntryQuerySet:
        """Return what a user did."""
        return self.filter(actor_id=object_key(user.pk))

    def older_than(self, moment: datetime.datetime) -> AuditEntryQuerySet:
        """Return what happened before a moment."""
        return self.filter(created_at__lt=moment)

    def newest(self) -> AuditEntryQuerySet:
        """Return the entries newest first."""
        return self.order_by("-id")

    def page(self, *, before: int | None = None, size: int = 50) -> list[AuditEntry]:
        """Return one page, newest first, below the id `before`: no COUNT, no OFFSET."""
        entries = self if before is None else self.filter(id__lt=before)
        return list(entries.newest()[:size])


class NotificationQuerySet(models.QuerySet["Notification"]):
    """A user's inbox."""

    def of(self, user: Any) -> NotificationQuerySet:
        """Return a user's notifications, newest first, without those that are for other channels alone."""
        return self.filter(recipient_id=user.pk, hidden=False).order_by("-id")

    def unread(self) -> NotificationQuerySet:
        """Return those that nobody has read."""
        return self.filter(read_at__isnull=True)

    def count_unread(self, user: Any, *, most: int = 100) -> int:
        """Return how many a user has not read, counting to `most`; hidden ones count as read."""
        unread = self.filter(recipient_id=user.pk, read_at__isnull=True)
        return unread.order_by()[:most].count()

    def mark_read(self) -> int:
        """Mark the unread ones read and return how many they were."""
        return self.unread().order_by().update(read_at=timezone.now())
