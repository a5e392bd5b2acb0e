"""What is watched of signals, and what is done about it: `SIGNALS_AUDIT["TRACING"]`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from django.dispatch import Signal
from django.utils.module_loading import import_string

from ..conf import get_settings
from ..shapes import TRACING, fitting
from .named import CORE, DJANGO, OWN, NamedSignal, UnknownSignal, signal_named

OF_ROWS: Final = ("pre_init", "post_init")  # sent for every row that is read
OF_MODELS: Final = (*OF_ROWS, "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed")
OF_REQUESTS: Final = tuple(name for name in DJANGO[CORE] if name != "setting_changed")
USUAL: Final = (*OF_MODELS, *OF_REQUESTS, *OWN)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is watched, and what is done about it.

    `STATISTICS`: the share of all sends whose receivers are measured, none of them when it is 0. `SLOW`:
    seconds after which a receiver is called slow. `LOOPS`: what is done about a signal that is sent within
    itself, for the same object, `DEPTH` times over. `SIGNALS`: the names of the signals that this is about;
    None are those of models and of requests, and our own. `KEEP`: days that statistics are kept.
    """

    STATISTICS: float = 0.0
    SLOW: float = 0.1
    LOOPS: Literal["ignore", "report", "stop"] = "ignore"
    DEPTH: int = 8
    SIGNALS: Sequence[str] | None = None
    KEEP: int = 30

    @property
    def keep(self) -> timedelta:
        """Return how long statistics are kept."""
        return timedelta(days=self.KEEP)

    @property
    def is_idle(self) -> bool:
        """Tell whether there is nothing to watch for."""
        return not self.STATISTICS and self.LOOPS == "ignore"


def policy() -> Policy:
    """Return the policy in force; what checks report as unknown or of the wrong type is left out."""
    return Policy(**fitting(get_settings().TRACING, TRACING))


def watched_signals(chosen: Policy) -> dict[str, Signal]:
    """Return the signals that a policy is about by their names; names that checks report are left out."""
    names = USUAL if chosen.SIGNALS is None else chosen.SIGNALS
    return {one.name: one.signal for name in names if (one := known_signal(name)) is not None}


def known_signal(name: str) -> NamedSignal | None:
    """Return a signal by its name or dotted path, None where there is none.

    A path is imported first: the module of an app that comes after ours may not have been yet.
    """
    if "." in name:
        with suppress(Exception):  # whatever the project's module does when it is imported
            import_string(name)
    try:
        return signal_named(name)
    except UnknownSignal:
        return None
