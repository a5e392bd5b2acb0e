"""Whom to tell of which changes: declared by `notify_on()` and by the setting `NOTIFY`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from ..conf import get_settings
from ..events import Change, ChangeEvent
from ..hooks import Hook, Notify, hooks
from ..registry import concrete_label
from ..types import Action
from ..values import MASKED_VALUE
from .notifications import notify, secrets_of
from .paths import follow

ACTIONS: Final = {"create": Action.CREATE, "change": Action.UPDATE, "delete": Action.DELETE}
KEYS: Final = ("model", "on", "field", "recipient", "verb", "target")
REQUIRED: Final = ("model", "recipient", "verb")


def notify_hooks(label: str) -> Iterator[Hook]:
    """Return the hooks that tell people of the changes of a model."""
    for declaration in declared_for(label):
        action = ACTIONS.get(declaration.on)
        if action is not None:
            yield _hook(label, action, declaration)


def _hook(label: str, action: Action, declaration: Notify) -> Hook:
    field = declaration.field if action is Action.UPDATE else None
    return Hook(
        label,
        action,
        partial(notify_of_event, declaration),
        field=field,
        relation=field is not None and _is_relation(declaration.model, field),
        title=f"notify {declaration.recipient}",
    )


def _is_relation(label: str, field: str) -> bool:
    try:
        return bool(apps.get_model(label)._meta.get_field(field).many_to_many)
    except (LookupError, ValueError, FieldDoesNotExist):
        return False


def declared_for(label: str) -> list[Notify]:
    """Return who is to be told of a model's changes: as settings say, then as code says."""
    every = (*configured_notifies(), *hooks.notifies())
    return [declaration for declaration in every if concrete_label(declaration.model) == label]


def configured_notifies() -> list[Notify]:
    """Return what `SIGNALS_AUDIT["NOTIFY"]` says; what makes no sense is left to the checks."""
    raw: Any = get_settings().NOTIFY
    every = raw if isinstance(raw, (list, tuple)) else ()
    return [
        Notify(**{key: item[key] for key in KEYS if key in item})
        for item in every
        if isinstance(item, Mapping) and _makes_sense(item)
    ]


def _makes_sense(item: Mapping[str, Any]) -> bool:
    texts = all(isinstance(item.get(key, ""), str | None) for key in KEYS if key != "verb")
    return texts and all(map(item.get, REQUIRED))


def notify_of_event(declaration: Notify, event: ChangeEvent) -> None:
    """Tell the users whom a declaration means of a change; fixtures are no news."""
    if event.raw or event.instance is None:
        return
    target = follow(event.instance, declaration.target) if declaration.target else [event.instance]
    notify(
        follow(event.instance, declaration.recipient),
        verb=declaration.verb,
        target=next(iter(target), None),
        data=_data(declaration, event),
    )


def _data(declaration: Notify, event: ChangeEvent) -> dict[str, Any]:
    name = declaration.field
    change = event.changes.get(name) if name and event.action is Action.UPDATE else None
    if change is None:
        return {}
    if name in secrets_of(event.model):
        change = Change(MASKED_VALUE, MASKED_VALUE)
    return {"model": event.label, "field": name, **change._asdict()}
