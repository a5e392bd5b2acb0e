"""Checks of `TRACING`, and of what was measured: receivers that fail, signals that loop."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, router

from ..conf import SETTING, get_settings, raw_settings
from ..models import ReceiverStatistics
from ..receiver_statistics import ReceiverTotals, totals
from ..shapes import TRACING
from ..tracing.named import named_signals
from ..tracing.policy import known_signal, policy
from .messages import TAG, shown, unknown
from .shapes import misfits

WHERE: Final = f'{SETTING}["TRACING"]'
SOME: Final = 3


@register(TAG)
def check_tracing(**_kwargs: Any) -> list[CheckMessage]:
    """Check the keys in `TRACING` and what their values are."""
    if not isinstance(raw_settings().get("TRACING"), Mapping):
        return []
    return list(misfits(WHERE, get_settings().TRACING, TRACING))


@register(TAG)
def check_signals(**_kwargs: Any) -> list[CheckMessage]:
    """Check that there are the signals that are to be watched."""
    known = [one.name for one in named_signals()]
    return [
        unknown(12, f'{WHERE}["SIGNALS"]: there is no signal {shown(name)}.', name, known)
        for name in policy().SIGNALS or ()
        if known_signal(name) is None
    ]


@register(Tags.database)
def check_table(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked, that what is measured can be written."""
    alias = router.db_for_write(ReceiverStatistics)
    if policy().is_idle or alias not in (databases or ()) or _has_table(alias):
        return []
    table = ReceiverStatistics._meta.db_table
    message = f"Receivers are to be watched, and the database {alias!r} has no table {table!r} to note it in."
    return [_warning(29, message, "Run migrate. Until then figures are kept in memory, a limited number.")]


@register(Tags.database)
def check_receivers(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked (`check --database default`), that receivers do what they should."""
    return [
        message
        for alias in databases or ()
        if _has_table(alias)
        for message in _told(alias, totals(using=alias))
    ]


def _told(alias: str, found: list[ReceiverTotals]) -> Iterator[CheckMessage]:
    failing = {f"{one.receiver} ({one.signal})": one.errors for one in found if one.errors}
    if failing:
        message = f"Receivers failed within a day, says the database {alias!r}: {_most(failing)}."
        yield _warning(30, message, "The signal map in the admin shows what they raised last.")
    looping = {f"{one.receiver} ({one.signal})": one.loops for one in found if one.loops}
    if looping:
        message = (
            f"Signals looped through receivers within a day, says the database {alias!r}: {_most(looping)}."
        )
        yield _warning(30, message, "The signal map in the admin shows how they go round in circles.")


def _most(counts: Mapping[str, int]) -> str:
    """Return the names with the highest counts, and how many more there are."""
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(_counted(counts, names[:SOME])) + (
        f" and {len(names) - SOME} more" if len(names) > SOME else ""
    )


def _counted(counts: Mapping[str, int], names: Iterable[str]) -> Iterator[str]:
    return (f"{name} {counts[name]} time(s)" for name in names)


def _has_table(alias: str) -> bool:
    return ReceiverStatistics._meta.db_table in connections[alias].introspection.table_names()


def _warning(number: int, message: str, hint: str) -> CheckMessage:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")
