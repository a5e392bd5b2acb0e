"""Django's side of a table with triggers: which tables have them, and who acts in a transaction.

Triggers cannot ask who acts: it is said to the database, for the transaction, before the first write to such
a table and again when it is no longer true. A wrapper of all statements does so, because raw SQL counts too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from .. import context as contexts
from ..capture.connection import state_of
from ..conf import on_settings_changed
from ..registry import concrete, registry
from ..types import Actor, AuditContext
from ..values import json_safe, text
from . import DIALECTS, EVENTS
from .postgresql import of_tables
from .sets import may_be_many
from .speech import Said, Settings, speech_for
from .tables import all_on, also_written_through, models_on

ATTRIBUTE = "signals_audit_handover"
READS = ("SELECT", "SAVEPO", "RELEAS", "ROLLBA", "EXPLAI", "PRAGMA", "SHOW", "SET ")
SCHEMA = ("CREATE", "ALTER ", "DROP ")

SLOTS = 8
Slots = tuple[tuple[int, tuple[Any, ...]], ...]

_generation = [0]


def _changed() -> None:
    _generation[0] += 1


registry.on_change(_changed)
on_settings_changed(_changed)


class Handover:
    """What is known of one connection: its tables with triggers, and what its transaction was told."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._dialect = DIALECTS[connection.vendor]
        self._speech = speech_for(connection)
        self._generation = -1
        self._journal: Any = None
        self._tables: frozenset[str] | None = None
        self._slots: Slots = ()
        self._said: Said | None = None
        self._context: AuditContext | None = None

    def _renew(self) -> None:
        """Forget what was true of another transaction, or under other settings."""
        if self._generation != _generation[0]:
            self._generation = _generation[0]
            models = all_on(self._connection.alias)
            self._labels = [concrete(model).label for model in models]
            self._names = [concrete(model).db_table for model in models]
            self._keys = {str(field.column) for model in models for field in model._meta.pk_fields}
            named = "|".join(map(re.escape, {*self._names, *also_written_through(models)})) or "(?!)"
            self._mention = re.compile(rf"(?<!\w)(?:{named})(?!\w)", re.IGNORECASE)
            self._tables = None
        journal = self._current_journal()
        if journal is not self._journal:
            self._journal = journal
            self._tables = None
            self._go_back(())

    def _go_back(self, slots: Slots) -> None:
        """Know no more than what the database knows when the transaction, or a savepoint, was rolled back."""
        self._slots, self._said, self._context = slots, None, None

    def _ask_again(self) -> None:
        """Have asked again which tables have triggers: some go up or come down, which may be rolled back."""
        self._forget_tables()
        if self._is_in_transaction():
            state_of(self._connection).journal.undo_with(self._forget_tables)

    def _forget_tables(self) -> None:
        self._tables = None

    def takes(self, model: type[Model]) -> bool:
        """Tell whether a model's table has triggers, in this transaction."""
        self._renew()
        table = concrete(model).db_table
        return table in self._names and table in self._with_triggers()

    def _with_triggers(self) -> frozenset[str]:
        if self._tables is None:
            names = self._found()
            self._tables = frozenset(table for table in names if names.count(table) >= EVENTS)
        return self._tables

    def _found(self) -> list[str]:
        """Ask which tables have triggers; on PostgreSQL say who acts at once, for a write is to follow."""
        if self._is_in_transaction():
            state_of(self._connection).lock_before_read()
            if isinstance(self._speech, Settings):
                return self._speech.asked(self._what_to_say(), *of_tables(self._connection, self._names))
        return [table for table, _trigger in self._dialect.found(self._connection, self._names)]

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement; before one that writes to a table with triggers, say who acts."""
        text = sql if isinstance(sql, str) else ""
        if text[:6].upper().startswith(SCHEMA):
            self._ask_again()
            return execute(sql, params, many, context)
        if self._stands(text) or not self._concerns(text):
            return execute(sql, params, many, context)
        if self._is_in_transaction():
            with self._speech.spoken(self._what_to_say(text)):
                return execute(sql, params, many, context)
        if not self._may_begin(text):
            return execute(sql, params, many, context)
        with transaction.atomic(self._connection.alias):
            self._renew()
            with self._speech.spoken(self._what_to_say(text)):
                return execute(sql, params, many, context)

    def _stands(self, sql: str) -> bool:
        """Tell whether what the transaction was told holds for a statement, too, as it mostly does."""
        said = self._said
        if said is None or self._generation != _generation[0] or self._journal is not self._current_journal():
            return False
        if not said.by_sets and may_be_many(sql, self._keys):
            return False
        return self._is_said(contexts.current(), self._silent())

    def _current_journal(self) -> Any:
        return state_of(self._connection).journal

    def _silent(self) -> tuple[str, ...]:
        return tuple(label.lower() for label in self._labels if contexts.is_disabled(label))

    def _concerns(self, sql: str) -> bool:
        """Tell whether a statement writes to a table with triggers; where we cannot tell, it does.

        A function of the database may write, too: what was said must not stand when it is not true any more.
        """
        if self._connection.needs_rollback:
            return False
        self._renew()
        if self._said is not None and self._context is not contexts.current():
            return True
        if sql[:6].upper().startswith(READS):
            return False
        return (not sql or self._mention.search(sql) is not None) and bool(self._with_triggers())

    def _is_in_transaction(self) -> bool:
        return self._connection.in_atomic_block or not self._connection.get_autocommit()

    def _may_begin(self, sql: str) -> bool:
        """Tell whether a statement can have a transaction of its own, which ends before rows are fetched."""
        verb = sql[:6].upper()
        if not verb.startswith(("INSERT", "UPDATE", "DELETE", "REPLAC")):
            return False
        return self._connection.vendor != "sqlite" or " RETURNING " not in sql.upper()

    def _what_to_say(self, sql: str = "") -> Said | None:
        """Return what the database has to be told; None when it was told, and nothing has changed since.

        That triggers are to take rows together stays said: to take it back would cost more than it gives.
        """
        context = contexts.current()
        silent = self._silent()
        was_by_sets = self._said is not None and self._said.by_sets
        by_sets = was_by_sets or (self._speech.stays and may_be_many(sql, self._keys))
        if by_sets == was_by_sets and self._is_said(context, silent):
            return None
        actor = contexts.resolve_actor(context)
        slot, slots = self._slot_of((actor, *_facts_of(context)))
        facts, cause = _written(actor, context), _cause(context)
        said = Said(slot, facts, actor.id or "", cause, silent, by_sets=by_sets)
        if said == self._said:
            self._context = context
            return None
        if self._speech.stays or slots is not self._slots:
            state_of(self._connection).journal.undo_with(partial(self._go_back, self._slots))
        is_new, self._slots = slots is not self._slots, slots
        if self._speech.stays:
            self._said, self._context = said, context
        return replace(said, is_new=is_new)

    def _is_said(self, context: AuditContext, silent: tuple[str, ...]) -> bool:
        """Tell at a glance that nothing has changed; an actor who is asked for each time may have."""
        if self._said is None or self._context is not context or self._said.silent != silent:
            return False
        return context.actor is None or type(context.actor) is Actor

    def _slot_of(self, facts: tuple[Any, ...]) -> tuple[int, Slots]:
        """Return the slot of a context, and the slots as they are then: the oldest gives way to a new one."""
        known = next((slot for slot, held in self._slots if held == facts), None)
        if known is not None:
            return known, self._slots
        slot = self._slots[0][0] if len(self._slots) == SLOTS else len(self._slots) + 1
        return slot, (*self._slots[-SLOTS + 1 :], (slot, facts))


def _facts_of(context: AuditContext) -> tuple[Any, ...]:
    return (context.reason, context.correlation_id, context.remote_addr, context.path, dict(context.extra))


def _written(actor: Actor, context: AuditContext) -> dict[str, Any]:
    return {
        "actor_kind": actor.kind.value,
        "actor_repr": text(actor.label, 255),
        "remote_addr": context.remote_addr,
        "correlation_id": context.correlation_id,
        "reason": context.reason,
        "path": context.path,
        "extra": json_safe(dict(context.extra)),
    }


def _cause(context: AuditContext) -> tuple[str, str, str] | None:
    cause = context.cause
    if cause is None:
        return None
    if cause.address is None:
        return ("", "", cause.name[:255])
    return (str(cause.address.change_set), str(cause.address.seq), cause.name[:255])


def of(connection: BaseDatabaseWrapper) -> Handover | None:
    """Return what is known of a connection; None where its database can have no triggers of ours."""
    if connection.vendor not in DIALECTS:
        return None
    known: Handover | None = connection.__dict__.get(ATTRIBUTE)
    if known is None:
        known = connection.__dict__[ATTRIBUTE] = Handover(connection)
        connection.execute_wrappers.insert(0, known)  # the last one is popped by whoever added it
    return known


def is_handed_over(connection: BaseDatabaseWrapper, model: type[Model]) -> bool:
    """Tell whether triggers make the entries of a model's table."""
    known = of(connection)
    return known is not None and known.takes(model)


def listen(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Receive `connection_created`: have raw SQL say who acts, too."""
    if models_on(connection.alias):
        of(connection)
