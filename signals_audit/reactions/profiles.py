"""Rows that are made along with others: "a new user gets a billing profile".

The row is made in the transaction and on the database of the row that it belongs to: there is never the one
without the other. Fixtures bring their own rows; for them nothing is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import MultipleObjectsReturned
from django.db import router
from django.db.models import Model

from ..conf import get_settings
from ..context import audit_context
from ..events import ChangeEvent
from ..exceptions import ConfigurationError
from ..hooks import AutoCreate, Hook, hooks, label_of
from ..registry import concrete, concrete_label
from ..types import Action, Cause, Timing


def profile_hooks(label: str) -> Iterator[Hook]:
    """Return the hooks that make rows for the new rows of a model."""
    for declaration in declared_for(label):
        yield Hook(
            label,
            Action.CREATE,
            partial(create_for_event, declaration),
            timing=Timing.IN_TRANSACTION,
            title=title_of(declaration),
        )


def declared_for(label: str) -> list[AutoCreate]:
    """Return what is to be made for a model: what settings say, then what code says."""
    every = (*configured_auto_creates(), *hooks.auto_creates())
    return [declaration for declaration in every if concrete_label(declaration.model) == label]


def configured_auto_creates() -> list[AutoCreate]:
    """Return what `SIGNALS_AUDIT["AUTO_CREATE"]` says; what makes no sense is left to the checks."""
    raw: Any = get_settings().AUTO_CREATE
    pairs = raw.items() if isinstance(raw, Mapping) else ()
    declared = ((label, target) for label, targets in pairs for target in targets_in(targets))
    return [_declaration(label, target) for label, target in declared if _makes_sense(label, target)]


def _makes_sense(label: Any, target: Mapping[str, Any]) -> bool:
    texts = isinstance(label, str) and isinstance(target.get("model"), str)
    return texts and isinstance(target.get("field"), str | None)


def targets_in(targets: Any) -> list[Mapping[str, Any]]:
    """Return the dicts that a value in `AUTO_CREATE` stands for: a label, a dict, or a list of them."""
    several = targets if isinstance(targets, (list, tuple)) else (targets,)
    dicts = ({"model": target} if isinstance(target, str) else target for target in several)
    return [target for target in dicts if isinstance(target, Mapping)]


def _declaration(label: str, target: Mapping[str, Any]) -> AutoCreate:
    defaults = target.get("defaults")
    values = defaults if isinstance(defaults, Mapping) else {}
    return AutoCreate(label, target["model"], target.get("field"), values)


def title_of(declaration: AutoCreate) -> str:
    """Return the name under which a row is made."""
    try:
        return f"auto_create {apps.get_model(declaration.target)._meta.label}"
    except (LookupError, ValueError):
        return f"auto_create {declaration.target}"


def create_for_event(declaration: AutoCreate, event: ChangeEvent) -> None:
    """Make the row that belongs to a new one."""
    if not event.raw and event.instance is not None:
        create_once(declaration, event.instance, event.using)


def create_once(declaration: AutoCreate, instance: Model, using: str) -> Model:
    """Return the row that belongs to an instance, made if there is none; a race for it is no error."""
    target = model_of(declaration.target)
    relation = relation_field(target, model_of(declaration.model), declaration.field)
    rows = target._base_manager.using(using)
    values = {name: _for_instance(value, instance) for name, value in declaration.defaults.items()}
    try:
        row, _created = rows.get_or_create(**{relation: instance}, defaults=values)
    except MultipleObjectsReturned:
        row = rows.filter(**{relation: instance}).order_by("pk")[0]
    return row


def _for_instance(value: Any, instance: Model) -> Any:
    return partial(value, instance) if callable(value) else value


def model_of(label: str) -> type[Model]:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise ConfigurationError(f"auto_create: {error}") from error


def relation_field(target: type[Model], model: type[Model], name: str | None) -> str:
    """Return the name of the target's field that points at a model; raise if it cannot be told."""
    if name is not None:
        return name
    candidates = relations_to(target, model)
    if len(candidates) != 1:
        raise ConfigurationError(
            f"auto_create: {target._meta.label} must have exactly one foreign key to {model._meta.label}, "
            f"or `field` must name the one that is meant; found: {', '.join(candidates) or 'none'}"
        )
    return candidates[0]


def relations_to(target: type[Model], model: type[Model]) -> list[str]:
    """Return the names of a target's foreign keys to a model, one-to-one included, or else to its parents."""
    pointing = [
        (field.name, concrete(field.related_model).model)
        for field in target._meta.concrete_fields
        if field.remote_field and isinstance(field.related_model, type) and not field.remote_field.parent_link
    ]
    wanted = concrete(model).model
    exact = [name for name, pointed_at in pointing if pointed_at is wanted]
    return exact or [name for name, pointed_at in pointing if issubclass(wanted, pointed_at)]


def ensure_profile(instance: Model, target: type[Model] | str | None = None) -> Model:
    """Return the row that `auto_create` declares for an instance, made now if it is missing.

    For rows that are older than the declaration. `target` says which one, where several are declared.
    """
    declaration = _declaration_for(instance, target)
    using = instance._state.db or router.db_for_write(instance.__class__, instance=instance)
    with audit_context(cause=Cause(title_of(declaration), None)):
        return create_once(declaration, instance, using)


def _declaration_for(instance: Model, target: type[Model] | str | None) -> AutoCreate:
    meta = concrete(instance.__class__)
    labels = [model._meta.label.lower() for model in (meta.model, *meta.get_parent_list())]
    declared = [declaration for label in labels for declaration in declared_for(label)]
    if target is not None:
        wanted = concrete_label(label_of(target))
        declared = [declaration for declaration in declared if concrete_label(declaration.target) == wanted]
    if len(declared) != 1:
        targets = ", ".join(declaration.target for declaration in declared) or "none"
        raise ConfigurationError(f"auto_create: which target for {meta.label}? Declared: {targets}")
    return declared[0]
