"""What happened to a post, as its author reads it: one card for each change set, with tags by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from signals_audit.display import FieldChange, Shown
from signals_audit.models import AuditEntry
from signals_audit.timeline import Line, lines_of
from signals_audit.values import decode

from .models import BlogPost, Tag

# An author knows these.
LEFT_OUT: Final = frozenset({"id", "author", "created"})


@dataclass(frozen=True, kw_only=True)
class Card:
    """What was done to a post at once; `line` stands for all of it."""

    line: Line
    changes: list[FieldChange]


def history_cards(post: BlogPost, *, size: int) -> list[Card]:
    """Return what the newest entries of a post say, newest first."""
    entries = AuditEntry.objects.for_object(post).page(size=size)
    names = _tag_names(entries)
    groups = groupby(lines_of(entries), key=lambda line: line.entry.change_set_id)
    return [_card(list(lines)[::-1], names) for _change_set, lines in groups]


def _card(lines: Sequence[Line], names: Mapping[Any, str]) -> Card:
    changes = [change for line in lines for change in line.changes if change.name not in LEFT_OUT | {"tags"}]
    return Card(line=lines[0], changes=[*changes, *_tag_changes(lines, names)])


def _tag_changes(lines: Iterable[Line], names: Mapping[Any, str]) -> Iterator[FieldChange]:
    """Give one change for all tags: what was removed and added by one edit are two entries."""
    changed = [line for line in lines if "tags" in line.entry.changes]
    if changed:
        change = next(change for change in changed[0].changes if change.name == "tags")
        added, removed = (
            tuple(
                Shown("value", names.get(key, f"#{key}"))
                for line in changed
                for key in _keys(line.entry, side)
            )
            for side in ("added", "removed")
        )
        yield replace(change, added=added, removed=removed)


def _tag_names(entries: Iterable[AuditEntry]) -> dict[Any, str]:
    keys = {key for entry in entries for side in ("added", "removed") for key in _keys(entry, side)}
    return dict(Tag.objects.filter(pk__in=keys).values_list("pk", "name"))


def _keys(entry: AuditEntry, side: str) -> list[Any]:
    return [decode(key) for key in entry.changes.get("tags", {}).get(side, ())]
