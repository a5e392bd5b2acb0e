"""Entries and notifications as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.text import Truncator

from signals_audit.differences import show_change
from signals_audit.models import AuditEntry, Notification
from signals_audit.sentences import sentence
from signals_audit.values import decode

SIGNS: Mapping[str, str] = {"create": "+", "update": "~", "delete": "-"}
MASKED = {"masked": True}
WIDTH = 60


def entry_head(entry: AuditEntry) -> str:
    """Say in one line what was done to what."""
    return f"{SIGNS[entry.action]} {entry.model} #{entry.object_id} {short(entry.object_repr)}".rstrip()


def entry_details(entry: AuditEntry) -> Iterator[str]:
    """Say what changed: all of an update, and of new and deleted rows only which fields are hidden."""
    if entry.action == "update":
        yield from (_change(entry, name, change) for name, change in entry.changes.items())
    else:
        hidden = [name for name, change in entry.changes.items() if MASKED in change]
        if hidden:
            yield f"hidden: {', '.join(hidden)}"


def _change(entry: AuditEntry, name: str, change: Any) -> str:
    if isinstance(change, dict):
        parts = [
            f"{sign} {label}"
            for side, sign in (("added", "+"), ("removed", "-"))
            for label in _names(entry, name, change[side])
        ]
        return f"{name}: {', '.join(parts)}"
    before, after = show_change(*change)
    return f"{name}: {before.text} → {after.text}"


def _names(entry: AuditEntry, name: str, keys: list[Any]) -> list[str]:
    related = apps.get_model(entry.model)._meta.get_field(name).related_model
    decoded = [decode(key) for key in keys]
    known = related._default_manager.using(entry.using).in_bulk(decoded)
    return [str(known.get(key, f"#{key}")) for key in decoded]


def short(text: str) -> str:
    """Cut a text to a line."""
    return Truncator(" ".join(text.split())).chars(WIDTH)


def told(notification: Notification) -> str:
    """Say who was told what."""
    return f"→ {notification.recipient.get_username()} is told: {sentence(notification)}"
