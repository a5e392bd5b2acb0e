"""Remove entries that are older than a project has to keep them."""

from __future__ import annotations

import datetime
import re
from argparse import ArgumentParser
from difflib import get_close_matches
from itertools import chain
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...models import AuditEntry, ReceiverStatistics
from ...receiver_statistics import outdated
from ...retention import (
    BATCH,
    Pruned,
    count,
    done_deliveries,
    doomed,
    prune,
    prune_deliveries,
    prune_statistics,
)

UNITS: Final = {"h": 1, "d": 24, "w": 7 * 24, "y": 365 * 24}
AGE: Final = re.compile(r"([0-9]+)([hdwy])", re.ASCII | re.IGNORECASE)
MAX_BATCH: Final = 10_000


class Command(BaseCommand):
    """Delete old entries in batches."""

    help = _("Delete audit entries older than a given age, and change sets that have none left.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--older-than",
            required=True,
            metavar="AGE",
            help=_("a number of hours, days, weeks or years: 12h, 90d, 26w, 2y"),
        )
        parser.add_argument(
            "--model",
            action="append",
            default=[],
            metavar="LABEL",
            help=_("only this model; may be repeated"),
        )
        parser.add_argument("--dry-run", action="store_true", help=_("count, and delete nothing"))
        parser.add_argument(
            "--batch",
            type=int,
            default=BATCH,
            metavar="N",
            help=_("how many entries one transaction deletes"),
        )
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count, and say how many it was."""
        using = options["database"]
        if using not in connections:
            raise CommandError(_("There is no database “%s”.") % using)
        if not 1 <= options["batch"] <= MAX_BATCH:
            raise CommandError(_("--batch must be between 1 and %d.") % MAX_BATCH)
        moment = age_limit(options["older_than"])
        entries = doomed(moment, models=[label_of(label, using) for label in options["model"]], using=using)
        deliveries = done_deliveries(moment, using=using)
        statistics = outdated(using)
        if not router.allow_migrate_model(using, AuditEntry):
            entries, deliveries = entries.none(), deliveries.none()
        if not router.allow_migrate_model(using, ReceiverStatistics):
            statistics = statistics.none()
        if options["model"]:
            deliveries, statistics = deliveries.none(), statistics.none()
        if options["dry_run"]:
            others = Pruned(deliveries=deliveries.count(), statistics=statistics.count())
            found = count(entries) + others
            self.stdout.write(_("Would delete %s.") % told(found))
            return
        gone = chain(
            prune(entries, batch=options["batch"]),
            prune_deliveries(deliveries, batch=options["batch"]),
            prune_statistics(statistics, batch=options["batch"]),
        )
        self.stdout.write(_("Deleted %s.") % told(sum(gone, Pruned())))


def told(pruned: Pruned) -> str:
    """Return counts as words."""
    entries = ngettext("%d entry", "%d entries", pruned.entries) % pruned.entries
    change_sets = ngettext("%d change set", "%d change sets", pruned.change_sets) % pruned.change_sets
    words = _("%(entries)s and %(change_sets)s") % {"entries": entries, "change_sets": change_sets}
    if pruned.deliveries:
        words += ", " + ngettext("%d delivery", "%d deliveries", pruned.deliveries) % pruned.deliveries
    if pruned.statistics:
        rows = ngettext("%d row of statistics", "%d rows of statistics", pruned.statistics)
        words += ", " + rows % pruned.statistics
    return words


def age_limit(age: str) -> datetime.datetime:
    """Return the moment before which entries are too old."""
    match = AGE.fullmatch(age.strip())
    if match is None or not int(match[1]):
        raise CommandError(_("“%s” is no age: write a number and h, d, w or y, such as 90d or 2y.") % age)
    try:
        return timezone.now() - datetime.timedelta(hours=int(match[1]) * UNITS[match[2].lower()])
    except OverflowError:
        raise CommandError(_("“%s” is longer ago than the calendar goes.") % age) from None


def label_of(label: str, using: str) -> str:
    """Return a label as entries carry it; of a model that is gone, the label of its entries."""
    try:
        return str(apps.get_model(label)._meta.label)
    except (LookupError, ValueError):
        if AuditEntry.objects.using(using).filter(model=label).exists():
            return label
    known = {model._meta.label.lower(): model._meta.label for model in apps.get_models()}
    close = get_close_matches(label.lower(), known, n=1)
    hint = _(" Did you mean “%s”?") % known[close[0]] if close else ""
    raise CommandError(_("There is no model “%s”, and no entry of one.") % label + hint)
