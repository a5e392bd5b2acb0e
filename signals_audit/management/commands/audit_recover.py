"""Write entries that had to go to the spool back into the log."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ... import spool
from ...recovery import Recovered, recover

SHOWN: Final = 5


class Command(BaseCommand):
    """Empty the spool."""

    help = _(
        "Write the entries that could not be written at their time (ON_ERROR is “log”) into the log. An "
        "entry that is there already is left alone. The exit code is 1 while anything is left in the spool."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--dry-run", action="store_true", help=_("count, and write nothing"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Recover file by file, and say what was found."""
        found = Recovered()
        try:
            paths = spool.files()
        except OSError as error:
            raise CommandError(_("The spool cannot be read: %s.") % error) from error
        for path in paths:
            found += recover(path, dry_run=options["dry_run"])
        words = {"written": told(found.written), "present": found.present}
        if options["dry_run"]:
            self.stdout.write(_("Would write %(written)s; %(present)d are there already.") % words)
        else:
            self.stdout.write(_("Wrote %(written)s; %(present)d were there already.") % words)
        if not found.is_complete:
            raise CommandError(_left(found))


def told(number: int) -> str:
    """Return a number of entries as words."""
    return ngettext("%d entry", "%d entries", number) % number


def _left(found: Recovered) -> str:
    parts = []
    if found.failed:
        parts.append(_("%s could not be written and stay in the spool.") % told(found.failed))
    if found.unreadable:
        lines = ngettext("%d line cannot be read.", "%d lines cannot be read.", found.unreadable)
        parts.append(lines % found.unreadable)
    if found.busy:
        parts.append(ngettext("%d file is in use.", "%d files are in use.", found.busy) % found.busy)
    reasons = list(dict.fromkeys(found.errors))[:SHOWN]
    return "\n  ".join([" ".join(parts), *reasons])
