"""The second way of capture: row triggers in the database, for writes from anywhere.

Models with the option `capture="triggers"` have them. The entries are the same; only `source` says "trigger".
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed_apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..models import AuditEntry
from ..spelling.columns import Table
from . import mysql, postgresql, sqlite
from .names import Built
from .tables import wanted

DIALECTS: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite, "mysql": mysql}
EVENTS = 3


class State(enum.Enum):
    """How a table's triggers are."""

    UP_TO_DATE = "up to date"
    OUT_OF_DATE = "out of date"
    MISSING = "missing"
    LEFT_OVER = "left over"
    IMPOSSIBLE = "not possible"


@dataclass(frozen=True, slots=True)
class Status:
    """A table, the state of its triggers, and their names in the database."""

    table: str
    label: str
    state: State
    triggers: tuple[str, ...] = ()
    reason: str = ""


def dialect_of(connection: BaseDatabaseWrapper) -> Any:
    """Return the module that writes triggers for a connection's database; None where there is none."""
    return DIALECTS.get(connection.vendor)


def status(using: str, *, state: Any = installed_apps) -> list[Status]:
    """Tell of every table on a database that should have triggers, or has some of ours."""
    connection = connections[using]
    dialect = dialect_of(connection)
    if dialect is None or not _has_log(connection):
        return []
    return [told for told, _built in _compared(connection, dialect, state)]


def install(using: str, *, state: Any = installed_apps) -> list[Status]:
    """Put up triggers that are missing or out of date, take down those left over; return what was done."""
    connection = connections[using]
    dialect = dialect_of(connection)
    if dialect is None or not _has_log(connection):
        return []
    done = []
    for told, built in _compared(connection, dialect, state):
        if told.state in (State.MISSING, State.OUT_OF_DATE, State.LEFT_OVER):
            drops = dialect.drop(connection, told.table, told.triggers) if told.triggers else []
            _run(connection, [*drops, *(built.statements if built else ())])
            done.append(told)
    return done


def uninstall(using: str, *, but: Collection[str] = ()) -> list[str]:
    """Take down our triggers, of all tables but some; return the names of the tables that had them."""
    connection = connections[using]
    dialect = dialect_of(connection)
    if dialect is None:
        return []
    by_table = _by_table(dialect.found(connection))
    chosen = {table: names for table, names in by_table.items() if table not in but}
    for table, names in chosen.items():
        _run(connection, dialect.drop(connection, table, names))
    if not but:
        _run(connection, dialect.drop_shared(connection))
    return sorted(chosen)


def others(using: str) -> dict[str, tuple[str, ...]]:
    """Return the names of the triggers on a database that are not ours, by their tables."""
    connection = connections[using]
    dialect = dialect_of(connection)
    if dialect is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(dialect.OTHERS)
        return _by_table(cursor.fetchall())


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _has_log(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        return AuditEntry._meta.db_table in connection.introspection.table_names(cursor)


def _by_table(found: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for table, trigger in sorted(found):
        names[table] = (*names.get(table, ()), trigger)
    return names


def _compared(connection: BaseDatabaseWrapper, dialect: Any, state: Any) -> list[tuple[Status, Built | None]]:
    there = _by_table(dialect.found(connection))
    compared = []
    for table in wanted(connection, state=state):
        names = there.pop(table.name, ())
        compared.append(_judged(table, names, connection, dialect))
    left = [Status(table, "", State.LEFT_OVER, names) for table, names in there.items()]
    return [*compared, *((told, None) for told in left)]


def _judged(
    table: Table, names: tuple[str, ...], connection: BaseDatabaseWrapper, dialect: Any
) -> tuple[Status, Built | None]:
    reason = dialect.why_not(table, connection)
    if reason is not None:
        state = State.LEFT_OVER if names else State.IMPOSSIBLE
        return Status(table.name, table.title, state, names, reason), None
    built: Built = dialect.build(table, connection)
    current = len(names) == built.triggers and all(name.endswith(built.digest) for name in names)
    state = State.UP_TO_DATE if current else State.OUT_OF_DATE if names else State.MISSING
    return Status(table.name, table.title, state, names), built
