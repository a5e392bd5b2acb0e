"""What happened to a post, in its author's words: one card for each edit, with tags by their names.

The admin shows everything; readers of the site are not shown addresses and paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from django.utils.text import capfirst

from signals_audit.models import AuditEntry

from .models import BlogPost, Tag

# An author knows these.
LEFT_OUT: Final = frozenset({"id", "author", "created", "tags"})


@dataclass(frozen=True, kw_only=True)
class FieldLine:
    """A field's stored values; the template shows them."""

    label: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Card:
    """What was done to a post at once; `entry` is the first of its entries."""

    entry: AuditEntry
    fields: list[FieldLine]
    tags_added: list[str]
    tags_removed: list[str]


def history_cards(post: BlogPost, *, size: int) -> list[Card]:
    """Return what the newest entries of a post say, newest first."""
    entries = AuditEntry.objects.for_object(post).select_related("change_set").page(size=size)
    names = _tag_names(entries)
    edits = groupby(entries, key=lambda entry: entry.change_set_id)
    return [_card(list(edit)[::-1], names) for _change_set, edit in edits]


def _card(entries: Sequence[AuditEntry], names: Mapping[int, str]) -> Card:
    added, removed = (
        [names.get(key, f"#{key}") for entry in entries for key in _tag_keys(entry, side)]
        for side in ("added", "removed")
    )
    fields = [line for entry in entries for line in _field_lines(entry)]
    return Card(entry=entries[0], fields=fields, tags_added=added, tags_removed=removed)


def _field_lines(entry: AuditEntry) -> list[FieldLine]:
    changes = {name: change for name, change in entry.changes.items() if name not in LEFT_OUT}
    return [FieldLine(label=_label(name), before=old, after=new) for name, (old, new) in changes.items()]


def _tag_names(entries: Iterable[AuditEntry]) -> dict[int, str]:
    keys = {key for entry in entries for side in ("added", "removed") for key in _tag_keys(entry, side)}
    return dict(Tag.objects.filter(pk__in=keys).values_list("pk", "name"))


def _tag_keys(entry: AuditEntry, side: str) -> list[int]:
    return entry.changes.get("tags", {}).get(side, [])


def _label(name: str) -> str:
    """Return a field's name for people; a field that is gone keeps its own."""
    names = {field.name: str(field.verbose_name) for field in BlogPost._meta.fields}
    return capfirst(names.get(name, name))
