"""What is left to do for a table whose entries triggers make: tell of events, if anybody listens."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from ..hooks import hooks
from . import pipeline
from .plans import TablePlan, unrecorded


def beside_triggers(plan: TablePlan, connection: BaseDatabaseWrapper) -> TablePlan | None:
    """Return the plan by which a write is told, None where nothing is left to tell."""
    if plan.options.capture != "triggers":
        return plan
    if connection.needs_rollback and connection.in_atomic_block:  # Django will refuse the statement
        return None
    if not pipeline.is_handed_over(connection, plan.model):
        return plan
    return unrecorded(plan) if _is_told(plan) else None


def _is_told(plan: TablePlan) -> bool:
    """Tell whether hooks or receivers wait for events of a table, or of the owners of its rows."""
    for relation in plan.relations:
        owner = relation.owner.model
        if hooks.of(owner) or pipeline.is_heard(owner) or pipeline.is_relation_heard(owner):
            return True
    return not plan.relations and (bool(hooks.of(plan.model)) or pipeline.is_heard(plan.model))


def beside_cascades(plan: TablePlan, connection: BaseDatabaseWrapper) -> TablePlan | None:
    """Return the plan by which is told what the database did; triggers of MariaDB and MySQL miss it."""
    return plan if connection.vendor == "mysql" else beside_triggers(plan, connection)
