"""Entries as people read them, with the facts of the change set they belong to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .differences import FieldChange, field_changes
from .display import model_name, model_of, printable
from .models import AuditEntry, ChangeSet
from .types import Action, ActorKind, EntryAddress

IN_LINE: Final = 3

VERBS: Final[dict[str, Promise]] = {
    Action.CREATE: _("created"),
    Action.UPDATE: _("changed"),
    Action.DELETE: _("deleted"),
}


@dataclass(frozen=True, eq=False)
class Line:
    """An entry for people.

    `links`, and the `names` of objects that values point to, are filled in as far as the reader may see them.
    """

    entry: AuditEntry
    change_set: ChangeSet | None
    links: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[type[Model], str], str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """Return what was done."""
        return self.entry.action

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
        return field_changes(self.entry, self.names)

    @property
    def first_changes(self) -> list[FieldChange]:
        """Return as many changes as one line holds; the key says least and comes last."""
        model = model_of(self.entry.model)
        key = model._meta.pk.name if model else ""
        return sorted(self.changes, key=lambda change: change.name == key)[:IN_LINE]

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


def lines_of(entries: Sequence[AuditEntry]) -> list[Line]:
    """Return entries with their change sets, which are read by one query for each database."""
    change_sets: dict[tuple[str | None, uuid.UUID], ChangeSet] = {}
    for alias in {entry._state.db for entry in entries}:
        wanted = {entry.change_set_id for entry in entries if entry._state.db == alias}
        found = ChangeSet.objects.using(alias).in_bulk(wanted)
        change_sets |= {(alias, key): change_set for key, change_set in found.items()}
    return [Line(entry, change_sets.get((entry._state.db, entry.change_set_id))) for entry in entries]


def correlation_of(line: Line) -> str:
    """Return the id of the line's request."""
    return line.change_set.correlation_id if line.change_set else ""
