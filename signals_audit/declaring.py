"""The short forms of declaring what happens because of a change: decorators and functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, Unpack

from django.db.models import Model

from .conditions import ANY, Test
from .exceptions import ConfigurationError
from .hooks import AutoCreate, Hook, HookFunction, Notify, hooks, label_of
from .types import Action, Timing

F = TypeVar("F", bound=HookFunction)


class How(TypedDict, total=False):
    """What every hook may say of itself.

    `timing`: when it runs, AFTER_COMMIT unless said otherwise. `when`: a condition, or any function of an
    event. `durable`: it runs in the end even if this process dies after COMMIT; a TASK always is. `batch`: it
    is given a list of all events at once, those of the transaction or, in the transaction, of a statement.
    `priority`: higher ones run first, others in order of declaration.
    """

    timing: Timing
    when: Test | None
    durable: bool
    batch: bool
    priority: int


def on_create(model: type[Model] | str, **how: Unpack[How]) -> Callable[[F], F]:
    """Call the decorated function with the event of every new row."""
    return _declare(model, Action.CREATE, how)


def on_delete(model: type[Model] | str, **how: Unpack[How]) -> Callable[[F], F]:
    """Call the decorated function with the event of every deleted row."""
    return _declare(model, Action.DELETE, how)


def on_change(
    model: type[Model] | str,
    field: str | None = None,
    *,
    was: Any = ANY,
    now: Any = ANY,
    **how: Unpack[How],
) -> Callable[[F], F]:
    """Call the decorated function with the event of every changed row, or of every change of one field.

    `was` and `now` narrow it to a change from and to a value.
    """
    return _declare(model, Action.UPDATE, how, field=field, was=was, now=now)


def on_m2m_change(model: type[Model] | str, field: str, **how: Unpack[How]) -> Callable[[F], F]:
    """Call the decorated function with every change of a many-to-many field, from either side."""
    return _declare(model, Action.UPDATE, how, field=field, relation=True)


def _declare(model: type[Model] | str, action: Action, how: How, **conditions: Any) -> Callable[[F], F]:
    timing = how.get("timing", Timing.AFTER_COMMIT)
    durable = how.get("durable", timing is Timing.TASK)
    _refuse_what_cannot_be(timing, durable)
    options: dict[str, Any] = {**conditions, **how, "durable": durable}

    def decorate(function: F) -> F:
        hooks.add(Hook(label_of(model), action, function, **options))
        return function

    return decorate


def _refuse_what_cannot_be(timing: Timing, durable: bool) -> None:
    if durable and timing is Timing.IN_TRANSACTION:
        raise ConfigurationError(
            "A hook in the transaction cannot be durable: it has happened when the change has. "
            "Leave out durable=True, or have it run after COMMIT."
        )
    if timing is Timing.TASK and not durable:
        raise ConfigurationError("A hook that runs as a task is always durable: leave out durable=False.")


def auto_create(
    model: type[Model] | str,
    target: type[Model] | str,
    *,
    field: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Have a row of `target` made for every new row of `model`, in the same transaction.

    `field` is the target's foreign key to the model; it may be left out where there is just one.
    """
    hooks.add_auto_create(AutoCreate(label_of(model), label_of(target), field, dict(defaults or {})))


def notify_on(
    model: type[Model] | str,
    *,
    recipient: str,
    verb: Any,
    on: str = "create",
    field: str | None = None,
    target: str | None = None,
    kind: str = "",
    channels: Sequence[str] | None = None,
) -> None:
    """Have the users at the path `recipient` ("post.author") notified of changes, after commit.

    `on` is "create", "change" or "delete"; `field` narrows a change to one field; `target` is the path of
    what the notification is about, the object itself when it is left out. `kind` is what users set their
    preferences for, the verb when it is left out; `channels` narrows those it goes out on.
    """
    chosen = None if channels is None else tuple(channels)
    hooks.add_notify(Notify(label_of(model), recipient, verb, on, field, target, kind, chosen))
