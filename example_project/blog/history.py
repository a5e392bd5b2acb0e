"""What happened to a post, in the words of its author."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.encoding import force_str
from django.utils.text import capfirst

from signals_audit.models import AuditEntry
from signals_audit.values import decode

from .models import BlogPost, Tag


@dataclass(frozen=True, kw_only=True)
class FieldLine:
    """What happened to one field; for tags, which came and which went."""

    label: str
    before: Any = None
    after: Any = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One entry of the log, ready to be shown."""

    entry: AuditEntry
    lines: list[FieldLine]


def post_entries(post: BlogPost, limit: int) -> list[HistoryEntry]:
    """Return the newest entries of a post, newest first."""
    entries = AuditEntry.objects.filter(model=BlogPost._meta.label, object_id=str(post.pk))
    newest = list(entries.select_related("change_set").order_by("-id")[:limit])
    tags = _tag_names(newest)
    return [HistoryEntry(entry=entry, lines=list(_lines(entry, tags))) for entry in newest]


def _tag_names(entries: list[AuditEntry]) -> dict[Any, str]:
    changes = [entry.changes["tags"] for entry in entries if isinstance(entry.changes.get("tags"), dict)]
    keys = {decode(key) for change in changes for key in (*change["added"], *change["removed"])}
    return dict(Tag.objects.filter(pk__in=keys).values_list("pk", "name"))


def _lines(entry: AuditEntry, tags: dict[Any, str]) -> Iterator[FieldLine]:
    for name, change in entry.changes.items():
        if isinstance(change, dict):
            added, removed = (_names(change[side], tags) for side in ("added", "removed"))
            yield FieldLine(label=_label(name), added=added, removed=removed)
        else:
            before, after = (_shown(value) for value in change)
            yield FieldLine(label=_label(name), before=before, after=after)


def _names(keys: list[Any], tags: dict[Any, str]) -> tuple[str, ...]:
    return tuple(tags.get(decode(key)) or f"#{decode(key)}" for key in keys)


def _shown(value: Any) -> Any:
    decoded = decode(value)
    return decoded if decoded is None else force_str(decoded)


def _label(name: str) -> str:
    try:
        field = BlogPost._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    return capfirst(str(getattr(field, "verbose_name", name)))
