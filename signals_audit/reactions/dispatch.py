"""The one dispatcher: it runs the hooks that want a change, once each, whichever way the change was written.

While a hook runs, the context is the change's own, with the hook as its cause: what the hook changes has the
same actor, reason and correlation id, also after COMMIT, and its entries say what caused them.

A cause remembers the causes before it. So a chain of hooks that set each other off is seen wherever it goes,
into other transactions, threads and processes too, and ends at a depth instead of in a RecursionError.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model

from .. import deliveries
from ..conf import get_settings
from ..context import Block, Frame
from ..deliveries.policy import policy
from ..events import ChangeEvent
from ..exceptions import LoopDetected
from ..failures import Count
from ..hooks import Hook, hooks
from ..models import Delivery
from ..types import Cause, Timing
from . import durable

logger = logging.getLogger("signals_audit.reactions")

failed = Count()


class Reacting(Block):
    """The block in which a hook runs."""

    def __init__(self, event: ChangeEvent, cause: Cause) -> None:
        self._context = replace(event.context, actor=event.actor, cause=cause)

    def frame(self, below: Frame) -> Frame:
        """Return the frame with the context of the change; what is disabled stays so."""
        return Frame(self._context, below.disabled)


def wants(model: type[Model]) -> bool:
    """Tell whether anything reacts to changes of a model."""
    return bool(hooks.of(model))


def awaits(model: type[Model]) -> bool:
    """Tell whether anything reacts to changes of a model after COMMIT."""
    return any(hook.timing is not Timing.IN_TRANSACTION for hook in hooks.of(model))


# In the transaction


def keep(events: Sequence[ChangeEvent], using: str) -> None:
    """Note down what durable hooks have to do, so that it is known even if this process dies after COMMIT."""
    if not any(hook.durable for hook in _hooks_of(events)):
        return
    if get_settings().ON_ERROR != "log":
        _keep(events, using)
        return
    try:
        with transaction.atomic(using):
            _keep(events, using)
    except Exception:
        logger.exception("The reactions to %s could not be noted down: they are lost", described(events[0]))


def _keep(events: Sequence[ChangeEvent], using: str) -> None:
    jobs = list(durable.jobs_of(events))
    if jobs:
        deliveries.keep(jobs, using)


def in_transaction(event: ChangeEvent) -> None:
    """Run the hooks that belong into the change's transaction; what one of them raises undoes the change."""
    for hook in hooks.of(event.model):
        if hook.timing is Timing.IN_TRANSACTION and not hook.batch and hook.wants(event):
            _run(hook, [event])


def in_batches(events: Sequence[ChangeEvent]) -> None:
    """Run the hooks that want all that a statement did, in its transaction."""
    for hook, wanted in _batches(events):
        if hook.timing is Timing.IN_TRANSACTION:
            wanted = [event for event in wanted if hook.wants(event)]
            if wanted:
                _run(hook, wanted)


def _batches(events: Sequence[ChangeEvent]) -> list[tuple[Hook, list[ChangeEvent]]]:
    """Return the hooks that take several events at once, each with those of its model."""
    by_hook: dict[int, tuple[Hook, list[ChangeEvent]]] = {}
    if not any(hook.batch for hook in _hooks_of(events)):
        return []
    for event in events:
        for hook in hooks.of(event.model):
            if hook.batch:
                by_hook.setdefault(id(hook), (hook, []))[1].append(event)
    return list(by_hook.values())


def _hooks_of(events: Sequence[ChangeEvent]) -> Sequence[Hook]:
    """Return the hooks of the models whose changes these are: few, though the changes may be many."""
    if len(events) == 1:
        return hooks.of(events[0].model)
    return [hook for model in {event.model for event in events} for hook in hooks.of(model)]


# After COMMIT


def after_commit(events: Sequence[ChangeEvent], using: str) -> None:
    """Run the hooks that come after COMMIT; one that fails is logged, and the others still run."""
    for event in events:
        for hook in hooks.of(event.model):
            if hook.timing is not Timing.IN_TRANSACTION and not hook.batch:
                _react(hook, [event], using)
    for hook, wanted in _batches(events):
        if hook.timing is not Timing.IN_TRANSACTION:
            _react(hook, wanted, using)


def _react(hook: Hook, events: Sequence[ChangeEvent], using: str) -> None:
    if not hook.durable:
        _run_guarded(hook, events, using)
        return
    by_key = {event.deliveries[hook.identity]: event for event in events if hook.identity in event.deliveries}
    if hook.timing is Timing.TASK:
        for key in list(by_key)[:: deliveries.TOGETHER if hook.batch else 1]:
            deliveries.hand_over(key, using)
    elif by_key:
        claimed = deliveries.taken(list(by_key), using)
        if claimed:
            own = [by_key[delivery.key] for delivery in claimed]
            deliveries.attempt(claimed, using, partial(_run, hook, own))


def deliver(claimed: Sequence[Delivery]) -> None:
    """Run the hook of deliveries that were left behind."""
    using = str(claimed[0]._state.db)
    _run(durable.hook_of(claimed[0]), [durable.event_of(delivery, using) for delivery in claimed])


def _run_guarded(hook: Hook, events: Sequence[ChangeEvent], using: str) -> None:
    try:
        wanted = [event for event in events if hook.wants(event)]
        if wanted:
            _run(hook, wanted)
    except Exception:  # the change is committed: its author can do nothing about it any more
        failed.add(1)
        what = described(events[0])
        logger.exception("The hook %s failed after %s on the database %r", hook.name, what, using)


def _run(hook: Hook, events: Sequence[ChangeEvent]) -> None:
    first = events[0]
    cause = Cause(hook.name, first.address, described(first), first.context.cause)
    _refuse_loop(cause)
    function: Callable[[Any], Any] = hook.function
    with Reacting(first, cause):
        function(list(events) if hook.batch else first)


def _refuse_loop(cause: Cause) -> None:
    chain, most = cause.chain(), policy().DEPTH
    if len(chain) > most:
        steps = " → ".join(map(str, reversed(chain)))
        raise LoopDetected(f"Hooks keep setting each other off, more than {most} deep: {steps}")


def described(event: ChangeEvent) -> str:
    """Return a text for a change that needs no query: "update of blog.Post 1"."""
    what = f"{event.action.value} of {event.label} {event.object_id}"
    return what if event.relation is None else f"{what}, {event.relation}"
