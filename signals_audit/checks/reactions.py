"""Checks that what is declared to happen can happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, register
from django.db.models import Model

from ..reactions.profiles import relations_to
from ..registry import concrete
from . import declared
from .messages import TAG, error, unknown


@register(TAG)
def check_relations(**_kwargs: Any) -> list[CheckMessage]:
    """Check that a row to be made belongs to its model through exactly one field, or that one is named."""
    messages: list[CheckMessage] = []
    for where, row in declared.auto_creates():
        model, target = declared.find(row.model), declared.find(row.target)
        if model is None or target is None or row.field is not None:
            continue
        relations = relations_to(target, model)
        if len(relations) != 1:
            messages.append(_relation_error(where, target, model, relations))
    return messages


def _relation_error(
    where: str, target: type[Model], model: type[Model], relations: list[str]
) -> CheckMessage:
    one, other = target._meta.label, model._meta.label
    if not relations:
        return error(5, f"{where}: {one} has no foreign key to {other}.", "Give it a one-to-one field.")
    message = f"{where}: {one} has several foreign keys to {other}: {', '.join(relations)}."
    return error(5, message, "Name the one that is meant as 'field'.")


@register(TAG)
def check_paths(**_kwargs: Any) -> list[CheckMessage]:
    """Check the paths to those who are to be told, and to what they are told about."""
    messages: list[CheckMessage] = []
    for where, notice in declared.notices():
        for model in declared.matched(notice.model):
            messages += _recipient_errors(where, model, notice.recipient)
            if notice.target:
                messages += _path_errors(
                    f"{where}: the target {notice.target!r}", *_walk(model, notice.target)
                )
    return messages


def _recipient_errors(where: str, model: type[Model], path: str) -> Iterator[CheckMessage]:
    where = f"{where}: the recipient {path!r}"
    end, missing = _walk(model, path)
    yield from _path_errors(where, end, missing)
    user = concrete(get_user_model()).model
    if end is not None and not missing and not issubclass(end, user):
        yield error(5, f"{where} leads to {end._meta.label}, not to {user._meta.label}.")


def _path_errors(where: str, end: type[Model] | None, missing: str) -> Iterator[CheckMessage]:
    if end is not None and missing:
        message = f"{where} leads nowhere: {end._meta.label} has no {missing!r}."
        yield unknown(5, message, missing, sorted(_relations(end)))


def _walk(model: type[Model], path: str) -> tuple[type[Model] | None, str]:
    """Return the model at the end of a path, None where only running it can tell, and the missing step."""
    for step in path.split("."):
        following = _relations(model).get(step)
        if following is None:
            return (None, "") if hasattr(model, step) else (model, step)
        model = following
    return model, ""


def _relations(model: type[Model]) -> dict[str, type[Model]]:
    """Return the models that an instance leads to, by the name of the attribute."""
    return {
        getattr(field, "get_accessor_name", lambda: None)() or field.name: field.related_model
        for field in model._meta.get_fields()
        if isinstance(field.related_model, type)
    }


@register(TAG)
def check_hooks(**_kwargs: Any) -> list[CheckMessage]:
    """Check that hooks are functions that the dispatcher can call."""
    hint = "Write a function, and have it call asgiref's async_to_sync."
    return [
        error(7, f"{where} is a coroutine function, which nobody would await.", hint)
        for where, hook in declared.declared_hooks()
        if iscoroutinefunction(hook.function)
    ]
