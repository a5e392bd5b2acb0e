"""Where captured events go: the recorder first, then the signals, then the reactions.

Capture knows none of them. `connect()` is called where the app is wired together.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model
from django.dispatch import Signal

from ..events import ChangeEvent
from ..signals import (
    changes_captured,
    changes_committed,
    object_changed,
    object_created,
    object_deleted,
    relation_changed,
)
from ..types import Action, Actor, AuditContext
from .journal import Journal, OpenChangeSet
from .plans import TablePlan

logger = logging.getLogger("signals_audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSet:
    """What a statement did to many rows, none of which this process has seen.

    `stage` is a table with the rows as they were before an update or a delete, `place` its column that
    numbers them, and `size` how many they are; `keys` are those of rows that were created. `fields` are the
    columns to look at.
    """

    plan: TablePlan
    action: Action
    source: str
    actor: Actor
    context: AuditContext
    created_at: datetime.datetime
    fields: tuple[Field[Any, Any], ...]
    stage: str = ""
    place: str = ""
    size: int = 0
    keys: Sequence[Sequence[Any]] = ()


Record = Callable[[BaseDatabaseWrapper, Sequence[OpenChangeSet], Sequence[ChangeEvent]], None]
RecordSet = Callable[[BaseDatabaseWrapper, Journal, WrittenSet], bool]
TakesSet = Callable[[BaseDatabaseWrapper, TablePlan], bool]
SIGNALS = {
    Action.CREATE: object_created,
    Action.UPDATE: object_changed,
    Action.DELETE: object_deleted,
}


@dataclass(slots=True)
class Sinks:
    """The functions that take events: none before the app is ready."""

    record: Record | None = None
    record_set: RecordSet | None = None
    takes_set: TakesSet | None = None
    keep: Callable[[Sequence[ChangeEvent], str], None] | None = None
    in_transaction: Callable[[ChangeEvent], None] | None = None
    in_batches: Callable[[Sequence[ChangeEvent]], None] | None = None
    after_commit: Callable[[Sequence[ChangeEvent], str], None] | None = None
    awaits: Callable[[type[Model]], bool] | None = None
    hand_over: Callable[[BaseDatabaseWrapper, type[Model]], bool] | None = None


sinks = Sinks()


def connect(
    *,
    record: Record,
    record_set: RecordSet,
    takes_set: TakesSet,
    keep: Callable[[Sequence[ChangeEvent], str], None],
    in_transaction: Callable[[ChangeEvent], None],
    in_batches: Callable[[Sequence[ChangeEvent]], None],
    after_commit: Callable[[Sequence[ChangeEvent], str], None],
    awaits: Callable[[type[Model]], bool],
) -> None:
    """Say who takes events; connecting again replaces what was connected."""
    sinks.record = record
    sinks.record_set = record_set
    sinks.takes_set = takes_set
    sinks.keep = keep
    sinks.in_transaction = in_transaction
    sinks.in_batches = in_batches
    sinks.after_commit = after_commit
    sinks.awaits = awaits


def connect_triggers(hand_over: Callable[[BaseDatabaseWrapper, type[Model]], bool]) -> None:
    """Say who knows whether triggers in the database make the entries of a model's table."""
    sinks.hand_over = hand_over


def is_handed_over(connection: BaseDatabaseWrapper, model: type[Model]) -> bool:
    """Tell whether triggers make the entries of a model's table, and have them know who acts."""
    return sinks.hand_over is not None and sinks.hand_over(connection, model)


def write(
    connection: BaseDatabaseWrapper, change_sets: Sequence[OpenChangeSet], events: Sequence[ChangeEvent]
) -> None:
    """Have the entries of events written."""
    if sinks.record is not None:
        sinks.record(connection, change_sets, events)


def takes_set(connection: BaseDatabaseWrapper, plan: TablePlan) -> bool:
    """Tell whether the database can make the entries of a table's rows."""
    return sinks.takes_set is not None and sinks.takes_set(connection, plan)


def write_set(connection: BaseDatabaseWrapper, journal: Journal, written: WrittenSet) -> bool:
    """Have the database make the entries of many rows; return False where it could not."""
    return sinks.record_set is not None and sinks.record_set(connection, journal, written)


def keep(events: Sequence[ChangeEvent], using: str) -> None:
    """Have noted down, in the transaction, what is to be done because of events whatever happens after it."""
    if sinks.keep is not None:
        sinks.keep(events, using)


def announce(event: ChangeEvent) -> None:
    """Tell receivers and in-transaction reactions of an event; what they raise undoes the change."""
    signal = SIGNALS[event.action] if event.relation is None else relation_changed
    signal.send(sender=event.model, event=event)
    if sinks.in_transaction is not None:
        sinks.in_transaction(event)


def announce_captured(events: Sequence[ChangeEvent], using: str) -> None:
    """Tell receivers and reactions of all that a statement did, model by model; what they raise undoes it."""
    if sinks.in_batches is not None:
        sinks.in_batches(events)
    if not changes_captured.receivers:
        return
    by_model: dict[type[Model], list[ChangeEvent]] = {}
    for event in events:
        by_model.setdefault(event.model, []).append(event)
    for model, found in by_model.items():
        changes_captured.send(sender=model, events=tuple(found), using=using)


def is_heard(model: type[Model], *actions: Action) -> bool:
    """Tell whether a receiver hears of the changes of a model: of any, or of some actions."""
    if _hears(changes_committed, None) or _hears(changes_captured, model):
        return True
    return any(_hears(SIGNALS[action], model) for action in actions or SIGNALS)


def is_relation_heard(owner: type[Model]) -> bool:
    """Tell whether a receiver hears of what comes to be related to a model, and goes."""
    return _hears(relation_changed, owner)


def _hears(signal: Signal, sender: Any) -> bool:
    """Tell whether a signal has receivers: most have none, which is seen at a glance."""
    return bool(signal.receivers) and signal.has_listeners(sender)


def is_awaited(model: type[Model]) -> bool:
    """Tell whether somebody wants to hear of changes of a model after COMMIT."""
    if _hears(changes_committed, None):
        return True
    return sinks.awaits is not None and sinks.awaits(model)


def announce_committed(events: Sequence[ChangeEvent], using: str) -> None:
    """Tell receivers and after-commit reactions of a transaction's events; their errors are logged."""
    try:
        changes_committed.send_robust(sender=None, events=tuple(events), using=using)
    except Exception:  # send_robust itself fails for receivers without __qualname__
        logger.exception("A receiver of changes_committed failed")
    if sinks.after_commit is not None:
        sinks.after_commit(events, using)
