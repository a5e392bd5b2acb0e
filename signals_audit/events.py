"""One event type for every change, however it was written."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple, Protocol, Self

from django.db.models import Model

from .types import Action, Actor, AuditContext, EntryAddress


class Change(NamedTuple):
    """A field's value before and after, as the database has it; UNKNOWN where that is not known."""

    before: Any
    after: Any


class RelationChange(NamedTuple):
    """The primary keys that came to a many-to-many field and that left it."""

    added: tuple[Any, ...]
    removed: tuple[Any, ...]


Changes = Mapping[str, Change | RelationChange]


Pairs = Callable[[Sequence[Any]], Iterable[tuple[Any, Any]]]


class WholeRow(Mapping[str, Change]):
    """The changes of a row that came or went, made of its values when somebody asks for them."""

    __slots__ = ("_made", "_names", "_pairs", "_values")

    def __init__(self, names: Sequence[str], values: Sequence[Any], pairs: Pairs) -> None:
        self._names, self._pairs, self._values = names, pairs, values
        self._made: dict[str, Change] | None = None

    def _changes(self) -> dict[str, Change]:
        if self._made is None:
            self._made = dict(zip(self._names, starmap(Change, self._pairs(self._values)), strict=True))
        return self._made

    def __getitem__(self, name: str) -> Change:
        return self._changes()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(self._changes())


class Intention(NamedTuple):
    """How a save was asked for: the instance's class, which may be a proxy, and `save()`'s arguments."""

    sender: type[Model]
    raw: bool
    update_fields: frozenset[str] | None


class Subject(Protocol):
    """The object of an event, made only when somebody asks for it."""

    def instance(self) -> Model | None:
        """Return the object: the saved one, else the row as it is now; for a delete, as it was."""

    def text(self) -> str:
        """Return the object's text without a query."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ChangeEvent:
    """One row's change, or one object's change of a many-to-many field.

    `changes` holds real Python values by field name, unmasked: what is stored is masked, what hooks see is
    not. `encoded` holds the same in the stored shape (see `values`), unmasked too. `pk` is a tuple for a
    composite key, and None for a summary of many rows, which nobody hears of. `relation` names the
    many-to-many field, where that is what changed. `intention` is there for a `save()`. `address` is None
    when the model is not recorded (it only has hooks). `deliveries` are the keys of those that the event's
    durable hooks have, by hook.
    """

    model: type[Model]
    action: Action
    pk: Any
    object_id: str
    using: str
    source: str
    actor: Actor
    context: AuditContext
    created_at: datetime.datetime
    changes: Changes
    encoded: Mapping[str, Any] = field(repr=False)
    subject: Subject = field(repr=False)
    address: EntryAddress | None = None
    intention: Intention | None = None
    relation: str | None = None
    deliveries: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """Return the event with these facts, all at once: one by one costs more than all else about it."""
        event = object.__new__(cls)
        facts.setdefault("deliveries", {})
        object.__setattr__(event, "__dict__", facts)
        return event

    @cached_property
    def uid(self) -> str:
        """Return what tells the event from all others: its entry's address, where it has one."""
        if self.address is None:
            return uuid.uuid4().hex
        return f"{self.address.change_set}:{self.address.seq}"

    @property
    def raw(self) -> bool:
        """Tell whether the change came from a fixture."""
        return self.intention is not None and self.intention.raw

    @cached_property
    def instance(self) -> Model | None:
        """Return the object: the saved one, else the row as it is now; for a delete, as it was."""
        return self.subject.instance()

    @cached_property
    def object_repr(self) -> str:
        """Return the object's text, made without a query."""
        return self.subject.text()

    @property
    def label(self) -> str:
        """Return the model's label, as entries carry it."""
        return self.model._meta.label
