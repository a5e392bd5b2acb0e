"""The stored log: change sets, entries, and the notifications that reactions make.

No foreign key here can cascade into an entry or out of it: history outlives the row, the user and the
content type. Actors and objects are kept as text, with a label that stays readable.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField
from .querysets import AuditEntryQuerySet, NotificationQuerySet
from .types import Action, ActorKind

KEY_LENGTH = 255


class ChangeSet(models.Model):
    """What one context changed in one transaction: who, when, why and from where."""

    id = models.UUIDField(_("id"), primary_key=True, editable=False)
    actor_kind = models.CharField(_("kind of actor"), max_length=16, choices=ActorKind)
    actor_id = ExactCharField(_("actor id"), max_length=KEY_LENGTH, blank=True)
    actor_repr = models.CharField(_("actor"), max_length=KEY_LENGTH, blank=True)
    remote_addr = models.CharField(_("remote address"), max_length=64, blank=True)
    correlation_id = ExactCharField(_("correlation id"), max_length=128, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    path = models.TextField(_("path"), blank=True)
    extra = models.JSONField(_("extra"), default=dict, blank=True)
    created_at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("change set")
        verbose_name_plural = _("change sets")
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["correlation_id"], name="signals_audit_set_corr"),
            models.Index(fields=["created_at"], name="signals_audit_set_time"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class AuditEntry(models.Model):
    """One row's change. The shape of `changes` is specified in `signals_audit.values`."""

    id = models.BigAutoField(_("id"), primary_key=True)
    change_set = models.ForeignKey(
        ChangeSet,
        verbose_name=_("change set"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="entries",
    )
    seq = models.PositiveIntegerField(_("place in the change set"))
    actor_id = ExactCharField(_("actor id"), max_length=KEY_LENGTH, blank=True)
    action = models.CharField(_("action"), max_length=8, choices=Action)
    model = ExactCharField(_("model"), max_length=KEY_LENGTH)
    using = models.CharField(_("database"), max_length=64)
    object_id = ExactCharField(_("object id"), max_length=KEY_LENGTH)
    object_repr = models.CharField(_("object"), max_length=KEY_LENGTH, blank=True)
    changes = models.JSONField(_("changes"))
    source = models.CharField(_("source"), max_length=16)
    caused_by = models.CharField(_("caused by"), max_length=KEY_LENGTH, blank=True)
    caused_by_change_set = models.UUIDField(_("change set of the cause"), null=True, blank=True)
    caused_by_seq = models.PositiveIntegerField(_("place of the cause"), null=True, blank=True)
    created_at = models.DateTimeField(_("time"))

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["model", "object_id", "id"], name="signals_audit_object"),
            models.Index(fields=["actor_id", "id"], name="signals_audit_actor"),
            models.Index(fields=["model", "id"], name="signals_audit_model"),
            models.Index(fields=["change_set", "seq"], name="signals_audit_address"),
            models.Index(fields=["created_at"], name="signals_audit_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.model} {self.object_id}"


class Notification(models.Model):
    """One line in somebody's inbox. The verb is stored, not the sentence: readers get their own language."""

    id = models.BigAutoField(_("id"), primary_key=True)
    uuid = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.CASCADE,
        related_name="audit_notifications",
        db_index=False,
    )
    actor_kind = models.CharField(_("kind of actor"), max_length=16, choices=ActorKind)
    actor_id = ExactCharField(_("actor id"), max_length=KEY_LENGTH, blank=True)
    actor_repr = models.CharField(_("actor"), max_length=KEY_LENGTH, blank=True)
    verb = models.CharField(_("verb"), max_length=KEY_LENGTH)
    data = models.JSONField(_("data"), default=dict, blank=True)
    target_model = models.CharField(_("model of the target"), max_length=KEY_LENGTH, blank=True)
    target_id = models.CharField(_("id of the target"), max_length=KEY_LENGTH, blank=True)
    target_repr = models.CharField(_("target"), max_length=KEY_LENGTH, blank=True)
    created_at = models.DateTimeField(_("time"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes: ClassVar = [
            models.Index(fields=["recipient", "read_at", "id"], name="signals_audit_inbox"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_repr} {self.verb} {self.target_repr}"
