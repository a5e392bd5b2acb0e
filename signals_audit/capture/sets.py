"""Statements that change many rows: what they leave in the log, and how their memory stays bounded.

The option `bulk` says it for each model: an entry for each row, made here some at a time ("rows") or by the
database itself ("database"); one entry for all of them ("summary"); or none ("off").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field
from django.db.models.sql.constants import ROW_COUNT

from ..conf import get_settings
from ..hooks import hooks
from ..types import Action
from . import pipeline
from .catalog import changes_alone
from .changes import EventMaker
from .conditions import meets_more
from .inserts import inserted
from .plans import TablePlan
from .returning import Fields, run_counting, run_plain, run_returning
from .rows import Row
from .staging import AT_ONCE, can_stage, staged
from .summaries import summarise
from .upserts import is_upsert

Plain = Callable[[Any], Any]

# A statement that changes so many rows is an everyday one: it is dealt with as that of a single row.
FEW: Final[Mapping[str, int]] = {"rows": AT_ONCE, "database": 150, "summary": 1, "off": 1}
FEW_WITHOUT_SERVER: Final = (
    50  # the statements that more rows need cost little where nobody is asked for them
)


def few(plan: TablePlan, connection: BaseDatabaseWrapper) -> int | None:
    """Return how many rows an everyday statement changes at most; None where every statement is one.

    The rows of many-to-many fields are folded into their owners' entries, all of a statement together, and
    the classes of migrations have other columns than the model.
    """
    if plan.relations or plan.written is not plan.model:
        return None
    most = FEW[plan.options.bulk]
    is_near = plan.options.bulk == "database" and connection.vendor == "sqlite"
    return min(most, FEW_WITHOUT_SERVER) if is_near else most


def few_updated(compiler: Any, plan: TablePlan) -> int | None:
    """Return the same for an UPDATE; those that a child's fields need are everyday ones."""
    return None if compiler.query.related_updates else few(plan, compiler.connection)


def are_many_deleted(compiler: Any, maker: EventMaker) -> bool:
    """Tell whether a DELETE takes more rows than an everyday one.

    Where each row has its entry from here, they are returned by the DELETE itself: it is not worth asking.
    """
    most = few(maker.plan, compiler.connection)
    if most is None or maker.plan.options.bulk == "rows" or not can_stage(maker.block.state):
        return False
    return meets_more(compiler, maker.block, maker.reader, most)


def are_many_inserted(compiler: Any, maker: EventMaker) -> bool:
    """Tell whether an INSERT brings more rows than an everyday one."""
    most = few(maker.plan, compiler.connection)
    return most is not None and len(compiler.query.objs) > most


def is_unheard(maker: EventMaker, action: Action) -> bool:
    """Tell whether nobody but the log wants to know of single rows."""
    model = maker.plan.model
    hooked = any(hook.action is action and not hook.relation for hook in hooks.of(model))
    return not hooked and not pipeline.is_heard(model, action)


def is_left_out(maker: EventMaker, action: Action) -> bool:
    """Tell whether a statement of many rows is nobody's concern, not even the log's."""
    return maker.plan.options.bulk == "off" and is_unheard(maker, action)


def is_for_the_database(maker: EventMaker, action: Action) -> bool:
    """Tell whether the database is to make the entries of a statement of many rows, and can."""
    plan = maker.plan
    is_wanted = plan.options.bulk == "database" and plan.recorded is not None and is_unheard(maker, action)
    return is_wanted and pipeline.takes_set(maker.block.state.connection, maker.plan)


def update_many(compiler: Any, maker: EventMaker, plain: Plain) -> int:
    """Run an UPDATE of many rows, tell of those that are not what they were, and return how many it met."""
    if is_left_out(maker, Action.UPDATE):
        return plain(ROW_COUNT) or 0
    is_for_database = is_for_the_database(maker, Action.UPDATE)
    fields = _changing(compiler, maker) if is_for_database else maker.plan.fields
    with staged(compiler, maker.reader, maker.block, fields) as rows:
        rows.narrow(compiler)
        count = run_plain(maker.block, plain, ROW_COUNT) or 0
        facts = rows.facts(fields, count)
        if not is_for_database or not _is_written(maker, Action.UPDATE, **facts):
            for piece in rows.pieces():
                before = {maker.plan.key_of(row): row for row in rows.were(piece)}
                _tell(maker, Action.UPDATE, EventMaker.updated, before, rows.are(piece))
        return count


def _changing(compiler: Any, maker: EventMaker) -> tuple[Field[Any, Any], ...]:
    """Return the columns that an UPDATE may change; all of them, unless it is sure that others stay.

    Where failures let the change through, the rows may have to be read again, and whole.
    """
    plan, connection = maker.plan, maker.block.state.connection
    if get_settings().ON_ERROR == "log" or not changes_alone(connection, plan.written._meta.db_table):
        return plan.fields
    given = {field for field, _model, _value in compiler.query.values}
    keys = {plan.fields[place] for place in plan.key}
    return tuple(field for field in plan.fields if field in given or field in keys or field.generated)


def delete_many(compiler: Any, maker: EventMaker, plain: Plain) -> int:
    """Run a DELETE of many rows, tell of those that went, and return how many they were."""
    if is_left_out(maker, Action.DELETE):
        return plain(ROW_COUNT) or 0
    fields = maker.plan.fields
    with staged(compiler, maker.reader, maker.block, fields) as rows:
        count = run_counting(rows.connection, rows.deletion)
        is_for_database = is_for_the_database(maker, Action.DELETE)
        if not is_for_database or not _is_written(maker, Action.DELETE, **rows.facts(fields, count)):
            for piece in rows.pieces():
                _tell(maker, Action.DELETE, EventMaker.deleted, rows.were(piece))
        return count


def insert_many(compiler: Any, maker: EventMaker, plain: Plain, wanted: Fields | None) -> Any:
    """Run an INSERT of many rows, tell of those that really went in, and return what Django wants of them."""
    if is_left_out(maker, Action.CREATE) and is_left_out(maker, Action.UPDATE):
        return plain(wanted)
    can_return = compiler.connection.features.can_return_columns_from_insert and not is_upsert(compiler)
    if can_return and is_for_the_database(maker, Action.CREATE):
        given, keys = run_returning(compiler, maker.reader.keys, wanted or ())
        if not _is_written(maker, Action.CREATE, fields=maker.plan.fields, keys=keys):
            tell_created(maker, maker.reader.rows_of(map(_key, keys)))
        return given
    done = inserted(compiler, maker, plain, wanted)
    tell_created(maker, done.rows)
    for before, after in done.changed:
        _tell(maker, Action.UPDATE, EventMaker.updated, before, after)
    return done.given


def _key(row: Row) -> Any:
    return row[0] if len(row) == 1 else row


def tell_updated(maker: EventMaker, before: Mapping[Any, Row], after: Sequence[Row]) -> None:
    """Tell of many rows that were updated, some at a time."""
    for start in range(0, len(after), AT_ONCE):
        _tell(maker, Action.UPDATE, EventMaker.updated, before, after[start : start + AT_ONCE])


def tell_deleted(maker: EventMaker, rows: Sequence[Row]) -> None:
    """Tell of many rows that were deleted, some at a time."""
    for start in range(0, len(rows), AT_ONCE):
        _tell(maker, Action.DELETE, EventMaker.deleted, rows[start : start + AT_ONCE])


def tell_created(maker: EventMaker, rows: Sequence[Row]) -> None:
    """Tell of many rows that were inserted, some at a time."""
    for start in range(0, len(rows), AT_ONCE):
        _tell(maker, Action.CREATE, EventMaker.created, rows[start : start + AT_ONCE], None)


def _tell(maker: EventMaker, action: Action, tell: Callable[..., None], *rows: Any) -> None:
    """Tell of some rows, and have their entries written before the next are read."""
    policy, block = maker.plan.options.bulk, maker.block
    if policy in ("summary", "off"):
        start = len(block.events)
        tell(maker.unrecorded(), *rows)
        if policy == "summary":
            summarise(maker, action, block.events[start:])
    else:
        tell(maker, *rows)
    block.flush()


def _is_written(maker: EventMaker, action: Action, **rows: Any) -> bool:
    """Have the database make the entries; return False where it failed, and the change is to stand."""
    state = maker.block.state
    return pipeline.write_set(state.connection, state.journal, maker.written_set(action, **rows))
