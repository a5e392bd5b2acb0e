"""Make what rows should have and lack, because they are older than what declares it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...exceptions import ConfigurationError
from ...reactions.backfill import BATCH, Gap, fill, gaps
from ...registry import concrete_label


class Command(BaseCommand):
    """Make missing rows in batches."""

    help = _("Make the rows that AUTO_CREATE declares for rows that are older than the declaration.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--profiles", action="store_true", help=_("make the rows of AUTO_CREATE"))
        parser.add_argument(
            "--model",
            action="append",
            default=[],
            metavar="LABEL",
            help=_("only for this model's rows; may be repeated"),
        )
        parser.add_argument("--dry-run", action="store_true", help=_("count, and make nothing"))
        parser.add_argument(
            "--batch", type=int, default=BATCH, metavar="N", help=_("how many rows one transaction makes")
        )
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make rows, or count them, and say how many they are for each declaration."""
        if not options["profiles"]:
            raise CommandError(_("Say what is to be made: --profiles."))
        if options["database"] not in connections:
            raise CommandError(_("There is no database “%s”.") % options["database"])
        if options["batch"] < 1:
            raise CommandError(_("--batch must be above 0."))
        try:
            for gap in gaps(options["database"], models=[_known(label) for label in options["model"]]):
                self._fill(gap, options)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error

    def _fill(self, gap: Gap, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            words = ngettext("%d row is missing", "%d rows are missing", gap.count()) % gap.count()
        else:
            made = fill(gap, batch=options["batch"])
            words = ngettext("%d row made", "%d rows made", made) % made
        self.stdout.write(f"{gap.title}: {words}")


def _known(label: str) -> str:
    try:
        apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise CommandError(str(error)) from error
    return concrete_label(label)
