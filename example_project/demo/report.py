"""The story as text for people, and as JSON for machines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.core.management.color import Style

from signals_audit.models import AuditEntry, ChangeSet, Notification

from .lines import entry_details, entry_head, told
from .story import Step
from .watch import Moment


def step_lines(number: int, step: Step, style: Style) -> Iterator[str]:
    """Tell one step: each thing that was done, and what came of it."""
    yield ""
    yield style.MIGRATE_HEADING(f"{number} {step.title}")
    for moment in step.moments:
        yield from moment_lines(moment, style)
    yield from _verdict(step, style)


def moment_lines(moment: Moment, style: Style) -> Iterator[str]:
    """Tell one request: its change sets, their entries, and who was told."""
    nothing = "" if moment.entries else "  nothing to record"
    yield f"  {style.HTTP_INFO(moment.what)}  by {moment.who}{nothing}"
    for _change_set, entries in groupby(moment.entries, key=lambda entry: entry.change_set_id):
        yield from _change_set_lines(list(entries), style)
    yield from (f"    {style.WARNING(told(notification))}" for notification in moment.notifications)
    yield from (f"    {style.NOTICE(f'! {line}')}" for line in moment.logged)


def _change_set_lines(entries: list[AuditEntry], style: Style) -> Iterator[str]:
    change_set = entries[0].change_set
    yield f"    change set {str(change_set.pk)[-6:]}, recorded for {actor(change_set)}"
    for entry in entries:
        branch = "└ " if entry.caused_by else ""
        cause = f"  caused by {entry.caused_by}" if entry.caused_by else ""
        yield f"      {branch}{style.SUCCESS(entry_head(entry))}{cause}"
        yield from (f"          {line}" for line in entry_details(entry))


def _verdict(step: Step, style: Style) -> Iterator[str]:
    failures = step.failures()
    yield from (style.ERROR(f"  ✗ {failure}") for failure in failures)
    if not failures:
        checked = (counted(step.entries, step.notifications), *step.claims)
        yield from (f"  {style.SUCCESS('✓')} {line}" for line in checked)


def counted(entries: int, notifications: int) -> str:
    """Say how many entries and notifications there are."""
    return f"{count(entries, 'entry', 'entries')}, {count(notifications, 'notification', 'notifications')}"


def count(number: int, one: str, many: str) -> str:
    """Put a number before the form of the noun that it asks for."""
    return f"{number} {one if number == 1 else many}"


def actor(change_set: ChangeSet) -> str:
    """Name who a change set is recorded for."""
    label, kind = change_set.actor_repr, change_set.actor_kind
    return label if kind == "user" or label == kind else f"{kind} {label}".rstrip()


def step_data(step: Step) -> dict[str, Any]:
    """Return a step as plain data."""
    return {
        "title": step.title,
        "expected": {"entries": step.entries, "notifications": step.notifications},
        "moments": [moment_data(moment) for moment in step.moments],
        "claims": step.claims,
        "failures": step.failures(),
    }


def moment_data(moment: Moment) -> dict[str, Any]:
    """Return a moment as plain data."""
    return {
        "who": moment.who,
        "what": moment.what,
        "entries": [entry_data(entry) for entry in moment.entries],
        "notifications": [notification_data(notification) for notification in moment.notifications],
        "logged": moment.logged,
    }


def entry_data(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as plain data."""
    names = (
        "seq",
        "action",
        "model",
        "object_id",
        "object_repr",
        "changes",
        "source",
        "caused_by",
        "caused_by_seq",
    )
    return {
        "change_set": str(entry.change_set_id),
        "actor": {"kind": entry.change_set.actor_kind, "label": entry.change_set.actor_repr},
        **{name: getattr(entry, name) for name in names},
    }


def notification_data(notification: Notification) -> dict[str, Any]:
    """Return a notification as plain data."""
    names = ("actor_repr", "verb", "target_model", "target_id", "target_repr", "data")
    return {"recipient": notification.recipient.get_username()} | {
        name: getattr(notification, name) for name in names
    }
