"""The log as a story: entries with the change set they belong to, grouped into what people did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

from django.db.models import Model, Q

from .chains import related_to
from .differences import FieldChange, raw_changes
from .lines import Line, correlation_of, lines_of
from .models import AuditEntry, ChangeSet
from .querysets import AuditEntryQuerySet
from .registry import concrete, object_id_of, registry
from .types import Action

PAGE_SIZE: Final = 25
RELATED_SHOWN: Final = 20


@dataclass(frozen=True, eq=False)
class Section:
    """Lines that read as one, newest first: no field changes twice in them."""

    lines: Sequence[Line]

    @cached_property
    def changes(self) -> list[FieldChange]:
        """Return what changed, field by field."""
        changes: dict[str, FieldChange] = {}
        for line in reversed(self.lines):
            for change in line.changes:
                name = change.name
                changes[name] = changes[name].joined(change) if name in changes else change
        return list(changes.values())

    @property
    def line(self) -> Line:
        """Return the oldest line, which says what was done."""
        return self.lines[-1]

    @property
    def action(self) -> str:
        """Return what was done."""
        return self.line.action

    @property
    def name(self) -> str:
        """Return the object's name at the end."""
        return self.lines[0].name

    def takes(self, line: Line) -> bool:
        """Tell whether the next line can be told together with these."""
        own, others = self.line.entry, line.entry
        if others.action not in (Action.UPDATE, own.action) or others.caused_by != own.caused_by:
            return False
        told = {name for own_line in self.lines for name, _change, _field in raw_changes(own_line.entry)}
        again = {name for name, change, _field in raw_changes(others) if not isinstance(change, dict)}
        return not told & again


@dataclass(frozen=True, eq=False)
class Card:
    """One thing that somebody did: lines of one request or transaction, with what else it changed."""

    lines: Sequence[Line]
    sections: Sequence[Section]
    related: Sequence[Line] = ()
    more_related: int = 0

    @property
    def first(self) -> Line:
        """Return the line that stands for all of them: what was done last."""
        return self.sections[0].line

    @property
    def change_set(self) -> ChangeSet | None:
        """Return the facts around the change."""
        return self.first.change_set


@dataclass(frozen=True, eq=False)
class Page:
    """Cards, newest first, and the id below which the next page begins."""

    cards: Sequence[Card]
    next_before: int | None = None


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
    return page_of(
        history_of(
            instance.__class__, object_id_of(instance.__class__, instance.pk), using=instance._state.db
        ),
        size=size,
    )


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
    more = max(len(belonging) - RELATED_SHOWN, 0)
    return Card(lines, sections_of(lines), belonging[:RELATED_SHOWN], more)


def sections_of(lines: Sequence[Line]) -> list[Section]:
    """Tell lines together as long as nothing is lost by it: a form's fields and its many-to-many fields."""
    sections: list[Section] = []
    for line in reversed(lines):
        if sections and sections[0].takes(line):
            sections[0] = Section((line, *sections[0].lines))
        else:
            sections.insert(0, Section((line,)))
    return sections


def story_of(line: Line) -> tuple[object, ...]:
    """Return what lines of one card have in common: the request, else the transaction, and who and why."""
    change_set = line.change_set
    if change_set is None or not change_set.correlation_id:
        return (line.entry.change_set_id,)
    actor = (change_set.actor_kind, change_set.actor_id, change_set.actor_repr)
    return (change_set.correlation_id, change_set.reason, *actor)


def belongs(line: Line, group: Sequence[Line]) -> bool:
    """Tell whether a line is of the request, or of a change set, of a card."""
    change_sets = {other.entry.change_set_id for other in group}
    correlations = {correlation_of(other) for other in group} - {""}
    return line.entry.change_set_id in change_sets or correlation_of(line) in correlations
