"""What was declared, in settings and in code, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model

from ..conf import SETTING, raw_settings
from ..hooks import AutoCreate, Hook, Notify, hooks
from ..reactions.notices import configured_notifies
from ..reactions.profiles import configured_auto_creates
from ..registry import ModelOptions, options_from, registry


def audited() -> Iterator[tuple[str, str, ModelOptions]]:
    """Give the place, the label or pattern, and the options of each audited model."""
    models = raw_settings().get("MODELS")
    for label in models if isinstance(models, (Mapping, list, tuple, set)) else ():
        options = models.get(label) if isinstance(models, Mapping) else None
        if isinstance(label, str):
            yield f'{SETTING}["MODELS"]', label, options_from(options if isinstance(options, Mapping) else {})
    for label, declared in registry.snapshot().items():
        yield "register()", label, declared


def auto_creates() -> Iterator[tuple[str, AutoCreate]]:
    """Give the place and the declaration of each row to be made along with another."""
    yield from ((f'{SETTING}["AUTO_CREATE"]', declared) for declared in configured_auto_creates())
    yield from (("auto_create()", declared) for declared in hooks.auto_creates())


def notices() -> Iterator[tuple[str, Notify]]:
    """Give the place and the declaration of each notice."""
    yield from ((f'{SETTING}["NOTIFY"]', declared) for declared in configured_notifies())
    yield from (("notify_on()", declared) for declared in hooks.notifies())


def declared_hooks() -> Iterator[tuple[str, Hook]]:
    """Give the name and the declaration of each hook in code."""
    return ((f"The hook {hook.name}", hook) for hook in hooks.snapshot().hooks)


def installed() -> list[type[Model]]:
    """Return every model that there is, those made for many-to-many fields and those swapped out included."""
    return apps.get_models(include_auto_created=True, include_swapped=True)


def find(label: Any) -> type[Model] | None:
    """Return the model of a label, None where there is none."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError, AttributeError):
        return next((model for model in installed() if model._meta.label.lower() == label), None)


def matched(pattern: str) -> list[type[Model]]:
    """Return the models that a label, "app.*" or "*" stands for."""
    if pattern == "*":
        return installed()
    if pattern.endswith(".*"):
        return [model for model in installed() if f"{model._meta.app_label}.*".lower() == pattern.lower()]
    found = find(pattern)
    return [found] if found else []


def field_names(models: Iterable[type[Model]]) -> set[str]:
    """Return the names of the fields that have a column."""
    return {field.name for model in models for field in model._meta.concrete_fields}


def relation_names(models: Iterable[type[Model]]) -> set[str]:
    """Return the names of the many-to-many fields."""
    return {field.name for model in models for field in model._meta.many_to_many}
