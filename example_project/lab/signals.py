"""Three receivers with something wrong with each, as they are found in the wild.

Nothing tells the signal map about them: it finds the slow one, the failing one and the loop by itself.
"""

from __future__ import annotations

import time
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Reply, Sample, Shipment, Topic

SECONDS_TO_WEIGH = 0.4
PAPER = 2  # labels that the printer has paper for


class OutOfPaper(Exception):
    """The label printer is out of paper."""


@receiver(post_save, sender=Sample, dispatch_uid="lab.weigh")
def weigh(instance: Sample, raw: bool, **_kwargs: Any) -> None:
    """Ask the scales, and wait for them: whoever saves a sample waits, too."""
    if not raw:
        time.sleep(SECONDS_TO_WEIGH)
        Sample.objects.filter(pk=instance.pk).update(grams=100 + len(instance.name))


@receiver(post_save, sender=Shipment, dispatch_uid="lab.print_label")
def print_label(instance: Shipment, raw: bool, **_kwargs: Any) -> None:
    """Print a label; every third one fails, and with it the save() of the shipment."""
    if not raw and instance.number % (PAPER + 1) == 0:
        raise OutOfPaper(f"The label printer ran out of paper at shipment {instance}.")


@receiver(post_save, sender=Reply, dispatch_uid="lab.warm_topic")
def warm_topic(instance: Reply, raw: bool, **_kwargs: Any) -> None:
    """Pass half of a reply's heat on to its topic."""
    if not raw and instance.heat:
        topic = Topic.objects.get(pk=instance.topic_id)
        topic.heat = instance.heat // 2
        topic.save()


@receiver(post_save, sender=Topic, dispatch_uid="lab.warm_replies")
def warm_replies(instance: Topic, raw: bool, **_kwargs: Any) -> None:
    """Pass a topic's heat on to its replies, which pass it back: a loop, until there is none left."""
    if not raw and instance.heat:
        for reply in instance.replies.all():
            reply.heat = instance.heat
            reply.save()
