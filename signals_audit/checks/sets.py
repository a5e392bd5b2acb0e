"""Checks of what large statements leave in the log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, router

from ..bulk import why_not
from ..capture.plans import plan_for
from .blindspots import audited


@register(Tags.database)
def check_sets(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked, that they can make the entries of models with `bulk="database"`."""
    return [
        Warning(
            f"The database {alias!r} cannot make the entries of {model._meta.label}: {reason}.",
            hint='Large statements are recorded as with bulk="rows", by Django\'s side.',
            id="signals_audit.W018",
        )
        for alias in databases or ()
        for model in audited()
        if router.allow_migrate_model(alias, model)
        if (plan := plan_for(model)) is not None and plan.options.bulk == "database"
        if (reason := why_not(connections[alias], plan)) is not None
    ]
