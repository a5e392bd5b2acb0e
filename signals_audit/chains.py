"""What hangs together: entries of the same request, the causes of an entry, and its effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from .lines import Line, correlation_of, lines_of
from .models import AuditEntry, ChangeSet
from .types import EntryAddress

RELATED_SETS: Final = 100
RELATED_ENTRIES: Final = 20
DEPTH: Final = 10


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


def causes_of(line: Line, related: Sequence[Line], *, limit: int = DEPTH) -> list[Line]:
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
