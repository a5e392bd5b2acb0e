"""The stored log: change sets, entries, what is still to be done because of them, and whom was told.

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
from .types import Action, ActorKind, DeliveryState, Pace

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
    """One line in somebody's inbox. The verb is stored, not the sentence: readers get their own language.

    The user is no constraint: it would lock the recipient's row in the transaction of the change, and fail
    it where the account is deleted meanwhile. `first_data` is the data of the first of several in one line.
    A hidden one is there for other channels than the inbox.
    """

    id = models.BigAutoField(_("id"), primary_key=True)
    uuid = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.CASCADE,
        related_name="audit_notifications",
        db_constraint=False,
        db_index=False,
    )
    actor_kind = models.CharField(_("kind of actor"), max_length=16, choices=ActorKind)
    actor_id = ExactCharField(_("actor id"), max_length=KEY_LENGTH, blank=True)
    actor_repr = models.CharField(_("actor"), max_length=KEY_LENGTH, blank=True)
    kind = models.CharField(_("kind"), max_length=KEY_LENGTH, blank=True)
    verb = models.CharField(_("verb"), max_length=KEY_LENGTH)
    data = models.JSONField(_("data"), default=dict, blank=True)
    first_data = models.JSONField(_("data of the first time"), null=True, blank=True)
    target_model = models.CharField(_("model of the target"), max_length=KEY_LENGTH, blank=True)
    target_id = models.CharField(_("id of the target"), max_length=KEY_LENGTH, blank=True)
    target_repr = models.CharField(_("target"), max_length=KEY_LENGTH, blank=True)
    collapse_key = models.CharField(_("what is told in one line"), max_length=64, blank=True)
    count = models.PositiveIntegerField(_("how often"), default=1)
    created_at = models.DateTimeField(_("time"))
    updated_at = models.DateTimeField(_("last time"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    hidden = models.BooleanField(_("not in the inbox"), default=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes: ClassVar = [
            models.Index(fields=["recipient", "read_at", "id"], name="signals_audit_inbox"),
            models.Index(fields=["recipient", "collapse_key", "id"], name="signals_audit_collapse"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_repr} {self.verb} {self.target_repr}"


class Preference(models.Model):
    """How soon a user wants to be told of one kind of thing on one channel."""

    id = models.BigAutoField(_("id"), primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="audit_preferences",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=KEY_LENGTH)
    channel = models.CharField(_("channel"), max_length=32)
    pace = models.CharField(_("pace"), max_length=8, choices=Pace)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "kind", "channel"], name="signals_audit_pace"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.pace}"


class DigestLine(models.Model):
    """A notification that somebody is told of later on a channel, together with others."""

    id = models.BigAutoField(_("id"), primary_key=True)
    notification = models.ForeignKey(
        Notification,
        verbose_name=_("notification"),
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    channel = models.CharField(_("channel"), max_length=32)
    pace = models.CharField(_("pace"), max_length=8, choices=Pace)

    class Meta:
        verbose_name = _("line of a digest")
        verbose_name_plural = _("lines of digests")
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["pace", "recipient", "id"], name="signals_audit_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pace} {self.notification_id}"


class Delivery(models.Model):
    """Something to be done after the COMMIT that it was written in, by whichever process gets to it.

    `name` is the hook or the channel, `body` what it is to be given. `due_at` is when it may be tried; while
    it is running, when whoever runs it is taken for dead. `claim` tells who that is.
    """

    id = models.BigAutoField(_("id"), primary_key=True)
    key = models.CharField(_("idempotency key"), max_length=64, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16)
    name = models.CharField(_("name"), max_length=KEY_LENGTH)
    body = models.JSONField(_("body"))
    state = models.CharField(_("state"), max_length=8, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(_("claim"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("time"))
    due_at = models.DateTimeField(_("due"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ("view", "change")
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="signals_audit_due"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class ReceiverStatistics(models.Model):
    """How one receiver of one signal did in one hour, added up over all processes.

    `calls` were measured, and stand for `sent`. Times are in seconds, but for `durations`: see
    `tracing.durations`.
    """

    id = models.BigAutoField(_("id"), primary_key=True)
    hour = models.DateTimeField(_("hour"))
    signal = ExactCharField(_("signal"), max_length=KEY_LENGTH)
    receiver = ExactCharField(_("receiver"), max_length=KEY_LENGTH)
    calls = models.PositiveBigIntegerField(_("measured calls"), default=0)
    sent = models.FloatField(_("all calls"), default=0.0)
    total = models.FloatField(_("time together"), default=0.0)
    maximum = models.FloatField(_("longest time"), default=0.0)
    durations = models.JSONField(_("times"), default=dict, blank=True)
    errors = models.PositiveBigIntegerField(_("errors"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    last_traceback = models.TextField(_("traceback of the last error"), blank=True)
    last_error_at = models.DateTimeField(_("time of the last error"), null=True, blank=True)
    queries = models.PositiveBigIntegerField(_("queries"), default=0)
    slow = models.PositiveBigIntegerField(_("slow calls"), default=0)
    loops = models.PositiveBigIntegerField(_("loops"), default=0)
    last_loop = models.TextField(_("last loop"), blank=True)

    class Meta:
        verbose_name = _("receiver")
        verbose_name_plural = _("signal map")
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", "signal", "receiver"], name="signals_audit_measured"),
        ]

    def __str__(self) -> str:
        return f"{self.signal} {self.receiver}"
