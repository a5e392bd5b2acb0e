"""What the buttons of the lab make happen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .models import Reply, Sample, Shipment, Topic
from .signals import OutOfPaper

SHIPMENTS = 6
HEAT = 2**11


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A button, what it says beforehand, and what it does: returns what came of it."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    perform: Callable[[], str]


def take_sample() -> str:
    """Save a sample."""
    return _("Sample %s was taken.") % Sample.objects.create(name="granite").pk


def ship() -> str:
    """Save shipments; those that fail are rolled back, the others stay."""
    refused = sum(not _is_shipped(number) for number in range(1, SHIPMENTS + 1))
    return (
        ngettext(
            "%(shipped)s shipments were saved, %(refused)s was not: a receiver raised.",
            "%(shipped)s shipments were saved, %(refused)s were not: a receiver raised.",
            refused,
        )
        % {"shipped": SHIPMENTS - refused, "refused": refused}
    )  # fmt: skip


def _is_shipped(number: int) -> bool:
    try:
        with transaction.atomic():
            Shipment.objects.create(number=number)
    except OutOfPaper:
        return False
    return True


def heat_discussion() -> str:
    """Save one reply."""
    topic = Topic.objects.create(title="Signals")
    Reply.objects.create(topic=topic, heat=HEAT)
    return _("One reply was saved.")


EXPERIMENTS: Mapping[str, Experiment] = {
    "slow": Experiment(
        title=gettext_lazy("A save that takes its time"),
        text=gettext_lazy("Saves one small row. Why does the page take so long to come back?"),
        button=gettext_lazy("Take a sample"),
        perform=take_sample,
    ),
    "failing": Experiment(
        title=gettext_lazy("A save that fails now and then"),
        text=gettext_lazy("Saves six rows, one after the other. Some of them are refused. By whom?"),
        button=gettext_lazy("Send six shipments"),
        perform=ship,
    ),
    "loop": Experiment(
        title=gettext_lazy("A save that saves, and saves again"),
        text=gettext_lazy("Saves one reply. How often is it written, and what goes round?"),
        button=gettext_lazy("Post a heated reply"),
        perform=heat_discussion,
    ),
}
