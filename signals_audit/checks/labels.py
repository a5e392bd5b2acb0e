"""Checks that the models which are named are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, register

from . import declared
from .messages import TAG, error, unknown


@register(TAG)
def check_labels(**_kwargs: Any) -> list[CheckMessage]:
    """Check every label of a model, wherever it was given."""
    found = dict.fromkeys((where, label) for where, label in _labels())
    messages = (_message(where, label) for where, label in found)
    return [message for message in messages if message is not None]


def _labels() -> Iterator[tuple[str, str]]:
    yield from ((where, label) for where, label, _options in declared.audited())
    for where, row in declared.auto_creates():
        yield from ((where, row.model), (where, row.target))
    yield from ((where, notice.model) for where, notice in declared.notices())
    yield from ((where, hook.model) for where, hook in declared.declared_hooks())


def _message(where: str, label: str) -> CheckMessage | None:
    if label == "*":
        return None
    if label.endswith(".*"):
        return _app_message(where, label)
    model = declared.find(label)
    if model is None:
        known = [model._meta.label for model in declared.installed()]
        return unknown(2, f"{where} names the model {label!r}, which is not installed.", label, known)
    if model._meta.swapped:
        message = f"{where} names the model {label!r}, which is swapped out."
        return error(2, message, f"Name {model._meta.swapped!r} instead.")
    return None


def _app_message(where: str, label: str) -> CheckMessage | None:
    known = [config.label for config in apps.get_app_configs()]
    if label[:-2].lower() in (name.lower() for name in known):
        return None
    message = f"{where} names the models {label!r}, but no app with that label is installed."
    return unknown(2, message, label, [f"{name}.*" for name in known])
