"""Noticing raw SQL that writes to audited tables: capture sees the ORM's statements only.

An `execute_wrapper` on each connection looks at every statement, at its first letter first. The statements of
the ORM's own compilers are announced (see `seams`); what else writes to an audited table went past the log.
Not seen is what does not pass Django's cursors (drivers' own cursors, COPY, other programs), and what a
statement that begins with S does: SELECT may call a function that writes.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from types import FrameType
from typing import Any, Final

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.signals import connection_created
from django.db.models import Model
from django.utils import timezone

from .. import context as contexts
from ..conf import get_settings, on_settings_changed
from ..events import ChangeEvent
from ..registry import registry
from ..types import Action
from . import pipeline
from .beside import beside_triggers
from .blocks import WriteBlock
from .connection import ConnectionState, state_of
from .plans import plan_for
from .rawsql import first_word, masked, sets_level, written_tables
from .silence import silence

logger = logging.getLogger("signals_audit")

UID: Final = "signals_audit.capture.sentinel"
SETTING: Final = frozenset({"SET", "Set", "set"})
COUNTS: Final = frozenset({"insert", "update", "delete", "replace", "merge"})  # their rowcount says how much
# Migrations, and the emptying of tables by `flush` and test cases.
SILENT: Final = frozenset(
    {BaseDatabaseSchemaEditor.execute.__code__, BaseDatabaseOperations.execute_sql_flush.__code__}
)

noticed: Final[Counter[str]] = Counter()
_lock: Final = Lock()

Execute = Callable[[Any, Any, bool, Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """The object of an entry for a raw statement: its text, for nobody knows its rows."""

    sql: str

    def instance(self) -> Model | None:
        """Return None: nobody knows which rows it were."""

    def text(self) -> str:
        """Return the statement without the values in it."""
        return masked(self.sql)


def install() -> None:
    """Watch all connections of this thread, and those to come."""
    connection_created.connect(_watch_new_connection, dispatch_uid=UID)
    for connection in connections.all(initialized_only=True):
        watch(connection)


def remove() -> None:
    """Watch no connection any more."""
    connection_created.disconnect(dispatch_uid=UID)
    for connection in connections.all(initialized_only=True):
        if look in connection.execute_wrappers:
            connection.execute_wrappers.remove(look)


def _watch_new_connection(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    watch(connection)


def watch(connection: BaseDatabaseWrapper) -> None:
    """Look at a connection's statements before others do.

    At the end of the list it would be taken for the wrapper of a `with connection.execute_wrapper()` in which
    the connection was made, and removed in its place.
    """
    wrappers: list[Any] = connection.execute_wrappers
    if look not in wrappers:
        wrappers.insert(0, look)


def look(execute: Execute, sql: Any, params: Any, many: bool, context: Mapping[str, Any]) -> Any:
    """Execute a statement, and tell of it if it writes to audited tables and nobody announced it."""
    if silence.depth and not state_of(context["connection"]).is_being_set_up():
        silence.refuse(context["connection"])
    if type(sql) is str and sql[:1] in "Ss":  # SELECT, and SAVEPOINT
        if sql[:3] in SETTING:
            _note_level(sql, state_of(context["connection"]))
        return execute(sql, params, many, context)
    state = state_of(context["connection"])
    if state.is_announced:
        return execute(sql, params, many, context)
    text = sql if isinstance(sql, str) else _text(sql, context)
    _note_level(text, state)
    models = _unannounced(text, state)
    if not models:
        return execute(sql, params, many, context)
    if get_settings().RAW_SQL == "entry" and _can_hold(text, state.connection):
        return _with_entries(lambda: execute(sql, params, many, context), text, models, state, context)
    result = execute(sql, params, many, context)
    if _has_written(text, context):
        _warn(text, models, state)
    return result


def _note_level(sql: str, state: ConnectionState) -> None:
    """Note that a transaction is given a level of its own, which no variable of MariaDB's tells."""
    if state.connection.vendor == "mysql" and sets_level(sql):
        state.has_own_level = True


def _text(sql: Any, context: Mapping[str, Any]) -> str:
    """Return the text of a composed statement, as psycopg has them."""
    try:
        return str(sql.as_string(context["cursor"].cursor))
    except Exception:  # bytes, or what no driver will take anyway
        return sql.decode(errors="replace") if isinstance(sql, bytes) else ""


def _unannounced(sql: str, state: ConnectionState) -> list[type[Model]]:
    """Return the audited models whose tables a statement writes, where it went past capture."""
    names = written_tables(sql)
    if not names or get_settings().RAW_SQL == "ignore":
        return []
    tables = _tables()
    models = [tables[name] for name in sorted(names) if name in tables]
    models = [model for model in models if _is_recorded(model, state.connection)]
    return models if models and state.can_record() and not _is_silent() else []


def _is_recorded(model: type[Model], connection: BaseDatabaseWrapper) -> bool:
    """Tell whether ORM writes to a model's table would have entries here and now, made by capture."""
    plan = plan_for(model)
    if plan is None or contexts.is_disabled(plan.model._meta.label):
        return False
    plan = beside_triggers(plan, connection)
    if plan is None:
        return False
    return plan.recorded is not None or any(relation.recorded for relation in plan.relations)


@cache
def _tables() -> dict[str, type[Model]]:
    models = apps.get_models(include_auto_created=True)
    return {
        model._meta.db_table.replace('"', "").rpartition(".")[2].lower(): model
        for model in models
        if not model._meta.proxy and not model._meta.swapped
    }


registry.on_change(_tables.cache_clear)
on_settings_changed(_tables.cache_clear)


def _is_silent() -> bool:
    """Tell whether Django itself runs the statement, for a migration or to empty tables."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code in SILENT:
            return True
        frame = frame.f_back
    return False


def _has_written(sql: str, context: Mapping[str, Any]) -> bool:
    """Tell whether rows were written; where the driver does not know it yet, they were."""
    if first_word(sql) not in COUNTS or "returning" in sql.lower():
        return True
    return bool(context["cursor"].rowcount != 0)


def _warn(sql: str, models: list[type[Model]], state: ConnectionState) -> None:
    _count(models)
    logger.warning(
        "Raw SQL wrote to %s on the database %r, and the log does not know what: %s",
        ", ".join(model._meta.label for model in models),
        state.connection.alias,
        masked(sql),
    )


def _count(models: list[type[Model]]) -> None:
    with _lock:
        noticed.update(model._meta.label for model in models)


# Entries


def _can_hold(sql: str, connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a transaction can end behind a statement; on SQLite not before its rows are read."""
    if connection.in_atomic_block or not connection.get_autocommit():
        return True
    return connection.vendor != "sqlite" or "returning" not in sql.lower()


def _with_entries(
    run: Callable[[], Any],
    sql: str,
    models: list[type[Model]],
    state: ConnectionState,
    context: Mapping[str, Any],
) -> Any:
    """Execute a statement and record it, in one transaction."""
    connection = state.connection
    if connection.get_autocommit() and not connection.in_atomic_block:
        with transaction.atomic(connection.alias):
            return _with_entries(run, sql, models, state, context)
    result = run()
    if _has_written(sql, context):
        _count(models)
        with WriteBlock(state):
            events = [_event(model, sql, state) for model in models]
            pipeline.write(connection, state.journal.unwritten(), events)
    return result


def _event(model: type[Model], sql: str, state: ConnectionState) -> ChangeEvent:
    context = contexts.current()
    actor = contexts.resolve_actor(context)
    return ChangeEvent(
        model=model,
        action=Action.UPDATE,
        pk=None,
        object_id="",
        using=state.connection.alias,
        source="raw",
        actor=actor,
        context=context,
        created_at=timezone.now(),
        changes={},
        encoded={},
        subject=Statement(sql),
        address=state.journal.change_set(actor, context).next_address(),
    )
