"""What is done around each INSERT, UPDATE and DELETE of an audited table: read, let Django write, compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.sql.constants import ROW_COUNT

from ..context import is_disabled
from . import sets
from .beside import beside_triggers
from .blocks import WriteBlock
from .changes import EventMaker
from .conditions import few_rows_before, lone_key, narrow, rows_before
from .connection import ConnectionState, state_of
from .dependents import Affected, affected_by, has_audited_dependents, tell_of
from .inserts import inserted
from .keys import paired, rows_by_new_key, sets_key
from .plans import TablePlan, plan_for
from .remembered import Remembered, remembered
from .returning import (
    Fields,
    can_return_deleted,
    can_return_updated,
    run_plain,
    run_returning,
    run_returning_images,
)
from .rows import Reader
from .staging import can_stage

Plain = Callable[[Any], Any]


def watching(model: type[Model], using: str) -> ConnectionState | None:
    """Return the state of the connection on which writes to a model's table are captured, now; or None."""
    plan = plan_for(model)
    if plan is None:
        return None
    connection = connections[using]
    if plan.options.capture == "triggers":  # who acts is said within a transaction
        is_watched = not (connection.needs_rollback and connection.in_atomic_block)
    else:
        is_watched = _plan(model, connection) is not None
    return state_of(connection) if is_watched else None


def observed(compiler: Any) -> TablePlan | None:
    """Return the plan for the table that a compiler is about to write, or None when nobody looks."""
    return _plan(compiler.query.model, compiler.connection)


def _plan(model: type[Model], connection: BaseDatabaseWrapper) -> TablePlan | None:
    plan = plan_for(model)
    if plan is not None and plan.options.capture == "triggers":
        plan = beside_triggers(plan, connection)
    if plan is None or is_disabled(plan.model._meta.label):
        return None
    if connection.needs_rollback and connection.in_atomic_block:  # Django will refuse the statement
        return None
    return plan if state_of(connection).can_record() else None


def insert(compiler: Any, plan: TablePlan, plain: Plain, wanted: Fields | None) -> Any:
    """Run an INSERT, tell of the rows that really went in, and return what Django wants of them."""
    with WriteBlock.around(compiler.connection) as block:
        maker = EventMaker(block, plan, "bulk_create")
        if sets.are_many_inserted(compiler, maker):
            return sets.insert_many(compiler, maker, plain, wanted)
        done = inserted(compiler, maker, plain, wanted)
        objs = compiler.query.objs
        maker.created(done.rows, objs[0] if len(objs) == 1 else None)
        for before, after in done.changed:
            maker.updated(before, after)
        block.state.is_locked = True
        return done.given


def touches_others(compiler: Any) -> bool:
    """Tell whether a DELETE has the database delete or change audited rows of other tables by itself."""
    model, connection = compiler.query.model, compiler.connection
    return (
        has_audited_dependents(model) and not connection.needs_rollback and state_of(connection).can_record()
    )


def delete(compiler: Any, plan: TablePlan | None, plain: Plain) -> int:
    """Run a DELETE, tell of the rows that really went, and return how many they were."""
    with WriteBlock.around(compiler.connection) as block:
        affected = affected_by(compiler, block) if touches_others(compiler) else []
        if plan is None:
            count = run_plain(block, plain, ROW_COUNT) or 0
        else:
            count = _delete_told(compiler, EventMaker(block, plan, "delete"), plain, affected)
        tell_of(affected, block)
        return count


def _delete_told(compiler: Any, maker: EventMaker, plain: Plain, affected: Sequence[Affected]) -> int:
    if not affected and sets.are_many_deleted(compiler, maker):
        return sets.delete_many(compiler, maker, plain)
    if can_return_deleted(compiler):
        _given, rows = run_returning(compiler, maker.reader.columns, ())
    else:
        rows = rows_before(compiler, maker.block, maker.reader)
        run_plain(maker.block, plain, ROW_COUNT)
    most = sets.few(maker.plan, compiler.connection)
    if most is not None and len(rows) > most and not affected:
        sets.tell_deleted(maker, rows)
    else:
        maker.deleted(rows)
    return len(rows)


def update(compiler: Any, plan: TablePlan, plain: Plain, wanted: Fields = ()) -> tuple[int, list[Any]]:
    """Run an UPDATE, tell of the rows that are not what they were, and return how many it met.

    Where Django wants values back (since 6.0), they are returned too, one tuple for each row.
    """
    with WriteBlock.around(compiler.connection) as block:
        maker = EventMaker(block, plan, "update")
        reader = block.state.reader(plan)
        known = remembered(compiler, plan, block)
        if known is not None:
            return _update_remembered(compiler, known, maker, wanted)
        has_new_keys, are_many = sets_key(compiler, plan), False
        key = None if has_new_keys else _key_for_images(compiler, reader)
        if key is not None:
            return _update_returning_images(compiler, key, maker, wanted)
        if has_new_keys:
            before = rows_by_new_key(compiler, block, reader)
        else:
            found = few_rows_before(compiler, block, reader, most=sets.few_updated(compiler, plan))
            if found is None and can_stage(block.state):
                return sets.update_many(compiler, maker, plain), []
            are_many = found is None
            if found is None:
                found = rows_before(compiler, block, reader)
            before = {plan.key_of(row): row for row in found}
        narrow(compiler, reader, before.values())
        if can_return_updated(compiler):
            given, after = run_returning(compiler, reader.columns, wanted)
            count = len(after)
        else:
            given, count = [], run_plain(block, plain, ROW_COUNT) or 0
            after = reader.rows_of(before)
        if are_many:
            sets.tell_updated(maker, before, after)
        else:
            maker.updated(paired(plan, before, after) if has_new_keys else before, after)
        return count, given


def _key_for_images(compiler: Any, reader: Reader) -> Any:
    """Return the key of the one row that an UPDATE changes, if the row can be returned as it was, too.

    Expressions may name columns without their table, which would not be clear any more.
    """
    if reader.images is None or not can_return_updated(compiler):
        return None
    values = [value for _field, _model, value in compiler.query.values]
    return None if any(hasattr(value, "resolve_expression") for value in values) else lone_key(compiler)


def _update_returning_images(
    compiler: Any, key: Any, maker: EventMaker, wanted: Fields
) -> tuple[int, list[Any]]:
    """Run the UPDATE of one row, which returns what the row was, too: nothing is read before."""
    size = len(maker.plan.fields)
    given, rows = run_returning_images(compiler, maker.reader, key, wanted)
    before = {maker.plan.key_of(row): row[size:] for row in rows}
    maker.updated(before, [row[:size] for row in rows])
    return len(rows), given


def _update_remembered(
    compiler: Any, known: Remembered, maker: EventMaker, wanted: Fields
) -> tuple[int, list[Any]]:
    """Run the UPDATE of an instance whose row is remembered: only columns that may differ are asked for."""
    given, after = run_returning(compiler, maker.reader.some_columns(known.places), wanted)
    for row in after:
        maker.changed_from_memory(known, row)
    return len(after), given
