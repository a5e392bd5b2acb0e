"""Tell people what they want to be told once a day or once a week."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...reactions.digests import send_digests
from ...types import Pace


class Command(BaseCommand):
    """Send the digests of a period; a second run at once sends nothing."""

    help = _("Send what waits for a digest: one mail to each user, grouped by what it is about.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--period", required=True, choices=[Pace.DAILY.value, Pace.WEEKLY.value])
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Send them, and say how many they were."""
        using = options["database"]
        if using not in connections:
            raise CommandError(_("There is no database “%s”.") % using)
        count = sum(send_digests(Pace(options["period"]), using))
        self.stdout.write(ngettext("%d digest", "%d digests", count) % count)
