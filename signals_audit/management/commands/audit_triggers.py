"""Put up, take down or show the triggers of the models that are captured by triggers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext as _

from ... import triggers
from ...triggers import State, Status


class Command(BaseCommand):
    """Install, uninstall or show triggers."""

    help = _("Put up (install), take down (uninstall) or show (status) the triggers that record changes.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("verb", choices=("install", "uninstall", "status"))
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what was done."""
        using = options["database"]
        if using not in connections:
            raise CommandError(_("There is no database “%s”.") % using)
        if triggers.dialect_of(connections[using]) is None:
            raise CommandError(_("Triggers are not available on %s.") % connections[using].display_name)
        getattr(self, f"_{options['verb']}")(using)

    def _install(self, using: str) -> None:
        for told in triggers.install(using):
            self._say(told.table, _("taken down") if told.state is State.LEFT_OVER else _("installed"))
        self._status(using)

    def _uninstall(self, using: str) -> None:
        for table in triggers.uninstall(using):
            self._say(table, _("taken down"))

    def _status(self, using: str) -> None:
        told = triggers.status(using)
        for one in told:
            self._say(one.table, described(one))
        if not told:
            self.stdout.write(_("No model is captured by triggers."))

    def _say(self, table: str, words: str) -> None:
        self.stdout.write(f"{table}: {words}")


def described(told: Status) -> str:
    """Return a table's state in words."""
    words = {
        State.UP_TO_DATE: _("up to date"),
        State.OUT_OF_DATE: _("out of date"),
        State.MISSING: _("missing"),
        State.LEFT_OVER: _("left over"),
        State.IMPOSSIBLE: _("not possible"),
    }[told.state]
    return f"{words} ({told.reason})" if told.reason else words
