"""Which tables have triggers, and which of their columns go into entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps as installed_apps
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignKey, Model, deletion

from ..capture.plans import End, TablePlan, plan_for
from ..conf import get_settings
from ..masking import secret_fields
from ..registry import registry
from ..spelling.columns import Table, described, described_relation
from ..spelling.kinds import Kind, has_spelling_of_its_own, kind_of

DATABASE_LEVEL: Any = getattr(deletion, "DatabaseOnDelete", ())  # since Django 6.1


def triggered_models() -> list[type[Model]]:
    """Return the models that are to be captured by triggers."""
    if not get_settings().ENABLED:
        return []
    return [model for model in registry.models() if is_triggered(model)]


def is_triggered(model: type[Model]) -> bool:
    """Tell whether a model is to be captured by triggers."""
    options = registry.options_for(model)
    return options is not None and options.capture == "triggers" and model._meta.managed


def models_on(using: str) -> list[type[Model]]:
    """Return the models that are to be captured by triggers on a database."""
    if not router.allow_migrate(using, "signals_audit", model_name="auditentry"):
        return []
    return [model for model in triggered_models() if router.allow_migrate_model(using, model)]


def relations_on(using: str) -> list[TablePlan]:
    """Return the tables of many-to-many fields whose rows triggers tell of on their owners, on a database.

    PostgreSQL's can: they see all rows of a statement at once, of which each owner has one entry.
    """
    if connections[using].vendor != "postgresql":
        return []
    fields = [field for model in models_on(using) for field in model._meta.local_many_to_many]
    throughs: dict[Any, None] = dict.fromkeys(field.remote_field.through for field in fields)
    plans = [plan_for(through) for through in throughs if router.allow_migrate_model(using, through)]
    return list({plan.model: plan for plan in plans if plan is not None and _can_be_told(plan)}.values())


def _can_be_told(plan: TablePlan) -> bool:
    """Tell whether the rows of a table say all that is told: for one field, keys that need no Python."""
    recorded = [relation for relation in plan.relations if relation.recorded]
    if len(recorded) != 1 or plan.recorded is not None or not plan.model._meta.managed:
        return False
    (relation,) = recorded
    model, options = relation.owner.model, registry.options_for(relation.owner.model)
    if options is None or relation.name in secret_fields(model, mask=options.mask):
        return False
    return is_triggered(model) and all(_holds_key(plan, end) for end in (relation.owner, relation.target))


def _holds_key(plan: TablePlan, end: End) -> bool:
    """Tell whether an end of rows is a primary key that the database spells as Python does."""
    field = plan.fields[end.position]
    return end.column is None and kind_of(field) is not Kind.OTHER and not has_spelling_of_its_own(field)


def all_on(using: str) -> list[type[Model]]:
    """Return the classes of all tables that are to have triggers on a database."""
    return [*models_on(using), *(plan.model for plan in relations_on(using))]


def also_written_through(models: Iterable[type[Model]]) -> set[str]:
    """Return the tables whose rows take rows of these models along when they are deleted, by DB_CASCADE."""
    found: set[str] = set()
    waiting = list(models)
    while waiting:
        for field in waiting.pop()._meta.local_concrete_fields:
            owner = field.related_model if is_left_to_the_database(field) else None
            if isinstance(owner, type) and owner._meta.db_table not in found:
                found.add(owner._meta.db_table)
                waiting.append(owner)
    return found


def is_left_to_the_database(field: Field[Any, Any]) -> bool:
    """Tell whether the database itself acts on a reference when what it points at is deleted."""
    return isinstance(field, ForeignKey) and isinstance(field.remote_field.on_delete, DATABASE_LEVEL)


def wanted(connection: BaseDatabaseWrapper, *, state: Any = installed_apps) -> list[Table]:
    """Return the tables that should have triggers on a connection.

    `state` holds the models as they are in the database, which amid migrations are not those of the code.
    """
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        tables = [
            _table(model, connection, _columns_in(connection, cursor, model._meta.db_table), state)
            for model in models_on(connection.alias)
            if model._meta.db_table in existing
        ]
        relations = [
            _relation(plan, connection, _columns_in(connection, cursor, plan.model._meta.db_table), state)
            for plan in relations_on(connection.alias)
            if plan.model._meta.db_table in existing
        ]
    return [*tables, *(table for table in relations if table is not None)]


def _columns_in(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> set[str]:
    return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def _table(model: type[Model], connection: BaseDatabaseWrapper, existing: set[str], state: Any) -> Table:
    written = _written(model, state)
    fields = [field for field in written._meta.local_concrete_fields if field.column in existing]
    return described(model, connection.alias, fields, written=written)


def _relation(
    plan: TablePlan, connection: BaseDatabaseWrapper, existing: set[str], state: Any
) -> Table | None:
    """Return the table of a many-to-many field; None while migrations have it with other columns."""
    relation = next(relation for relation in plan.relations if relation.recorded)
    written = _written(plan.model, state)
    fields = {field.name: field for field in written._meta.local_concrete_fields if field.column in existing}
    names = [plan.names[end.position] for end in (relation.owner, relation.target)]
    if not fields.keys() >= set(names):
        return None
    ends = [fields[name] for name in names]
    owner = relation.owner.model
    return described_relation(owner, relation.name, connection.alias, (plan.model, written), ends)


def _written(model: type[Model], state: Any) -> type[Model]:
    """Return the class with the columns of now: the one of the migrations where they know the model."""
    try:
        found: type[Model] = state.get_model(model._meta.app_label, model._meta.model_name)
    except LookupError:
        return model
    return found
