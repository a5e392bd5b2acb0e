"""What one transaction did so far, so that it can be told at COMMIT and forgotten at a rollback.

A savepoint notes how long the journal was; rolling back to it cuts the journal there. So a change set whose
row went away with a savepoint is opened anew, and an event that was undone is never told.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from ..events import ChangeEvent
from ..types import Actor, AuditContext, EntryAddress
from .identifiers import uuid7

LOOK_BACK = 8


@dataclass(eq=False, slots=True)
class OpenChangeSet:
    """A change set of the running transaction, and the places in it that are taken."""

    actor: Actor
    context: AuditContext
    id: uuid.UUID = field(default_factory=uuid7)
    entries: int = 0
    is_written: bool = False

    def next_address(self) -> EntryAddress:
        """Take the next place."""
        self.entries += 1
        return EntryAddress(self.id, self.entries)

    def serves(self, actor: Actor, context: AuditContext) -> bool:
        """Tell whether changes of an actor in a context belong here; what caused them does not matter."""
        if self.actor != actor:
            return False
        return self.context is context or _facts(self.context) == _facts(context)


def _facts(context: AuditContext) -> tuple[object, ...]:
    return (
        context.reason,
        context.correlation_id,
        context.remote_addr,
        context.path,
        dict(context.extra),
    )


Undo = Callable[[], None]


@dataclass(frozen=True, eq=False, slots=True)
class AtCommit:
    """Something to do once the transaction is committed."""

    step: Callable[[], None]


class Journal:
    """The change sets, events and undo steps of one connection's running transaction."""

    __slots__ = ("_items", "_marks", "_scheduled", "_sets", "_told", "is_manual")

    def __init__(self) -> None:
        self._items: list[ChangeEvent | AtCommit | Undo] = []
        self._marks: dict[str, tuple[int, int]] = {}
        self._sets: list[OpenChangeSet] = []
        self._told = 0
        self._scheduled: int | None = None
        self.is_manual = False

    def change_set(self, actor: Actor, context: AuditContext) -> OpenChangeSet:
        """Return the change set for an actor's changes in a context, opening one when there is none."""
        for opened in reversed(self._sets[-LOOK_BACK:]):
            if opened.serves(actor, context):
                return opened
        opened = OpenChangeSet(actor, context)
        self._sets.append(opened)
        return opened

    def unwritten(self) -> list[OpenChangeSet]:
        """Return the change sets whose rows are still to be written."""
        return [opened for opened in self._sets if opened.entries and not opened.is_written]

    @property
    def size(self) -> int:
        """How much the journal holds: the place of what comes next."""
        return len(self._items)

    def keep(self, event: ChangeEvent) -> None:
        """Hold an event until COMMIT."""
        self._items.append(event)

    def undo_with(self, step: Undo) -> None:
        """Have a step taken if the transaction, or the savepoint at hand, is rolled back."""
        self._items.append(step)

    def at_commit(self, step: Callable[[], None]) -> None:
        """Have a step taken at COMMIT, unless the savepoint at hand is rolled back before."""
        self._items.append(AtCommit(step))

    def was_committed(self) -> None:
        """Take the steps for COMMIT."""
        for item in self._items:
            if isinstance(item, AtCommit):
                item.step()

    def schedule(self) -> bool:
        """Tell whether somebody must still ask to be called at COMMIT, and note that it is done."""
        if self._scheduled is not None:
            return False
        self._scheduled = len(self._items)
        return True

    def mark(self, sid: str) -> None:
        """Note where a savepoint begins."""
        self._marks[sid] = (len(self._items), len(self._sets))

    def cut(self, sid: str) -> None:
        """Forget and undo all that happened since a savepoint began."""
        items, sets = self._marks.get(sid, (0, 0))
        self._undo_from(items)
        del self._sets[sets:]

    def undo_all(self) -> None:
        """Undo everything: the transaction was rolled back."""
        self._undo_from(0)
        self._sets.clear()

    def _undo_from(self, start: int) -> None:
        for item in reversed(self._items[start:]):
            if not isinstance(item, (ChangeEvent, AtCommit)):
                item()
        del self._items[start:]
        self._told = min(self._told, start)
        if self._scheduled is not None and self._scheduled >= start:
            self._scheduled = None

    def take(self, start: int = 0) -> tuple[ChangeEvent, ...]:
        """Return the events from a place on that nobody was told of yet."""
        rest = self._items[max(self._told, start) :]
        self._told = len(self._items)
        self._scheduled = None
        return tuple(item for item in rest if isinstance(item, ChangeEvent))
