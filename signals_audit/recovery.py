"""Entries as lines of the spool, and from there back into the log.

A line holds one entry and its change set, whole: a file that breaks off loses nothing but its last line. An
entry is known by its address, so writing it back twice writes it once.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.db import DatabaseError, InterfaceError, connections, transaction

from . import spool
from .events import ChangeEvent
from .models import AuditEntry, ChangeSet
from .recorder import stored_changes
from .texts import dumps, json_safe, text
from .values import UNKNOWN_MARK

VERSION: Final = 1
BATCH: Final = 200
TEXT: Final = 255


class Item(NamedTuple):
    """One line, read: an entry and its change set, and the database that they belong to."""

    using: str
    change_set: ChangeSet
    entry: AuditEntry

    @property
    def address(self) -> tuple[uuid.UUID, int]:
        """The place of the entry."""
        return self.entry.change_set_id, self.entry.seq


@dataclass
class Recovered:
    """What became of the lines of a file, or of several."""

    written: int = 0
    present: int = 0
    unreadable: int = 0
    failed: int = 0
    busy: int = 0
    errors: list[str] = field(default_factory=list)

    def __iadd__(self, other: Recovered) -> Recovered:
        self.written += other.written
        self.present += other.present
        self.unreadable += other.unreadable
        self.failed += other.failed
        self.busy += other.busy
        self.errors += other.errors
        return self

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing is left over."""
        return not (self.unreadable or self.failed or self.busy)


# Into a line


def line(event: ChangeEvent) -> str:
    """Return the line for an event's entry."""
    return json.dumps(
        {
            "version": VERSION,
            "using": event.using,
            "change_set": _change_set_facts(event),
            "entry": _entry_facts(event),
        }
    )


def _change_set_facts(event: ChangeEvent) -> dict[str, Any]:
    actor, context, address = event.actor, event.context, event.address
    return {
        "id": str(address.change_set) if address is not None else None,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id or "",
        "actor_repr": text(actor.label, TEXT),
        "remote_addr": context.remote_addr,
        "correlation_id": context.correlation_id,
        "reason": context.reason,
        "path": context.path,
        "extra": json_safe(dict(context.extra)),
        "created_at": event.created_at.isoformat(),
    }


def _entry_facts(event: ChangeEvent) -> dict[str, Any]:
    address, cause = event.address, event.context.cause
    because = cause.address if cause is not None else None
    return {
        "seq": address.seq if address is not None else None,
        "actor_id": event.actor.id or "",
        "action": event.action.value,
        "model": event.label,
        "using": event.using,
        "object_id": event.object_id,
        "object_repr": event.object_repr,
        "changes": _changes(event),
        "source": event.source,
        "caused_by": cause.name[:TEXT] if cause is not None else "",
        "caused_by_change_set": str(because.change_set) if because is not None else None,
        "caused_by_seq": because.seq if because is not None else None,
        "created_at": event.created_at.isoformat(),
    }


def _changes(event: ChangeEvent) -> Any:
    """Return the changes as they are stored; where that fails, which fields were changed."""
    try:
        return json.loads(dumps(stored_changes(event)))
    except Exception:  # it may be the very reason why the entry was not written
        return {name: [UNKNOWN_MARK, UNKNOWN_MARK] for name in event.changes}


# Back into the log


def recover(path: Path, *, dry_run: bool = False) -> Recovered:
    """Write the entries of a file back and remove it; what cannot be written stays in it."""
    if dry_run:
        return _read(path, _counted)[0]
    with spool.claimed(path) as taken:
        if taken is None:
            return Recovered(busy=1)
        found, unreadable = _read(taken, _written)
        if unreadable:
            found.errors.append(str(spool.set_aside(taken, unreadable)))
        if not found.failed:
            taken.unlink()
        return found


def _read(path: Path, take: Any) -> tuple[Recovered, list[bytes]]:
    """Give the items of a file to a function, batch by batch; return the lines that are none, too."""
    found, unreadable = Recovered(), []
    lines = spool.lines_of(path)
    while batch := list(islice(lines, BATCH)):
        items: dict[str, dict[Any, Item]] = {}
        for raw in batch:
            try:
                item = parse(raw)
            except ValueError:
                unreadable.append(raw)
            else:
                items.setdefault(item.using, {})[item.address] = item
        for using, of_database in items.items():
            found += take(using, list(of_database.values()))
    found.unreadable = len(unreadable)
    return found, unreadable


def parse(raw: bytes) -> Item:
    """Read a line; raise ValueError for what is none."""
    try:
        facts = json.loads(raw)
        if facts["version"] != VERSION:
            raise ValueError(f"Version {facts['version']} is not known here")
        change_set = ChangeSet(**_typed(facts["change_set"]))
        entry = AuditEntry(change_set_id=change_set.pk, **_typed(facts["entry"]))
        return Item(str(facts["using"]), change_set, entry)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("This is no line of the spool") from error


TYPES: Final[Mapping[str, Any]] = {
    "id": uuid.UUID,
    "caused_by_change_set": uuid.UUID,
    "created_at": datetime.datetime.fromisoformat,
}


def _typed(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: TYPES[name](value) if name in TYPES and value is not None else value
        for name, value in facts.items()
    }


def _counted(using: str, items: Sequence[Item]) -> Recovered:
    """Count what would be written."""
    if using not in connections:
        return Recovered(failed=len(items), errors=[using])
    missing = _missing(using, items)
    return Recovered(written=len(missing), present=len(items) - len(missing))


def _written(using: str, items: Sequence[Item]) -> Recovered:
    """Write the entries that are not there; what the database refuses is looked for by halves."""
    if using not in connections:
        return Recovered(failed=len(items), errors=[using])
    try:
        with transaction.atomic(using):
            missing = _missing(using, items)
            _write(using, missing)
        return Recovered(written=len(missing), present=len(items) - len(missing))
    except (DatabaseError, InterfaceError) as error:
        if len(items) == 1:
            return Recovered(failed=1, errors=[str(error)])
    found = Recovered()
    for half in _halves(items):
        found += _written(using, half)
    return found


def _halves(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    middle = len(items) // 2
    yield items[:middle]
    yield items[middle:]


def _missing(using: str, items: Sequence[Item]) -> list[Item]:
    places = AuditEntry.objects.using(using).filter(
        change_set__in={item.entry.change_set_id for item in items},
        seq__gte=min(item.entry.seq for item in items),
        seq__lte=max(item.entry.seq for item in items),
    )
    there = set(places.values_list("change_set_id", "seq"))
    return [item for item in items if item.address not in there]


def _write(using: str, items: Sequence[Item]) -> None:
    sets = {item.change_set.pk: item.change_set for item in items}
    there = ChangeSet.objects.using(using).filter(pk__in=sets).values_list("pk", flat=True)
    for key in list(there):
        sets.pop(key)
    ChangeSet.objects.using(using).bulk_create(sets.values())
    AuditEntry.objects.using(using).bulk_create(item.entry for item in items)
