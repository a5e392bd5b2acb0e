"""Show who hears of which signal, and what a save of one model really sets off."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.models import Model
from django.test import signals as _signals_of_tests  # noqa: F401 - named only when they are loaded
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...checks.signals import WORDS
from ...exceptions import AuditError
from ...hooks import hooks
from ...rehearsals import Rehearsal, rehearse_create_and_delete, rehearse_update
from ...tracing.hooked import hook_lines
from ...tracing.lines import ReceiverLine
from ...tracing.maps import SignalMap, model_named, signal_map
from ...tracing.named import Origin
from ...tracing.receivers import printable
from ...tracing.reports import as_dot, as_json, as_text
from ..rehearsed import rehearsal_text

OF_MAP: Final = ("signal", "sender", "json", "dot", "check")
OF_TRACE: Final = ("pk", "factory", "database", "yes")


class Command(BaseCommand):
    """Print the signal map, or rehearse a save."""

    help = _(
        "Show the receivers of all signals in the order of their calls; or save an object for real in a "
        "transaction that is rolled back, and show what that set off."
    )
    requires_system_checks: list[str] = []  # it is to explain what is wrong, too

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--signal", metavar="NAME", help=_("only this signal"))
        parser.add_argument("--sender", metavar="MODEL", help=_("only who hears of this model: app.Model"))
        shape = parser.add_mutually_exclusive_group()
        shape.add_argument("--json", action="store_true", help=_("print JSON"))
        shape.add_argument("--dot", action="store_true", help=_("print a graph for Graphviz"))
        shape.add_argument(
            "--check",
            action="store_true",
            help=_("print what is wrong with the project's receivers alone, and fail if anything is"),
        )
        parser.add_argument("--trace", metavar="MODEL", help=_("save an object of this model: app.Model"))
        parser.add_argument(
            "--pk", metavar="KEY", help=_("save the row with this key; a JSON list for a composite key")
        )
        parser.add_argument(
            "--factory",
            metavar="PATH",
            help=_("dotted path of a function that makes an object, to be saved and deleted"),
        )
        parser.add_argument("--database", metavar="ALIAS", help=_("where the row is, or is to be made"))
        parser.add_argument(
            "--yes", action="store_true", help=_("call receivers for real though DEBUG is off")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the options say."""
        try:
            if options["trace"] is None:
                self._map(options)
            else:
                self._trace(options)
        except AuditError as error:
            raise CommandError(str(error)) from error

    def _map(self, options: dict[str, Any]) -> None:
        refuse(options, OF_TRACE, _("%s needs --trace."))
        found = signal_map(signal=options["signal"], sender=options["sender"])
        if found.sender and options["signal"] is None:
            found = replace(found, hooks=hook_lines(hooks.of(model_named(found.sender))))
        if options["check"]:
            self._check(found)
        elif options["json"]:
            self.stdout.write(as_json(found), ending="")
        elif options["dot"]:
            self.stdout.write(as_dot(found), ending="")
        else:
            self.stdout.write(as_text(found, style=self.style), ending="")

    def _check(self, found: SignalMap) -> None:
        lines = list(findings(found))
        for line in lines:
            self.stdout.write(line)
        if lines:
            raise CommandError(ngettext("%d finding.", "%d findings.", len(lines)) % len(lines))
        self.stdout.write(_("Nothing was found."))

    def _trace(self, options: dict[str, Any]) -> None:
        refuse(options, OF_MAP, _("%s cannot be used with --trace."))
        model = model_named(options["trace"])
        if (options["pk"] is None) == (options["factory"] is None):
            raise CommandError(_("--trace needs either --pk, the key of a row, or --factory."))
        check_alias(options["database"])
        rehearse = rehearsing(model, options)
        if not settings.DEBUG and not options["yes"]:
            raise CommandError(
                _(
                    "DEBUG is off, and all receivers would really be called: what they write to databases is "
                    "rolled back, mails and requests that they send are not. Add --yes if that is meant."
                )
            )
        rehearsal = rehearse()
        self.stdout.write(rehearsal_text(rehearsal, self.style), ending="")
        if rehearsal.error is not None:
            raise CommandError(_("The rehearsal ended with an error."))


def refuse(options: dict[str, Any], names: tuple[str, ...], sentence: str) -> None:
    """Raise CommandError if an option is there that does not go with the others."""
    for name in names:
        if options[name] not in (None, False):
            raise CommandError(sentence % f"--{name}")


def findings(found: SignalMap) -> Iterator[str]:
    """Yield what is wrong with receivers of the project; others' are not its to mend."""
    for one in found.signals:
        for line in filter(is_of_project, one.receivers):
            for finding in line.findings:
                if finding in WORDS:
                    place = f" ({line.file}:{line.line})" if line.file else ""
                    subject = f"{one.signal.name}: {line.name}{place} ← {line.sender or _('any sender')}"
                    yield f"{printable(subject)}: {finding.label}"


def is_of_project(line: ReceiverLine) -> bool:
    """Tell whether a receiver is neither of Django, nor of this package, nor of another that is installed."""
    return line.origin is Origin.OTHER and not line.is_installed


def rehearsing(model: type[Model], options: dict[str, Any]) -> Callable[[], Rehearsal]:
    """Return what rehearses; all that can be wrong with the options is said before."""
    using = options["database"]
    if options["factory"] is not None:
        factory = factory_of(options["factory"])
        return lambda: rehearse_create_and_delete(factory, model=model, using=using)
    key = key_of(model, options["pk"])
    return lambda: rehearse_update(model, key, using=using)


def check_alias(alias: str | None) -> None:
    """Raise CommandError if there is no such database."""
    if alias is not None and alias not in connections:
        raise CommandError(_("There is no database “%s”.") % alias + meant(alias, list(connections)))


def key_of(model: type[Model], text: str) -> Any:
    """Return a key as it is written: of several columns as a JSON list."""
    if len(model._meta.pk_fields) == 1:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # which is no key of such a model


def factory_of(path: str) -> Callable[[], Any]:
    """Return the function of a dotted path; raise CommandError that says which part of it is wrong."""
    module_path, _dot, name = path.rpartition(".")
    try:
        module = import_module(module_path or path)
    except Exception as error:  # what a module raises that is imported, too
        told = {"module": module_path or path, "error": f"{type(error).__name__}: {error}"}
        raise CommandError(_("“%(module)s” cannot be imported: %(error)s") % told) from error
    factory: Any = getattr(module, name, None) if module_path else None
    if not callable(factory):
        callables = [known for known, value in vars(module).items() if callable(value)]
        told = {"name": name, "module": module_path or path}
        raise CommandError(
            _("There is no function “%(name)s” in “%(module)s”.") % told + meant(name, callables)
        )
    return factory  # type: ignore[no-any-return]


def meant(name: str, known: list[str]) -> str:
    """Return what may have been meant by a name that nobody knows."""
    near = get_close_matches(name, known, n=1)
    return _(" Did you mean “%s”?") % near[0] if near else ""
