"""Writing entries: the only place that does, at once, in the transaction of the change.

The statements are made once for each connection and run without the ORM: an audited write should cost close
to a hand-written INSERT.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeAlias

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from .capture.connection import state_of
from .capture.journal import OpenChangeSet
from .capture.pipeline import WrittenSet
from .capture.plans import TablePlan, plan_for
from .events import ChangeEvent
from .expansion import document, expansion
from .masking import is_secret_name, mask
from .models import AuditEntry, ChangeSet
from .texts import MAX_REPR, shortened
from .types import EntryAddress
from .values import dumps, json_safe, text

ROWS = 2000  # of a statement: so many are held in memory twice
CHARACTERS = 1_000_000  # of a statement's texts: MariaDB and MySQL end the connection above 16 MB
ATTRIBUTE = "signals_audit_writer"


Statement = tuple[str, Sequence[Any]]
Places = tuple[int, ...]
AnyField: TypeAlias = "Field[Any, Any]"


class Insert:
    """An INSERT into one of the log's tables: its text, and how values are spelled for the database."""

    def __init__(self, model: type[Model], connection: BaseDatabaseWrapper) -> None:
        self._fields = [
            field for field in model._meta.local_concrete_fields if field is not model._meta.auto_field
        ]
        self._connection = connection
        self._table = connection.ops.quote_name(model._meta.db_table)
        row = "(" + ", ".join(_placeholder(field, connection) for field in self._fields) + ")"
        self._one = f"{self._into(self._fields)} VALUES {row}"
        self._many: dict[Places, str | None] = {}

    def statements(self, rows: Sequence[Sequence[Any]]) -> Iterator[Statement]:
        """Yield what inserts rows, whose values stand in the order of the model's columns, no two the same.

        What many of them share is sent and read once.
        """
        if len(rows) == 1:
            yield self._one, rows[0]
            return
        columns = list(zip(*rows, strict=True))
        differing = tuple(place for place, column in enumerate(columns) if _differ(column))
        sql = self._of_many(differing)
        if sql is None:
            yield from ((self._one, row) for row in rows)
            return
        shared = [column[0] for place, column in enumerate(columns) if place not in differing]
        own = list(zip(*(columns[place] for place in differing), strict=True))
        for piece in _pieces(own, beside=_length(shared)):
            yield sql, [*shared, document(piece)]

    def _of_many(self, differing: Places) -> str | None:
        """Return the statement for rows that differ at some places only."""
        if differing not in self._many:
            own = [field for place, field in enumerate(self._fields) if place in differing]
            shared = [field for place, field in enumerate(self._fields) if place not in differing]
            select = expansion(own, self._connection, shared=shared)
            self._many[differing] = None if select is None else f"{self._into([*own, *shared])} {select}"
        return self._many[differing]

    def _into(self, fields: Iterable[AnyField]) -> str:
        quote = self._connection.ops.quote_name
        return f"INSERT INTO {self._table} ({', '.join(quote(str(field.column)) for field in fields)})"


def _differ(values: Sequence[Any]) -> bool:
    return values.count(values[0]) < len(values)


def _length(row: Sequence[Any]) -> int:
    return sum(len(value) for value in row if isinstance(value, str))


def _pieces(rows: Sequence[Sequence[Any]], beside: int) -> Iterator[list[Sequence[Any]]]:
    """Yield the rows in pieces, each for a statement whose other texts are `beside` characters long."""
    piece: list[Sequence[Any]] = []
    length = beside
    for row in rows:
        added = _length(row)
        if piece and (len(piece) == ROWS or length + added > CHARACTERS):
            yield piece
            piece, length = [], beside
        piece.append(row)
        length += added
    if piece:
        yield piece


def _placeholder(field: Any, connection: BaseDatabaseWrapper) -> str:
    is_json = field.get_internal_type() == "JSONField"
    return "%s::jsonb" if is_json and connection.vendor == "postgresql" else "%s"


class Writer:
    """What writes the log on one connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._change_sets = Insert(ChangeSet, connection)
        self._entries = Insert(AuditEntry, connection)
        self._has_uuid = connection.features.has_native_uuid_field
        self._most = _longest_statement(connection)

    def write(self, change_sets: Sequence[OpenChangeSet], events: Sequence[ChangeEvent]) -> None:
        """Insert the rows of change sets and the entries of events."""
        moment = self._moment(events[0].created_at)
        rows = [self._row(event, event.address, moment) for event in events if event.address is not None]
        entries = self._entries.statements(rows)
        if change_sets:
            opened = [self._change_set(change_set, moment) for change_set in change_sets]
            entries = self._together(self._change_sets.statements(opened), entries)
        self._execute(entries)

    def open(self, change_sets: Iterable[OpenChangeSet], created_at: datetime.datetime) -> None:
        """Insert the rows of change sets whose entries are there already."""
        moment = self._moment(created_at)
        rows = [self._change_set(change_set, moment) for change_set in change_sets]
        self._execute(self._change_sets.statements(rows) if rows else ())

    def facts(self, written: WrittenSet, opened: OpenChangeSet) -> dict[str, Any]:
        """Return what the entries of many rows have in common, as it is spelled for the database."""
        cause = written.context.cause
        because = cause.address if cause is not None else None
        return {
            "change_set_id": self._uuid(opened.id),
            "seq": opened.entries,
            "actor_id": written.actor.id or "",
            "action": written.action.value,
            "model": written.plan.model._meta.label,
            "using": self._connection.alias,
            "source": written.source,
            "caused_by": cause.name[:255] if cause is not None else "",
            "caused_by_change_set": self._uuid(because.change_set) if because is not None else None,
            "caused_by_seq": because.seq if because is not None else None,
            "created_at": self._moment(written.created_at),
        }

    def _moment(self, value: datetime.datetime) -> Any:
        return self._connection.ops.adapt_datetimefield_value(value)

    def _execute(self, statements: Iterable[Statement]) -> None:
        state_of(self._connection).cursors.execute(statements)

    def _together(self, sets: Iterator[Statement], entries: Iterator[Statement]) -> Iterator[Statement]:
        """Yield what writes change sets and entries: together, where one statement can write two tables."""
        waiting = list(sets)
        if waiting and self._connection.vendor == "postgresql":
            set_sql, set_params = waiting.pop()
            sql, params = next(entries)
            waiting.append((f"WITH opened AS ({set_sql}) {sql}", [*set_params, *params]))
        yield from waiting
        yield from entries

    def _uuid(self, value: Any) -> Any:
        return value if self._has_uuid or value is None else value.hex

    def _change_set(self, opened: OpenChangeSet, moment: Any) -> tuple[Any, ...]:
        actor, context = opened.actor, opened.context
        return (
            self._uuid(opened.id),
            actor.kind.value,
            actor.id or "",
            text(actor.label, 255),
            context.remote_addr,
            context.correlation_id,
            context.reason,
            context.path,
            dumps(json_safe(dict(context.extra))),
            moment,
        )

    def _row(self, event: ChangeEvent, address: EntryAddress, moment: Any) -> tuple[Any, ...]:
        cause = event.context.cause
        because = cause.address if cause is not None else None
        return (
            self._uuid(address.change_set),
            address.seq,
            event.actor.id or "",
            event.action.value,
            event.label,
            event.using,
            event.object_id,
            event.object_repr,
            self._changes(event),
            event.source,
            cause.name[:255] if cause is not None else "",
            self._uuid(because.change_set) if because is not None else None,
            because.seq if because is not None else None,
            moment,
        )

    def _changes(self, event: ChangeEvent) -> str:
        """Return an event's changes as JSON that the server takes: at worst with large values cut."""
        changes = stored_changes(event)
        written = dumps(changes)
        if self._most is None or _sent_length(written) <= self._most:
            return written
        return dumps({name: _cut(change) for name, change in changes.items()})


def _longest_statement(connection: BaseDatabaseWrapper) -> int | None:
    """Return how long an entry may be in bytes; MariaDB and MySQL end the connection where it is longer."""
    if connection.vendor != "mysql":
        return None
    with connection.wrap_database_errors, closing(connection.create_cursor()) as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        return int(cursor.fetchone()[0]) - 100_000


def _sent_length(written: str) -> int:
    """Return how long JSON is in bytes when the driver has escaped it; an estimate where that is short."""
    if len(written) < 1_000_000:
        return len(written)
    return len(written.encode()) + sum(written.count(escaped) for escaped in "\"\\'")


def _cut(change: Any) -> Any:
    """Return a change with large values cut to their start and a digest: readable, not restorable."""
    if isinstance(change, Mapping):
        return change
    written = [dumps(value) for value in change]
    return [
        value if len(text) < 100_000 else {"repr": shortened(text, text, limit=MAX_REPR)}
        for value, text in zip(change, written, strict=True)
    ]


def stored_changes(event: ChangeEvent) -> Mapping[str, Any]:
    """Return what an entry stores of an event: the audited fields, the secret ones masked."""
    plan = plan_for(event.model)
    if plan is None or plan.recorded is None:
        return event.encoded
    if event.relation is not None:
        return mask(event.encoded, plan.masked)
    if event.encoded.keys() <= plan.recorded:
        return mask(event.encoded, plan.masked)
    recorded = {name: pair for name, pair in event.encoded.items() if _is_recorded(plan, name)}
    unknown = [name for name in recorded if name not in plan.recorded and is_secret_name(name)]
    return mask(recorded, plan.masked.union(unknown))


def _is_recorded(plan: TablePlan, name: str) -> bool:
    """Tell whether a field is recorded; one that only a migration knows is, as if the model had it still."""
    if plan.recorded is None or name in plan.recorded:
        return True
    return name not in plan.names and plan.options.audits(name)


def writer_of(connection: BaseDatabaseWrapper) -> Writer:
    """Return what writes the log on a connection, made on first use."""
    writer: Writer | None = connection.__dict__.get(ATTRIBUTE)
    if writer is None:
        writer = connection.__dict__[ATTRIBUTE] = Writer(connection)
    return writer


def record(
    connection: BaseDatabaseWrapper, change_sets: Sequence[OpenChangeSet], events: Sequence[ChangeEvent]
) -> None:
    """Write the entries of events, and the change sets that they are the first of."""
    writer_of(connection).write(change_sets, events)
    for opened in change_sets:
        opened.is_written = True


def open_change_sets(
    connection: BaseDatabaseWrapper, change_sets: Sequence[OpenChangeSet], created_at: datetime.datetime
) -> None:
    """Write change sets whose entries are there already."""
    writer_of(connection).open(change_sets, created_at)
    for opened in change_sets:
        opened.is_written = True
