"""One entry for many rows: `{field: {"before": {object id: value}, "after": {object id: value}}}`.

It holds what the entries of the single rows would, the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from ..events import Change, ChangeEvent
from ..types import UNKNOWN, Action
from .changes import EventMaker

SIDES = {Action.CREATE: ("after",), Action.DELETE: ("before",), Action.UPDATE: ("before", "after")}


@dataclass(frozen=True, slots=True)
class ManySubject:
    """The objects of a summary."""

    model: type[Model]
    count: int

    def instance(self) -> None:
        """Return None: there is no single object."""

    def text(self) -> str:
        """Return how many objects there are, and of what."""
        return f"{self.count} {self.model._meta.verbose_name_plural}"


def summarise(maker: EventMaker, action: Action, events: Sequence[ChangeEvent]) -> None:
    """Add an event to the block that stands for those of many rows, if they have anything to record."""
    plan, folded = maker.plan, dict[str, dict[str, dict[str, Any]]]()
    found = set()
    for event in events:
        for name, values in event.encoded.items():
            if plan.recorded is None or name not in plan.recorded:
                continue
            found.add(event.object_id)
            sides = folded.setdefault(name, {side: {} for side in SIDES[action]})
            for side, value in zip(("before", "after"), values, strict=True):
                if side in sides:
                    sides[side][event.object_id] = value
    if folded:
        maker.append(
            model=plan.model,
            action=action,
            pk=None,
            changes={name: Change(UNKNOWN, UNKNOWN) for name in folded},
            encoded=folded,
            subject=ManySubject(plan.model, len(found)),
            source=maker.source,
            recorded=True,
        )
