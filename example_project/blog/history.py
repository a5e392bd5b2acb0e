"""What happened to a post, as its author reads it: the log's own lines, with tags by their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signals_audit.display import FieldChange, Shown
from signals_audit.models import AuditEntry
from signals_audit.timeline import Line, lines_of
from signals_audit.values import decode

from .models import BlogPost, Tag


@dataclass(frozen=True, kw_only=True)
class PostLine:
    """One entry, and what it changed."""

    line: Line
    changes: list[FieldChange]


def post_lines(post: BlogPost, *, size: int) -> list[PostLine]:
    """Return the newest entries of a post, newest first."""
    entries = AuditEntry.objects.for_object(post).page(size=size)
    names = _tag_names(entries)
    return [PostLine(line=line, changes=_changes(line, names)) for line in lines_of(entries)]


def _tag_names(entries: list[AuditEntry]) -> dict[Any, str]:
    changes = [entry.changes["tags"] for entry in entries if "tags" in entry.changes]
    keys = {decode(key) for change in changes for key in (*change["added"], *change["removed"])}
    return dict(Tag.objects.filter(pk__in=keys).values_list("pk", "name"))


def _changes(line: Line, names: Mapping[Any, str]) -> list[FieldChange]:
    return [_named(line.entry, change, names) if change.name == "tags" else change for change in line.changes]


def _named(entry: AuditEntry, change: FieldChange, names: Mapping[Any, str]) -> FieldChange:
    added, removed = (
        tuple(
            Shown("value", names.get(decode(key), f"#{decode(key)}")) for key in entry.changes["tags"][side]
        )
        for side in ("added", "removed")
    )
    return replace(change, added=added, removed=removed)
