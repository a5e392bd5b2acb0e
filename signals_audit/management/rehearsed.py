"""A rehearsal as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from django.core.management.color import Style
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..capture.connection import tell
from ..differences import FieldChange, field_changes
from ..models import AuditEntry
from ..rehearsals import Callback, Rehearsal
from ..tracing.receivers import printable, receiver_name
from ..tracing.trees import error_text

FIRST: Final = 300
LAST: Final = 60
TELLS: Final = receiver_name(tell)


def rehearsal_text(rehearsal: Rehearsal, style: Style) -> str:
    """Return what was sent and called, what would be written and run, and what to be warned of."""
    parts = (
        (_("Signals and receivers, in order"), clipped(rehearsal.trace.lines())),
        (_("Loops"), [str(cycle) for cycle in rehearsal.trace.cycles()]),
        (_("Audit entries that would be written"), entry_lines(rehearsal.entries) or [_("none")]),
        (_("Registered for COMMIT, not run"), callback_lines(rehearsal.callbacks) or [_("none")]),
    )
    blocks = [_block(title, lines, style) for title, lines in parts if lines]
    warnings = [style.WARNING(f"! {printable(warning)}") for warning in rehearsal.warnings]
    return "\n\n".join(["\n".join(warnings), *blocks, _end(rehearsal, style)]) + "\n"


def clipped(lines: list[str]) -> list[str]:
    """Return the first and the last of many lines: what loops may be very long."""
    left_out = len(lines) - FIRST - LAST
    if left_out <= 0:
        return lines
    return [*lines[:FIRST], ngettext("… %d line …", "… %d lines …", left_out) % left_out, *lines[-LAST:]]


def entry_lines(entries: Iterable[AuditEntry]) -> list[str]:
    """Return entries as lines: what is done to which object, and to its fields."""
    return [line for entry in entries for line in _entry_lines(entry)]


def callback_lines(callbacks: Iterable[Callback]) -> list[str]:
    """Return what was registered for COMMIT as lines."""
    return [printable(_callback_line(one)) for one in callbacks]


def _callback_line(callback: Callback) -> str:
    facts = [callback.using]
    if callback.is_robust:
        facts.append(_("robust"))
    if callback.name == TELLS:
        facts.append(_("it sends changes_committed, and has the hooks run that wait for COMMIT"))
    return f"{callback.name} ({', '.join(facts)})"


def _block(title: str, lines: Iterable[str], style: Style) -> str:
    return "\n".join([style.MIGRATE_HEADING(title), *(f"  {line}" for line in lines)])


def _entry_lines(entry: AuditEntry) -> Iterator[str]:
    yield printable(f"{entry.action} {entry.model} {entry.object_id} ({entry.using})")
    for change in field_changes(entry):
        yield printable(f"  {change.name}: {_change_text(change)}")


def _change_text(change: FieldChange) -> str:
    if change.is_relation:
        added, removed = (f"+{one.text}" for one in change.added), (f"-{one.text}" for one in change.removed)
        return " ".join([*added, *removed])
    return " → ".join(side.text for side in (change.before, change.after) if side is not None)


def _end(rehearsal: Rehearsal, style: Style) -> str:
    end = style.SUCCESS(_("What was written was rolled back."))
    if rehearsal.error is None:
        return end
    error = _("It ended with an error: %s") % printable(error_text(rehearsal.error))
    return f"{style.ERROR(error)}\n{end}"
