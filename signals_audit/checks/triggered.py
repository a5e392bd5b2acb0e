"""Checks of the models that are captured by triggers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model

from ..registry import registry
from ..spelling.kinds import Kind, has_spelling_of_its_own, kind_of
from ..triggers import DIALECTS, State, Status, status
from ..triggers.tables import is_left_to_the_database, models_on, relations_on, triggered_models
from .blindspots import audited
from .messages import TAG

WORDS = {
    State.MISSING: "has no triggers",
    State.OUT_OF_DATE: "has triggers that are out of date",
    State.LEFT_OVER: "has triggers that are left over",
}


@register(TAG)
def check_available(**_kwargs: Any) -> list[CheckMessage]:
    """Check that the databases of models with `capture="triggers"` can have them."""
    return [
        Error(
            f"{model._meta.label} cannot be captured by triggers on the database {alias!r}: they are not "
            f"available on {connections[alias].vendor}. Django's side records its changes.",
            hint=f'Use capture="orm" for it, or one of: {", ".join(sorted(DIALECTS))}.',
            id="signals_audit.E008",
        )
        for alias in connections
        if connections[alias].vendor not in DIALECTS
        for model in models_on(alias)
    ]


@register(TAG)
def check_managed(**_kwargs: Any) -> list[CheckMessage]:
    """Check for models with `capture="triggers"` whose tables are not ours to put triggers on."""
    return unmanaged(audited())


def unmanaged(models: Iterable[type[Model]]) -> list[CheckMessage]:
    """Return a warning for each model that asks for triggers and whose table is made by others."""
    return [
        Warning(
            f'{model._meta.label} has capture="triggers" and managed=False: migrate does not own its table, '
            "and puts up no triggers.",
            hint="Django's side records its changes, not those of other programs.",
            id="signals_audit.W016",
        )
        for model in models
        if getattr(registry.options_for(model), "capture", None) == "triggers" and not model._meta.managed
    ]


@register(TAG)
def check_relations(**_kwargs: Any) -> list[CheckMessage]:
    """Check for many-to-many fields of models with triggers whose own tables have none on some database."""
    models = triggered_models()
    untold = {through for alias in connections for through in _untold_on(alias)}
    return [
        Warning(
            f"The rows of {model._meta.label}.{field.name} have no triggers: what other programs change "
            "there leaves no entries.",
            hint='Give the field a through model, with capture="triggers".',
            id="signals_audit.W017",
        )
        for model in models
        for field in model._meta.local_many_to_many
        if field.remote_field.through in untold
        if (options := registry.options_for(model)) is not None and options.audits_relation(field.name)
    ]


def _untold_on(alias: str) -> Iterator[type[Model]]:
    """Yield the classes of many-to-many rows on a database that have no triggers there."""
    models = models_on(alias)
    told = {*models, *(plan.model for plan in relations_on(alias))}
    for model in models:
        for field in model._meta.local_many_to_many:
            through: Any = field.remote_field.through
            if through._meta.concrete_model not in told and router.allow_migrate_model(alias, through):
                yield through


@register(Tags.database)
def check_installed(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked (`check --database default`), that the triggers are up to date."""
    return [
        message for alias in (databases or ()) for told in status(alias) for message in _messages(alias, told)
    ]


def _messages(alias: str, told: Status) -> Iterator[CheckMessage]:
    if told.state is State.IMPOSSIBLE:
        message = f"{told.label} cannot be captured by triggers on the database {alias!r}: {told.reason}"
        yield Warning(message, hint="Django's side records its changes.", id="signals_audit.W008")
    elif told.state is not State.UP_TO_DATE:
        option = "" if alias == DEFAULT_DB_ALIAS else f" --database {alias}"
        yield Warning(
            f"The table {told.table!r} on the database {alias!r} {WORDS[told.state]}.",
            hint=f"Run migrate, or audit_triggers install{option}.",
            id="signals_audit.W008",
        )


@register(TAG)
def check_fields(**_kwargs: Any) -> list[CheckMessage]:
    """Check for fields whose values triggers see in another spelling than Python."""
    return [
        Warning(
            f"Triggers record the field {name!r} of {model._meta.label} as the database spells it: what "
            "Python makes of it, they cannot know.",
            hint='Exclude or mask the field, or capture the model with capture="orm".',
            id="signals_audit.W009",
        )
        for model in triggered_models()
        for name in _foreign_fields(model)
    ]


def _foreign_fields(model: type[Model]) -> list[str]:
    options = registry.options_for(model)
    return [
        field.name
        for field in model._meta.local_concrete_fields
        if options is not None and options.audits(field.name)
        if kind_of(field) is Kind.OTHER or has_spelling_of_its_own(field)
    ]


@register(TAG)
def check_cascades(**_kwargs: Any) -> list[CheckMessage]:
    """Check for rows that a foreign key deletes or changes where that fires no triggers."""
    return [
        Warning(
            f"The database {alias!r} itself deletes or changes rows of {model._meta.label} when what "
            f"{field.name!r} points at is deleted, and MariaDB and MySQL fire no triggers for that: it is "
            "recorded when Django deletes, not when other programs do.",
            hint="Have Django do it: on_delete=models.CASCADE, SET_NULL or SET_DEFAULT.",
            id="signals_audit.W014",
        )
        for alias in connections
        if connections[alias].vendor == "mysql"
        for model in models_on(alias)
        for field in model._meta.local_concrete_fields
        if is_left_to_the_database(field)
    ]
