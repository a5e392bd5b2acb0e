"""The one dispatcher: it runs the hooks that want a change, once each, whichever way the change was written.

While a hook runs, the context is the change's own, with the hook as its cause: what the hook changes has the
same actor, reason and correlation id, also after COMMIT, and its entries say what caused them.

A cause remembers the causes before it. So a chain of hooks that set each other off is seen wherever it goes,
into other transactions and threads too, and ends at a depth instead of in a RecursionError.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Model

from ..context import Block, Frame
from ..events import ChangeEvent
from ..exceptions import LoopDetected
from ..hooks import Hook, hooks
from ..types import Cause, Timing

logger = logging.getLogger("signals_audit.reactions")

MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Reaction(Cause):
    """A hook that runs for a change, and what had caused that change."""

    change: str
    previous: Cause | None

    def __str__(self) -> str:
        return f"{self.name} ({self.change})"


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
    return any(hook.timing is Timing.AFTER_COMMIT for hook in hooks.of(model))


def in_transaction(event: ChangeEvent) -> None:
    """Run the hooks that belong into the change's transaction; what one of them raises undoes the change."""
    for hook in hooks.of(event.model):
        if hook.timing is Timing.IN_TRANSACTION and hook.wants(event):
            _run(hook, event)


def after_commit(events: Sequence[ChangeEvent], using: str) -> None:
    """Run the hooks that come after COMMIT; one that fails is logged, and the others still run."""
    for event in events:
        for hook in hooks.of(event.model):
            if hook.timing is Timing.AFTER_COMMIT:
                _run_guarded(hook, event, using)


def _run_guarded(hook: Hook, event: ChangeEvent, using: str) -> None:
    try:
        if hook.wants(event):
            _run(hook, event)
    except Exception:  # the change is committed: its author can do nothing about it any more
        logger.exception("The hook %s failed after %s on the database %r", hook.name, described(event), using)


def _run(hook: Hook, event: ChangeEvent) -> None:
    reaction = Reaction(hook.name, event.address, described(event), event.context.cause)
    chain = list(_chain(reaction))
    if len(chain) > MAX_DEPTH:
        steps = " → ".join(str(cause) for cause in reversed(chain))
        raise LoopDetected(f"Hooks keep setting each other off, more than {MAX_DEPTH} deep: {steps}")
    with Reacting(event, reaction):
        hook.function(event)


def _chain(cause: Cause | None) -> Iterator[Cause]:
    while cause is not None:
        yield cause
        cause = cause.previous if isinstance(cause, Reaction) else None


def described(event: ChangeEvent) -> str:
    """Return a text for a change that needs no query: "update of blog.Post 1"."""
    what = f"{event.action.value} of {event.label} {event.object_id}"
    return what if event.relation is None else f"{what}, {event.relation}"
