"""What the lab saves. None of it is audited: it is here for the receivers that hear of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sample(models.Model):
    name = models.CharField(_("name"), max_length=50)
    grams = models.PositiveIntegerField(_("weight in grams"), default=0)

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")

    def __str__(self) -> str:
        return self.name


class Shipment(models.Model):
    number = models.PositiveIntegerField(_("number"))

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")

    def __str__(self) -> str:
        return f"#{self.number}"


class Topic(models.Model):
    title = models.CharField(_("title"), max_length=50)
    heat = models.PositiveIntegerField(_("heat"), default=0)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.title


class Reply(models.Model):
    topic = models.ForeignKey(
        Topic, on_delete=models.CASCADE, related_name="replies", verbose_name=_("topic")
    )
    heat = models.PositiveIntegerField(_("heat"), default=0)

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")

    def __str__(self) -> str:
        return f"{self.topic_id}/{self.pk}"
