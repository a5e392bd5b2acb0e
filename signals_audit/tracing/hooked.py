"""Hooks as people read them beside signals, which tell nothing of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..types import Action, Timing
from .receivers import encodable

WHEN: Final = {
    Timing.IN_TRANSACTION: gettext_lazy("in the transaction"),
    Timing.AFTER_COMMIT: gettext_lazy("after COMMIT"),
    Timing.TASK: gettext_lazy("as a task, after COMMIT"),
}


class Declared(Protocol):
    """What is read of a hook; the module of hooks itself is above this one."""

    @property
    def name(self) -> str: ...
    @property
    def action(self) -> Action: ...
    @property
    def timing(self) -> Timing: ...
    @property
    def field(self) -> str | None: ...
    @property
    def relation(self) -> bool: ...
    @property
    def durable(self) -> bool: ...
    @property
    def priority(self) -> int: ...


@dataclass(frozen=True, slots=True)
class HookLine:
    """A hook of a model. `field` is "" where every change is wanted."""

    name: str
    action: Action
    field: str
    timing: Timing
    is_relation: bool
    is_durable: bool
    priority: int

    @property
    def when(self) -> Promise:
        """When it runs, for people."""
        return WHEN[self.timing]

    @property
    def facts(self) -> tuple[str, ...]:
        """Because of what it runs, when, and whether it does so come what may."""
        told = {"action": self.action.label, "field": self.field}
        because = _("on %(action)s of %(field)s") if self.field else _("on %(action)s")
        durable = (_("durable"),) if self.is_durable else ()
        return because % told, str(self.when), *durable


def hook_lines(hooks: Iterable[Declared]) -> tuple[HookLine, ...]:
    """Return hooks in the order in which they are given: that in which they run."""
    return tuple(
        HookLine(
            name=encodable(hook.name),
            action=hook.action,
            field=encodable(hook.field or ""),
            timing=hook.timing,
            is_relation=hook.relation,
            is_durable=hook.durable,
            priority=hook.priority,
        )
        for hook in hooks
    )
