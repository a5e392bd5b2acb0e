"""Django's signals: they bring the instance and the intention; the choke point brings the truth.

`pre_save` and `post_save` are connected for every class whose saves are captured, proxies and multi-table
children included: signals are sent with the class of the instance only. `pre_delete`, `post_delete` and
`m2m_changed` are connected only where a hook or receiver needs the instance itself: a delete receiver takes
Django's fast delete away from a model, and an m2m receiver costs every `add()` a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Model, signals
from django.db.models.signals import ModelSignal

from ..events import Intention
from ..hooks import hooks
from ..types import Action
from .connection import state_of
from .plans import forget, plan_for

UID = "signals_audit.capture"
INTENTION = "signals_audit_intention"

Wire = tuple[ModelSignal, Callable[..., None], type[Model]]
_wired: set[Wire] = set()


def connect() -> None:
    """Connect what is wanted and disconnect what is not wanted any more; doing it twice changes nothing."""
    wanted = dict.fromkeys(_wanted())  # in order: people look at them
    for signal, receiver, sender in _wired - wanted.keys():
        signal.disconnect(receiver, sender=sender, dispatch_uid=UID)
    for signal, receiver, sender in wanted:
        if (signal, receiver, sender) not in _wired:
            signal.connect(receiver, sender=sender, dispatch_uid=UID)
    _wired.clear()
    _wired.update(wanted)


def disconnect() -> None:
    """Disconnect everything."""
    for signal, receiver, sender in _wired:
        signal.disconnect(receiver, sender=sender, dispatch_uid=UID)
    _wired.clear()


def connect_new_class(sender: type[Model], **_kwargs: Any) -> None:
    """Receive `class_prepared`: a model that comes late is wired too; those that migrations make are not."""
    if apps.models_ready and sender._meta.apps is apps:
        forget()
        connect()


def _wanted() -> Iterator[Wire]:
    for model in apps.get_models():
        if any(plan_for(table) is not None for table in _tables_of(model)):
            yield signals.pre_save, note_intention, model
            yield signals.post_save, drop_intention, model
        yield from _wanted_by_hooks(model)


def _tables_of(model: type[Model]) -> list[type[Model]]:
    """Return the classes whose tables a save of a model writes."""
    return [model, *model._meta.get_parent_list()]


def _wanted_by_hooks(model: type[Model]) -> Iterator[Wire]:
    wanted = hooks.of(model)
    if any(hook.action is Action.DELETE for hook in wanted):
        yield signals.pre_delete, note_deleted, model
        yield signals.post_delete, drop_deleted, model
    relations = {hook.field for hook in wanted if hook.relation}
    for field in model._meta.local_many_to_many:
        if field.name in relations:
            yield signals.m2m_changed, note_owner, field.remote_field.through  # type: ignore[misc]


def note_intention(
    sender: type[Model], instance: Model, raw: bool, update_fields: frozenset[str] | None, **_kwargs: Any
) -> None:
    """Note how a save was asked for; it stays with the instance, so a failed save leaves nothing."""
    instance._state.signals_audit_intention = Intention(sender, raw, update_fields)  # type: ignore[attr-defined]


def drop_intention(instance: Model, **_kwargs: Any) -> None:
    """Forget how the save was asked for: it is done."""
    instance._state.signals_audit_intention = None  # type: ignore[attr-defined]


def intention_of(instance: Model | None) -> Intention | None:
    """Return how the running save of an instance was asked for."""
    return None if instance is None else getattr(instance._state, INTENTION, None)


def note_deleted(instance: Model, using: str, **_kwargs: Any) -> None:
    """Note the instance that is being deleted, for the hooks that want it."""
    state_of(connections[using]).instances[_key(instance)] = instance


def drop_deleted(instance: Model, using: str, **_kwargs: Any) -> None:
    """Forget the instance that was deleted."""
    state_of(connections[using]).instances.pop(_key(instance), None)


def note_owner(instance: Model, action: str, reverse: bool, using: str, **_kwargs: Any) -> None:
    """Note the instance whose many-to-many field is being changed, for the hooks that want it."""
    instances = state_of(connections[using]).instances
    if action.startswith("pre_") and not reverse:
        instances[_key(instance)] = instance
    else:
        instances.pop(_key(instance), None)


def _key(instance: Model) -> tuple[type[Model], Any]:
    return instance._meta.concrete_model or type(instance), instance.pk
