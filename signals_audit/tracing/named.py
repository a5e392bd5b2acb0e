"""Signals by their names: Django's own, with the arguments that its documentation gives them, and all others.

A signal does not know its name. Those of Django are listed here; others are found as what they are, names in
the modules of installed apps.
"""

from __future__ import annotations

import difflib
import enum
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.dispatch import Signal
from django.utils.translation import gettext as _

from ..exceptions import AuditError

MODEL = "django.db.models.signals"
CORE = "django.core.signals"
TEST = "django.test.signals"
AUTH = "django.contrib.auth.signals"
TASKS = ("django.tasks.signals", "django_tasks.signals")  # Django's own since 6.0
APP_OF = {AUTH: "django.contrib.auth", TASKS[1]: "django_tasks"}

MIGRATING = ("app_config", "verbosity", "interactive", "stdout", "using", "plan", "apps")
DJANGO: dict[str, dict[str, tuple[str, ...]]] = {
    MODEL: {
        "pre_init": ("args", "kwargs"),
        "post_init": ("instance",),
        "pre_save": ("instance", "raw", "using", "update_fields"),
        "post_save": ("instance", "created", "raw", "using", "update_fields"),
        "pre_delete": ("instance", "using", "origin"),
        "post_delete": ("instance", "using", "origin"),
        "m2m_changed": ("instance", "action", "reverse", "model", "pk_set", "using"),
        "class_prepared": (),
        "pre_migrate": MIGRATING,
        "post_migrate": MIGRATING,
    },
    CORE: {
        "request_started": ("environ",),
        "request_finished": (),
        "got_request_exception": ("request",),
        "setting_changed": ("setting", "value", "enter"),
    },
    TEST: {"template_rendered": ("template", "context")},
    "django.db.backends.signals": {"connection_created": ("connection",)},
    AUTH: {
        "user_logged_in": ("request", "user"),
        "user_login_failed": ("credentials", "request"),
        "user_logged_out": ("request", "user"),
    },
    **dict.fromkeys(
        TASKS, dict.fromkeys(("task_enqueued", "task_started", "task_finished"), ("task_result",))
    ),
}
OWN = {
    "object_created": ("event",),
    "object_changed": ("event",),
    "object_deleted": ("event",),
    "relation_changed": ("event",),
    "changes_captured": ("events", "using"),
    "changes_committed": ("events", "using"),
}
OWN_MODULE = "signals_audit.signals"


class Origin(enum.Enum):
    """Whose a signal or a receiver is."""

    DJANGO = "django"
    OWN = "signals_audit"
    OTHER = "other"


class UnknownSignal(AuditError):
    """There is no signal of that name, or there are several."""


@dataclass(frozen=True, slots=True)
class NamedSignal:
    """A signal, its name, and the arguments that its receivers are documented to get besides the sender."""

    name: str
    module: str
    signal: Signal
    arguments: tuple[str, ...] = ()
    origin: Origin = Origin.OTHER

    @property
    def path(self) -> str:
        """The dotted path to import it by."""
        return f"{self.module}.{self.name}"


def named_signals() -> list[NamedSignal]:
    """Return all signals: Django's in the order of its documentation, ours, and those of installed apps.

    Of an app are found those of its modules that were imported; a signal elsewhere has no receivers yet. The
    same goes for `template_rendered`: only what tests with Django has it.
    """
    known = [*_djangos(), *_own()]
    listed = {id(one.signal) for one in known}
    others = {id(one.signal): one for one in _others() if id(one.signal) not in listed}
    return [*known, *sorted(others.values(), key=lambda one: one.path)]


def signal_named(name: str) -> NamedSignal:
    """Return a signal by its name, or by its dotted path where several share the name.

    Raises UnknownSignal, which says what names there are.
    """
    signals = named_signals()
    found = [one for one in signals if name in (one.name, one.path)]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(one.path for one in found)
        raise UnknownSignal(_("Several signals are called “%s”: say which of %s.") % (name, paths))
    near = difflib.get_close_matches(name, [one.name for one in signals], n=3) or [
        one.name for one in signals
    ]
    raise UnknownSignal(
        _("There is no signal “%(name)s”. Perhaps you mean %(near)s.")
        % {"name": name, "near": ", ".join(dict.fromkeys(near))}
    )


def name_of(signal: Signal) -> str:
    """Return the name of a signal, for people; what it is where it has none."""
    return next((one.name for one in named_signals() if one.signal is signal), repr(signal))


def _djangos() -> Iterator[NamedSignal]:
    for path, names in DJANGO.items():
        module = _module(path)
        for name, arguments in names.items() if module is not None else ():
            yield NamedSignal(name, path, getattr(module, name), arguments, Origin.DJANGO)


def _own() -> Iterator[NamedSignal]:
    module = _module(OWN_MODULE)
    for name, arguments in OWN.items():
        yield NamedSignal(name, OWN_MODULE, getattr(module, name), arguments, Origin.OWN)


def _module(path: str) -> Any:
    """Return a module; None where this Django, or this project, has none of it."""
    if path in APP_OF and not apps.is_installed(APP_OF[path]):
        return None
    if path == TEST:  # what a site does not use is not loaded for this, with all that it connects
        return sys.modules.get(path)
    try:
        return import_module(path)
    except ImportError:
        return None


def _others() -> Iterator[NamedSignal]:
    """Find signals in the modules of installed apps; last in one called signals, which names them best."""
    for path in sorted(_modules_of_apps(), key=lambda name: name.rpartition(".")[2] == "signals"):
        for name, value in list(getattr(sys.modules.get(path), "__dict__", {}).items()):
            # isinstance() would have lazy objects make what they stand for
            if issubclass(type(value), Signal):
                yield NamedSignal(name, path, value)


def _modules_of_apps() -> list[str]:
    names = tuple(config.name for config in apps.get_app_configs())
    inside = tuple(f"{name}." for name in names)
    return [path for path in list(sys.modules) if path in names or path.startswith(inside)]
