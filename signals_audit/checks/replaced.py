"""Checks that what reaches into Django is still in place: other packages may put theirs there instead."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from ..capture import seams
from .blindspots import audited
from .messages import TAG


@register(TAG)
def check_seams(**_kwargs: Any) -> list[CheckMessage]:
    """Check that saves and the statements of all databases with audited rows pass capture."""
    models = audited()
    if not models:
        return []
    messages = []
    if "Model._save_table" in seams.missing():
        messages.append(_warning("Saves may", "Model._save_table", Model._save_table))  # type: ignore[attr-defined]
    for alias in connections:
        if any(router.allow_migrate_model(alias, model) for model in models):
            compiler = type(connections[alias].ops).compiler
            if not _is_observed(connections[alias]):
                messages.append(_warning(f"Statements on the database {alias!r}", "compiler()", compiler))
    return messages


def _is_observed(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a database's compilers are ours, or made of ours."""
    made = map(connection.ops.compiler, seams.OBSERVERS)
    return all(any(base.__module__ == seams.__name__ for base in compiler.__mro__) for compiler in made)


def _warning(what: str, name: str, found: Any) -> CheckMessage:
    return Warning(
        f"{what} go past the log: {name} is now {found.__module__}.{found.__qualname__}.",
        hint="It has to call what was there before it. Put signals_audit behind that app in INSTALLED_APPS.",
        id="signals_audit.W015",
    )
