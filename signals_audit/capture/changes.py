"""From rows before and after to events: what changed, in whose name, at which address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from django.db.models import Model
from django.utils import timezone

from .. import context as contexts
from ..events import Change, ChangeEvent, Pairs, Subject, WholeRow
from ..registry import object_id_of
from ..types import UNKNOWN, Action
from ..values import UNKNOWN_MARK, same
from .blocks import WriteBlock
from .memory import ATTRIBUTE, Frozen, keep, kept_row, value_of
from .pipeline import WrittenSet
from .plans import TablePlan, unrecorded
from .receivers import intention_of
from .relations import relate, relate_moved
from .remembered import Remembered
from .rows import Row
from .subjects import RowSubject, SavedSubject

Stored = tuple[Any, Any]


class Told(NamedTuple):
    """What there is to tell of a row: typed values and stored ones, by names; of a whole row, its values."""

    changes: Mapping[str, Change]
    encoded: Mapping[str, Stored]
    values: Sequence[Any] | None = None


class EventMaker:
    """Make the events of one statement on one table, and add them to the block of its write."""

    __slots__ = ("_facts", "_saved", "block", "plan", "reader", "source")

    def __init__(self, block: WriteBlock, plan: TablePlan, source: str) -> None:
        self.block = block
        self.plan = plan
        self.reader = block.state.reader(plan)
        self.source = source
        self._saved = block.instance if isinstance(block.instance, (plan.model, plan.written)) else None
        self._facts: dict[str, Any] | None = None

    def unrecorded(self) -> EventMaker:
        """Return a maker of the same events that leaves no entries."""
        return EventMaker(self.block, unrecorded(self.plan), self.source)

    def written_set(self, action: Action, **rows: Any) -> WrittenSet:
        """Return what the database needs to know to make the entries itself."""
        facts = self._asked()
        return WrittenSet(
            plan=self.plan,
            action=action,
            source=self.source,
            actor=facts["actor"],
            context=facts["context"],
            created_at=facts["created_at"],
            **rows,
        )

    def created(self, rows: Sequence[Row], instance: Any) -> None:
        """Tell of rows that were inserted; `instance` is the one that it was done for, if it was one."""
        if self.plan.relations:
            relate(self, added=rows, removed=())
        saved = self._saved if self._saved is instance else None
        for row in self._own(rows):
            told = self._whole(row, _come)
            self._add(Action.CREATE, row, told, saved)
            if saved is not None and self.plan.options.before == "memory":
                self._remember_new(saved, told.values or ())

    def deleted(self, rows: Sequence[Row]) -> None:
        """Tell of rows that were deleted."""
        if self.plan.relations:
            relate(self, added=(), removed=rows)
        for row in self._own(rows):
            self._add(Action.DELETE, row, self._whole(row, _gone), None)

    def updated(self, before: Mapping[Any, Row], after: Sequence[Row]) -> None:
        """Tell of rows that were updated and are not what they were.

        A row without a before-image is told with values before that are unknown.
        """
        if self.plan.relations:
            relate_moved(self, before, after)
        for row in self._own(after):
            old = before.get(self.plan.key_of(row))
            told = self._unknown(row) if old is None else self._changed(old, row)
            if told is not None:
                self._add(Action.UPDATE, row, told, self._saved)

    def changed_from_memory(self, known: Remembered, row: Row) -> None:
        """Tell of the row of an instance that remembers it; `row` has the remembered columns only."""
        changes: dict[str, Change] = {}
        encoded: dict[str, Stored] = {}
        reader, fresh = self.reader, dict(known.values)
        for place, raw in zip(known.places, row, strict=True):
            field = self.plan.fields[place]
            before, after = value_of(known.values[field.attname]), reader.value(place, raw)
            stored = (
                reader.encoded(place, before) if before is not None else None,
                reader.stored(place, raw, after),
            )
            if not same(*stored):
                changes[field.name], encoded[field.name] = Change(before, after), stored
                fresh[field.attname] = Frozen(after) if place in self.plan.mutable else after
        if changes:
            self._advance(known.instance, known.values, fresh)
            whole = [None] * len(self.plan.fields)
            for place, raw in zip(known.places, row, strict=True):
                whole[place] = raw
            self._add(Action.UPDATE, tuple(whole), Told(changes, encoded), known.instance)

    def _remember_new(self, instance: Model, row: Sequence[Any]) -> None:
        values = kept_row(self.plan.places, row, self.plan.mutable)
        known = getattr(instance._state, ATTRIBUTE, None)
        self._advance(instance, known, {**(known if isinstance(known, dict) else {}), **values})

    def _advance(self, instance: Model, values: Any, fresh: dict[str, Any]) -> None:
        """Have an instance remember its new row, until the transaction is rolled back."""
        keep(instance, fresh)
        self.block.state.journal.undo_with(partial(keep, instance, values))

    def _own(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows that get entries or hooks of their own."""
        return rows if self.plan.recorded is not None or not self.plan.relations else []

    def _whole(self, row: Row, pairs: Pairs) -> Told:
        reader, names = self.reader, self.plan.names
        values = reader.values(row)
        encoded = dict(zip(names, pairs(reader.all_stored(row, values)), strict=True))
        return Told(WholeRow(names, values, pairs), encoded, values)

    def _changed(self, old: Row, new: Row) -> Told | None:
        if old == new:
            return None
        changes, encoded, reader = {}, {}, self.reader
        for place, (raw_before, raw_after) in enumerate(zip(old, new, strict=True)):
            if raw_before is raw_after or raw_before == raw_after:
                continue
            before, after = reader.value(place, raw_before), reader.value(place, raw_after)
            stored = reader.stored(place, raw_before, before), reader.stored(place, raw_after, after)
            if not same(*stored):
                name = self.plan.names[place]
                changes[name], encoded[name] = Change(before, after), stored
        return Told(changes, encoded) if changes else None

    def _unknown(self, row: Row) -> Told | None:
        changes, encoded, reader = {}, {}, self.reader
        for place, name in enumerate(self.plan.names):
            if place not in self.plan.key:
                value = reader.value(place, row[place])
                changes[name] = Change(UNKNOWN, value)
                encoded[name] = UNKNOWN_MARK, reader.stored(place, row[place], value)
        return Told(changes, encoded) if changes else None

    def _add(self, action: Action, row: Row, told: Told, saved: Model | None) -> None:
        plan, pk = self.plan, self.reader.pk(row)
        if saved is not None and action is Action.UPDATE and not _stands_for(saved, plan, pk):
            saved = None
        self.append(
            model=plan.model,
            action=action,
            pk=pk,
            changes=told.changes,
            encoded=told.encoded,
            subject=self._subject(pk, row, told.values, saved),
            source=self.source if saved is None else "save",
            intention=intention_of(saved),
            recorded=plan.recorded is not None and not plan.recorded.isdisjoint(told.encoded),
        )

    def _subject(self, pk: Any, row: Row, values: Sequence[Any] | None, saved: Model | None) -> Subject:
        if isinstance(saved, self.plan.model):
            return SavedSubject(saved, self.plan.masked)
        known = self.block.state.instances.get((self.plan.model, pk))
        return RowSubject(self.reader, row, known, values)

    def append(self, *, recorded: bool, pk: Any, **facts: Any) -> None:
        """Add an event to the block, with an address if it will have an entry."""
        facts |= self._asked()
        facts["pk"] = pk
        facts["object_id"] = "" if pk is None else object_id_of(facts["model"], pk)
        if recorded:
            opened = self.block.state.journal.change_set(facts["actor"], facts["context"])
            facts["address"] = opened.next_address()
        self.block.events.append(ChangeEvent.of(facts))

    def _asked(self) -> dict[str, Any]:
        """Ask who acts, and when, at the first change, not before: many saves change nothing."""
        if self._facts is None:
            context = contexts.current()
            self._facts = {
                "using": self.block.state.connection.alias,
                "actor": contexts.resolve_actor(context),
                "context": context,
                "created_at": timezone.now(),
            }
        return self._facts


def _come(values: Sequence[Any]) -> Iterable[Stored]:
    return zip(repeat(None), values, strict=False)


def _gone(values: Sequence[Any]) -> Iterable[Stored]:
    return zip(values, repeat(None), strict=False)


def _stands_for(instance: Model, plan: TablePlan, pk: Any) -> bool:
    """Tell whether an instance has a row's key, which may be spelled as text still."""
    meta = plan.written._meta
    if instance._get_pk_val(meta) == pk:
        return True
    keys = tuple(field.to_python(instance.__dict__.get(field.attname)) for field in meta.pk_fields)
    return pk in (keys, *keys)
