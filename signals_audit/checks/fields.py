"""Checks that the fields which are named are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, register
from django.db.models import Model

from ..hooks import AutoCreate, Hook
from ..reactions.profiles import relations_to
from . import declared
from .messages import TAG, error, unknown


@register(TAG)
def check_options(**_kwargs: Any) -> list[CheckMessage]:
    """Check the fields in the options of audited models."""
    messages: list[CheckMessage] = []
    for where, label, options in declared.audited():
        models = declared.matched(label)
        name = label if "*" in label or not models else models[0]._meta.label
        columns, relations = declared.field_names(models), declared.relation_names(models)
        allowed = {
            "fields": columns,
            "exclude": columns | relations,
            "mask": columns | relations,
            "m2m": relations,
        }
        for option, known in allowed.items() if models else ():
            messages += _missing(where, name, option, getattr(options, option), known)
    return messages


def _missing(where: str, label: str, option: str, names: Any, known: set[str]) -> Iterator[CheckMessage]:
    for name in names if isinstance(names, tuple) else ():
        if isinstance(name, str) and name not in known:
            yield _unknown(f"{where}: {option!r}", label, name, known)


@register(TAG)
def check_auto_create(**_kwargs: Any) -> list[CheckMessage]:
    """Check the fields of rows that are made along with others."""
    return [message for where, row in declared.auto_creates() for message in _row_messages(where, row)]


def _row_messages(where: str, row: AutoCreate) -> Iterator[CheckMessage]:
    model, target = declared.find(row.model), declared.find(row.target)
    if model is None or target is None:
        return
    relations = relations_to(target, model)
    if row.field is not None and row.field not in relations:
        message = f"{where}: {target._meta.label} has no foreign key {row.field!r} to {model._meta.label}."
        yield unknown(3, message, row.field, relations)
    columns = declared.field_names([target])
    for name in row.defaults:
        if name not in columns:
            yield _unknown(f"{where}: 'defaults'", target._meta.label, str(name), columns)


@register(TAG)
def check_notify(**_kwargs: Any) -> list[CheckMessage]:
    """Check the fields whose changes are told."""
    return [
        _unknown(where, model._meta.label, notice.field, names)
        for where, notice in declared.notices()
        for model in declared.matched(notice.model)
        for names in [declared.field_names([model]) | declared.relation_names([model])]
        if notice.field is not None and notice.field not in names
    ]


@register(TAG)
def check_hooks(**_kwargs: Any) -> list[CheckMessage]:
    """Check the fields whose changes hooks want."""
    return [
        message
        for where, hook in declared.declared_hooks()
        for model in declared.matched(hook.model)
        for message in _hook_messages(where, hook, model)
    ]


def _hook_messages(where: str, hook: Hook, model: type[Model]) -> Iterator[CheckMessage]:
    columns, relations = declared.field_names([model]), declared.relation_names([model])
    known, other = (relations, columns) if hook.relation else (columns, relations)
    if hook.field is None or hook.field in known:
        return
    if hook.field in other:
        decorator = "@on_change" if hook.relation else "@on_m2m_change"
        message = f"{where} waits in vain for changes of the field {hook.field!r} of {model._meta.label}."
        yield error(3, message, f"Use {decorator}.")
    else:
        yield _unknown(where, model._meta.label, hook.field, known)


def _unknown(where: str, label: str, name: str, known: Iterable[str]) -> CheckMessage:
    return unknown(3, f"{where} names the field {name!r}, which {label} lacks.", name, sorted(known))
