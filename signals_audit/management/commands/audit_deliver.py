"""Do what was to be done after a COMMIT and was left behind, or failed and is to be tried again."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, close_old_connections, connections, router
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from signals_audit.deliveries import Delivered, deliver_due
from signals_audit.models import Delivery
from signals_audit.reactions.feed import Feed
from signals_audit.receiver_statistics import flush_soon


class Command(BaseCommand):
    help = "Deliver what reactions and channels still have to do. Several of these may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on until stopped")
        parser.add_argument("--interval", type=float, default=2.0, help="seconds between two looks (2)")
        parser.add_argument("--limit", type=int, default=20, help="how many are claimed at once (20)")
        parser.add_argument("--database", help="only this database; all by default")

    def handle(self, *args: Any, **options: Any) -> None:
        self._stop = Event()
        self._feeds: dict[str, Feed] = {}
        aliases = self._aliases(options["database"])
        if options["limit"] < 1 or options["interval"] <= 0:
            raise CommandError(_("--limit and --interval have to be above 0."))
        if not options["watch"]:
            self._report(self._pass(aliases, options["limit"]))
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        while not self._stop.is_set():
            done = self._guarded_pass(aliases, options["limit"])
            if done.count:
                self._report(done)
            close_old_connections()
            self._stop.wait(options["interval"])

    def _aliases(self, chosen: str | None) -> list[str]:
        if chosen is None:
            return [alias for alias in connections if router.allow_migrate_model(alias, Delivery)]
        if chosen not in connections:
            raise CommandError(_("There is no database %r.") % chosen)
        return [chosen]

    def _guarded_pass(self, aliases: list[str], limit: int) -> Delivered:
        """Go on when a database is away for a while."""
        try:
            return self._pass(aliases, limit)
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(str(error))
            connections.close_all()
            return Delivered()

    def _pass(self, aliases: list[str], limit: int) -> Delivered:
        """Deliver until nothing is due."""
        found = Delivered()
        for alias in aliases:
            self._feeds.setdefault(alias, Feed(alias)).take()
            while not self._stop.is_set():
                done = deliver_due(alias, limit=limit)
                found.done += done.done
                found.failed += done.failed
                if not done.count:
                    break
        flush_soon()
        return found

    def _report(self, found: Delivered) -> None:
        done = ngettext("%d delivery done", "%d deliveries done", found.done) % found.done
        failed = ngettext("%d failed", "%d failed", found.failed) % found.failed
        self.stdout.write(f"{done}, {failed}")
