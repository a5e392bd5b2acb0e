"""`manage.py demo`: run the story, print what came of it, check it, and on request open the site."""

from __future__ import annotations

import json
import os
import platform
import time
from typing import Any

import django
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style
from django.utils.translation import gettext as _

from example_project.demo.database import describe, prepare
from example_project.demo.people import COMMAND, make_people
from example_project.demo.report import counted, step_data, step_lines
from example_project.demo.story import Step, Story
from example_project.demo.visitor import StoryError
from example_project.demo.watch import watched
from example_project.factories import PASSWORD

DEFAULT_PORT = 8000
LOG_INS = (
    ("grace", "superuser: may do everything in the admin"),
    ("chris", "auditor: may look at the log and the signal map in the admin, and at nothing else"),
    ("ada", "author"),
    ("ben", "author"),
)


class Command(BaseCommand):
    """Run the demo."""

    help = _("Run a small story through the example project, and show what the log says of it.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--keep", action="store_true", help=_("Add to the demo's database, do not empty it first.")
        )
        parser.add_argument("--json", action="store_true", help=_("Print JSON for machines."))
        parser.add_argument(
            "--serve",
            nargs="?",
            type=int,
            const=DEFAULT_PORT,
            metavar="PORT",
            help=_("Open the site afterwards (port 8000)."),
        )

    def handle(self, **options: Any) -> None:
        """Run the story; exit with 1 when something did not come out as expected."""
        if os.environ.get("NO_COLOR") and not options["force_color"]:
            self.style = no_style()
        started = time.monotonic()
        try:
            steps = self._as_json(**options) if options["json"] else self._as_text(**options)
        except StoryError as error:
            raise CommandError(str(error)) from error
        self._finish(steps, time.monotonic() - started, **options)

    def _as_json(self, *, keep: bool, **_options: Any) -> list[Step]:
        prepare(keep=keep)
        steps = list(Story(make_people()).steps())
        told = {
            "django": django.get_version(),
            "python": platform.python_version(),
            "database": describe(),
            "steps": [step_data(step) for step in steps],
            "ok": not any(step.failures() for step in steps),
        }
        self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
        return steps

    def _as_text(self, *, keep: bool, **_options: Any) -> list[Step]:
        version = f"Django {django.get_version()} · Python {platform.python_version()}"
        self.stdout.write(f"signals_audit demo · {version} · {describe()}")
        prepare(keep=keep)
        with watched(COMMAND.label, "the demo's data") as before:
            people = make_people()
        made = counted(len(before.entries), len(before.notifications))
        self.stdout.write(f"Before the story: accounts and posts, {made}")
        steps = []
        for number, step in enumerate(Story(people).steps(), start=1):
            self.stdout.write("\n".join(step_lines(number, step, self.style)))
            steps.append(step)
        return steps

    def _finish(self, steps: list[Step], seconds: float, **options: Any) -> None:
        failures = [failure for step in steps for failure in step.failures()]
        if not options["json"]:
            self._summarize(steps, seconds, failures)
            self._invite(port=options["serve"])
        if failures:
            raise CommandError(_("The demo did not come out as expected."))
        if options["serve"]:
            call_command("runserver", f"127.0.0.1:{options['serve']}", use_reloader=False)

    def _summarize(self, steps: list[Step], seconds: float, failures: list[str]) -> None:
        entries = sum(len(step.all_entries()) for step in steps)
        notifications = sum(len(step.all_notifications()) for step in steps)
        checks = sum(2 + len(step.claims) for step in steps)
        verdict = f"{len(failures)} of {checks} checks failed" if failures else f"all {checks} checks passed"
        self.stdout.write(f"\n{counted(entries, notifications)}, {verdict}, {seconds:.1f} s")

    def _invite(self, *, port: int | None) -> None:
        address = f"http://127.0.0.1:{port or DEFAULT_PORT}/"
        how = address if port else f"python3 manage.py demo --serve   →  {address}"
        self.stdout.write(f"\nLook at it:  {how}")
        self.stdout.write(f"Log-ins, each with the password “{PASSWORD}”:")
        self.stdout.write("\n".join(f"  {name:6} {role}" for name, role in LOG_INS))
