"""Checks for `check --deploy`: what the log will not see because somebody chose so, by model and database."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, router
from django.db.models import Model

from .. import triggers
from ..conf import get_settings
from ..registry import registry
from ..triggers.tables import is_triggered, models_on
from .blindspots import audited
from .messages import TAG

FIRES_NOTHING = {
    "postgresql": (
        "TRUNCATE, or a session with session_replication_role = 'replica',",
        "Revoke TRUNCATE on these tables.",
    ),
    "sqlite": (
        "REPLACE, for the rows that it takes away where PRAGMA recursive_triggers is off,",
        "Have other programs use INSERT ... ON CONFLICT DO UPDATE.",
    ),
    "mysql": (
        "TRUNCATE, or what a foreign key does by itself,",
        "Revoke DROP on these tables, which TRUNCATE needs.",
    ),
}


@register(TAG, deploy=True)
def check_enabled(**_kwargs: Any) -> list[CheckMessage]:
    """Check that anything is recorded at all."""
    if get_settings().ENABLED:
        return []
    return [_warning(19, 'Nothing is recorded: SIGNALS_AUDIT["ENABLED"] is False.', None)]


@register(TAG, deploy=True)
def check_raw_sql(**_kwargs: Any) -> list[CheckMessage]:
    """Check that raw SQL does not go unnoticed."""
    if get_settings().RAW_SQL != "ignore" or not audited():
        return []
    message = 'Raw SQL that writes to audited tables goes unnoticed: SIGNALS_AUDIT["RAW_SQL"] is "ignore".'
    return [_warning(20, message, 'Use "warn" or "entry".')]


@register(TAG, deploy=True)
def check_memory(**_kwargs: Any) -> list[CheckMessage]:
    """Check for models whose rows are not read before a save overwrites them."""
    return [
        _warning(
            21,
            f"The log does not see that a save() of {model._meta.label} on the database {alias!r} reverts "
            "what others wrote since the object was loaded: it trusts the object's memory.",
            'Use before="exact", or save(update_fields=...).',
        )
        for model, alias in _places()
        if _option(model, "before") == "memory" and not is_triggered(model)
        if connections[alias].vendor in ("postgresql", "sqlite")  # elsewhere rows are read all the same
    ]


@register(TAG, deploy=True)
def check_left_out(**_kwargs: Any) -> list[CheckMessage]:
    """Check for models of which statements that change many rows leave no entry."""
    return [
        _warning(
            22,
            f"Statements that change several rows of {model._meta.label} leave no entries.",
            'Use bulk="summary" for one entry each, or bulk="database".',
        )
        for model in audited()
        if _option(model, "bulk") == "off" and not is_triggered(model)
    ]


@register(TAG, deploy=True)
def check_triggers(**_kwargs: Any) -> list[CheckMessage]:
    """Check for what fires no triggers on the databases that have any."""
    messages = []
    for alias in connections:
        found, vendor = models_on(alias), connections[alias].vendor
        if found and vendor in FIRES_NOTHING:
            what, hint = FIRES_NOTHING[vendor]
            labels = ", ".join(sorted(model._meta.label for model in found))
            message = f"{what} fires no triggers on the database {alias!r}: it leaves no entries of {labels}."
            messages.append(_warning(23, message, hint))
    return messages


@register(Tags.database, deploy=True)
def check_other_triggers(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked, for triggers that may write past Django's side."""
    messages = []
    for alias in databases or ():
        others = triggers.others(alias)
        for model in audited():
            names = others.get(model._meta.db_table, ())
            if names and not is_triggered(model) and router.allow_migrate_model(alias, model):
                message = (
                    f"The table of {model._meta.label} on the database {alias!r} has other triggers "
                    f"({', '.join(names)}): what they change in audited rows leaves no entries."
                )
                messages.append(
                    _warning(24, message, 'Use capture="triggers" for the models that they write.')
                )
    return messages


def _places() -> Iterator[tuple[type[Model], str]]:
    """Give each audited model with each database that its rows may be on."""
    for model in audited():
        yield from ((model, alias) for alias in connections if router.allow_migrate_model(alias, model))


def _option(model: type[Model], name: str) -> Any:
    return getattr(registry.options_for(model), name, None)


def _warning(number: int, message: str, hint: str | None) -> CheckMessage:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")
