"""Conditions on changes, for hooks: `when=changed("status", now="open") & ~by(ActorKind.SYSTEM)`."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .events import Change, ChangeEvent
from .types import ActorKind

Test = Callable[[ChangeEvent], Any]


class AnyValue(enum.Enum):
    """The condition that every value meets."""

    ANY = "any"


ANY: Final = AnyValue.ANY


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of an event, to be put together with others by `&`, `|` and `~`.

    Any function of an event can be one, or be put together with one.
    """

    test: Test

    def __call__(self, event: ChangeEvent) -> bool:
        return bool(self.test(event))

    def __and__(self, other: Test) -> Condition:
        return Condition(lambda event: self(event) and bool(other(event)))

    def __or__(self, other: Test) -> Condition:
        return Condition(lambda event: self(event) or bool(other(event)))

    def __invert__(self) -> Condition:
        return Condition(lambda event: not self(event))


def changed(field: str, *, was: Any = ANY, now: Any = ANY) -> Condition:
    """Return the condition that a field changed, from and to a value where these are given."""

    def test(event: ChangeEvent) -> bool:
        change = event.changes.get(field)
        return isinstance(change, Change) and was in (ANY, change.before) and now in (ANY, change.after)

    return Condition(test)


def by(*kinds: ActorKind) -> Condition:
    """Return the condition that the change was made by an actor of one of some kinds."""
    return Condition(lambda event: event.actor.kind in kinds)
