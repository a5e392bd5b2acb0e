"""Triggers are taken down before a migration that may change their tables, and put up again afterwards.

A trigger that names a column which is dropped or altered fails, and has every write to its table fail.
`flush` sends `post_migrate` too, but has no plan and changes no table: nothing is done then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model

from . import install, uninstall
from .tables import all_on

UID = "signals_audit.triggers"
OWN_APP = "signals_audit"


def take_down(*, using: str, plan: Sequence[tuple[Any, bool]] = (), **_kwargs: Any) -> None:
    """Receive `pre_migrate`: take down the triggers of the tables that the plan may change."""
    touched = {migration.app_label for migration, _backwards in plan}
    if not touched:
        return
    spared = [model for model in all_on(using) if touched.isdisjoint(_apps_of(model))]
    uninstall(using, but={model._meta.db_table for model in spared})


def _apps_of(model: type[Model]) -> Iterable[str]:
    """Return the app of a model, that of the log, and those whose keys it holds: their types change along."""
    yield from (OWN_APP, model._meta.app_label)
    for field in model._meta.local_concrete_fields:
        if field.related_model is not None:
            yield field.related_model._meta.app_label


def put_up(*, using: str, apps: Any = None, plan: Any = None, **_kwargs: Any) -> None:
    """Receive `post_migrate`: put up what is missing or out of date, and take down what is left over."""
    if plan is not None and apps is not None:
        install(using, state=apps)
