"""What is done around each INSERT, UPDATE and DELETE of an audited table: read, let Django write, compare."""

from __future__ import annotations

from collections.abc import Callable
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
from .conditions import rows_before, taking
from .connection import ConnectionState, state_of
from .dependents import affected_by, has_audited_dependents, tell_of
from .inserts import inserted
from .plans import TablePlan, plan_for
from .returning import Fields, can_return_deleted, run_plain, run_returning
from .rows import Row

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
        is_watched = _in_force(plan, connection) is not None
    return state_of(connection) if is_watched else None


def observed(compiler: Any) -> TablePlan | None:
    """Return the plan for the table that a compiler is about to write, or None when nobody looks."""
    plan, connection = plan_for(compiler.query.model), compiler.connection
    if plan is not None and plan.options.capture == "triggers":
        plan = beside_triggers(plan, connection)
    return None if plan is None else _in_force(plan, connection)


def _in_force(plan: TablePlan, connection: BaseDatabaseWrapper) -> TablePlan | None:
    if is_disabled(plan.label):
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
    """Run a DELETE, tell of the rows that really went, and return how many it met."""
    with WriteBlock.around(compiler.connection) as block:
        if touches_others(compiler):
            return _delete_with_others(compiler, plan, block, plain)
        if plan is None:
            return run_plain(block, plain, ROW_COUNT) or 0
        return _delete_told(compiler, EventMaker(block, plan, "delete"), plain)


def _delete_with_others(compiler: Any, plan: TablePlan | None, block: WriteBlock, plain: Plain) -> int:
    """Run a DELETE with which the database deletes or changes other rows, and tell of all of them."""
    doomed = affected_by(compiler, block)
    if plan is None:
        count = sum(run_plain(block, plain, ROW_COUNT) or 0 for _step in doomed.taken(compiler))
        tell_of(doomed.others, block)
        return count
    maker, returned, are_returned = EventMaker(block, plan, "delete"), list[Row](), True
    for _step in doomed.taken(compiler):
        are_returned = can_return_deleted(compiler)
        if are_returned:
            returned += run_returning(compiler, maker.reader.columns, ())[1]
        else:
            run_plain(block, plain, ROW_COUNT)
    gone = returned if are_returned else doomed.told_by(plan)
    maker.deleted(gone)
    tell_of([*doomed.others, *doomed.besides({plan.key_of(row) for row in gone})], block)
    return len(gone)


def _delete_told(compiler: Any, maker: EventMaker, plain: Plain) -> int:
    if sets.are_many_deleted(compiler, maker):
        return sets.delete_many(compiler, maker, plain)
    if can_return_deleted(compiler):
        _given, rows = run_returning(compiler, maker.reader.columns, ())
    else:
        rows = rows_before(compiler, maker.block, maker.reader)
        for _step in taking(compiler, maker.reader, rows):
            run_plain(maker.block, plain, ROW_COUNT)
    most = sets.few(maker.plan, compiler.connection)
    if most is not None and len(rows) > most:
        sets.tell_deleted(maker, rows)
    else:
        maker.deleted(rows)
    return len(rows)
