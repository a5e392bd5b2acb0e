"""The log as a story: entries with the change set they belong to, grouped into what people did."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Final

from django.db.models import Model, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .display import FieldChange, field_changes, model_name, printable
from .models import AuditEntry, ChangeSet
from .querysets import AuditEntryQuerySet
from .registry import concrete, registry
from .types import Action, ActorKind, EntryAddress
from .values import object_key

PAGE_SIZE: Final = 25
RELATED_SETS: Final = 100
RELATED_ENTRIES: Final = 20
RELATED_SHOWN: Final = 20
IN_LINE: Final = 3

VERBS: Final[dict[str, Promise]] = {
    Action.CREATE: _("created"),
    Action.UPDATE: _("changed"),
    Action.DELETE: _("deleted"),
}


@dataclass(frozen=True, eq=False)
class Line:
    """An entry for people. `links` is filled in where the reader may follow them."""

    entry: AuditEntry
    change_set: ChangeSet | None
    links: dict[str, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """Return what was done, in the past tense."""
        return str(VERBS.get(self.entry.action, printable(self.entry.action)))

    @property
    def model_name(self) -> str:
        """Return the name of the object's model."""
        return model_name(self.entry.model)

    @property
    def name(self) -> str:
        """Return the object's name at the time, or its model and key where it had none."""
        return printable(self.entry.object_repr or f"{self.model_name} {self.entry.object_id}")

    @property
    def actor(self) -> str:
        """Return who did it; for those who are no users, what they are as well."""
        if self.change_set is None:
            return printable(self.entry.actor_id)
        label, kind = printable(self.change_set.actor_repr), self.change_set.actor_kind
        if kind == ActorKind.USER or label == kind:
            return label or printable(self.change_set.actor_id)
        kind_name = str(dict(ActorKind.choices).get(kind, kind))
        return f"{kind_name}: {label}" if label else kind_name

    @cached_property
    def changes(self) -> list[FieldChange]:
        """Return what changed, field by field."""
        return field_changes(self.entry)

    @property
    def first_changes(self) -> list[FieldChange]:
        """Return as many changes as one line holds."""
        return self.changes[:IN_LINE]

    @property
    def more_changes(self) -> int:
        """Return how many changes one line does not hold."""
        return max(len(self.changes) - IN_LINE, 0)

    @property
    def address(self) -> EntryAddress:
        """Return where the entry stands."""
        return EntryAddress(self.entry.change_set_id, self.entry.seq)

    @property
    def cause_address(self) -> EntryAddress | None:
        """Return where the entry stands whose reaction wrote this one."""
        change_set, seq = self.entry.caused_by_change_set, self.entry.caused_by_seq
        return None if change_set is None or seq is None else EntryAddress(change_set, seq)


@dataclass(frozen=True, eq=False)
class Card:
    """One thing that somebody did: lines of one request or transaction, with what else it changed."""

    lines: Sequence[Line]
    related: Sequence[Line] = ()
    more_related: int = 0

    @property
    def first(self) -> Line:
        """Return the newest line, which stands for all of them."""
        return self.lines[0]

    @property
    def change_set(self) -> ChangeSet | None:
        """Return the facts around the change."""
        return self.first.change_set


@dataclass(frozen=True, eq=False)
class Page:
    """Cards, newest first, and the id below which the next page begins."""

    cards: Sequence[Card]
    next_before: int | None = None


def lines_of(entries: Sequence[AuditEntry]) -> list[Line]:
    """Return entries with their change sets, which are read by one query for each database."""
    change_sets: dict[tuple[str | None, uuid.UUID], ChangeSet] = {}
    for alias in {entry._state.db for entry in entries}:
        wanted = {entry.change_set_id for entry in entries if entry._state.db == alias}
        found = ChangeSet.objects.using(alias).in_bulk(wanted)
        change_sets |= {(alias, key): change_set for key, change_set in found.items()}
    return [Line(entry, change_sets.get((entry._state.db, entry.change_set_id))) for entry in entries]


def history_of(model: type[Model], key: str, *, using: str | None = None) -> AuditEntryQuerySet:
    """Return the entries of an object that need not exist any more.

    They include those under labels that the model had before, and the rows of multi-table parents that share
    its key.
    """
    entries = AuditEntry.objects.using(using)
    labels = labels_of(model)
    by_label = Q(model=labels[0]) if len(labels) == 1 else Q(model__in=labels)
    return entries.filter(by_label, object_id=key)


def labels_of(model: type[Model]) -> list[str]:
    """Return all labels under which an object's history stands."""
    labels: list[str] = []
    meta = concrete(model)
    while True:
        options = registry.options_for(meta.model)
        labels += [meta.label, *(options.previously if options else ())]
        parent = meta.pk.remote_field.model if meta.pk.remote_field and meta.parents else None
        if parent not in meta.parents:
            return labels
        meta = concrete(parent)


def object_history(instance: Model, *, size: int = PAGE_SIZE) -> Page:
    """Return the newest cards of an object."""
    return page_of(history_of(type(instance), object_key(instance.pk), using=instance._state.db), size=size)


def page_of(entries: AuditEntryQuerySet, *, before: int | None = None, size: int = PAGE_SIZE) -> Page:
    """Return one page of cards; a constant number of queries, however long the history is."""
    found = entries.page(before=before, size=size + 1)
    shown = found[:size]
    return Page(cards_of(lines_of(shown)), shown[-1].id if len(found) > size else None)


def cards_of(lines: Sequence[Line]) -> list[Card]:
    """Group lines into cards, each with what else the same request did."""
    own = {(line.entry.model, line.entry.object_id) for line in lines}
    related = [line for line in related_to(lines) if (line.entry.model, line.entry.object_id) not in own]
    return [card_of(tuple(group), related) for _key, group in groupby(lines, story_of)]


def card_of(lines: Sequence[Line], related: Sequence[Line]) -> Card:
    """Return a card with those of the related lines that belong to it."""
    belonging = [line for line in related if belongs(line, lines)]
    return Card(lines, belonging[:RELATED_SHOWN], max(len(belonging) - RELATED_SHOWN, 0))


def story_of(line: Line) -> tuple[object, ...]:
    """Return what lines of one card have in common: the request, else the transaction, and who and why."""
    change_set = line.change_set
    if change_set is None or not change_set.correlation_id:
        return (line.entry.change_set_id,)
    return (change_set.correlation_id, change_set.actor_kind, change_set.actor_id, change_set.reason)


def belongs(line: Line, group: Sequence[Line]) -> bool:
    """Tell whether a line is of the request, or of a change set, of a card."""
    change_sets = {other.entry.change_set_id for other in group}
    correlations = {correlation_of(other) for other in group} - {""}
    return line.entry.change_set_id in change_sets or correlation_of(line) in correlations


def correlation_of(line: Line) -> str:
    """Return the id of the line's request."""
    return line.change_set.correlation_id if line.change_set else ""


def related_to(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of the same requests and transactions, oldest first.

    Bounded: the first ones of each change set, and so many change sets.
    """
    if not lines:
        return []
    alias = lines[0].entry._state.db
    change_sets = {line.change_set.id: line.change_set for line in lines if line.change_set}
    correlations = {correlation_of(line) for line in lines} - {""}
    if correlations:
        same = ChangeSet.objects.using(alias).filter(correlation_id__in=correlations)[:RELATED_SETS]
        change_sets |= {change_set.id: change_set for change_set in same}
    entries = AuditEntry.objects.using(alias).filter(change_set_id__in=change_sets, seq__lte=RELATED_ENTRIES)
    return [Line(entry, change_sets[entry.change_set_id]) for entry in entries.order_by("id")]


def find(address: EntryAddress, lines: Iterable[Line], *, using: str | None) -> Line | None:
    """Return the line at an address: one of those at hand, else from the database."""
    for line in lines:
        if line.address == address:
            return line
    entry = AuditEntry.objects.using(using).filter(change_set_id=address.change_set, seq=address.seq).first()
    return lines_of([entry])[0] if entry else None


def causes_of(line: Line, related: Sequence[Line], *, limit: int = 10) -> list[Line]:
    """Return the chain of entries that led to this one, the first cause first."""
    chain: list[Line] = []
    current: Line | None = line
    while current is not None and current.cause_address and len(chain) < limit:
        current = find(current.cause_address, related, using=line.entry._state.db)
        if current is None or current.address == line.address:
            break
        chain.insert(0, current)
    return chain


def effects_of(line: Line, related: Sequence[Line]) -> list[tuple[int, Line]]:
    """Return what reactions to this entry wrote, and what those caused, with how deep they hang."""
    tree: list[tuple[int, Line]] = []
    waiting = [(0, child) for child in reversed(children_of(line, related))]
    seen = {line.address}
    while waiting:
        depth, child = waiting.pop()
        if child.address in seen:
            continue
        seen.add(child.address)
        tree.append((depth, child))
        waiting += [(depth + 1, grandchild) for grandchild in reversed(children_of(child, related))]
    return tree


def children_of(line: Line, related: Sequence[Line]) -> list[Line]:
    """Return the lines that a line caused directly."""
    return [other for other in related if other.cause_address == line.address]
