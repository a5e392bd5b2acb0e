"""What is done around an UPDATE: of the row of a `save()`, of rows that a condition meets, of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models.sql.constants import ROW_COUNT

from . import sets
from .blocks import WriteBlock
from .changes import EventMaker
from .conditions import few_rows_before, lone_key, narrow, rows_before
from .images import Images
from .keys import paired, rows_by_new_key, sets_key
from .plans import TablePlan
from .remembered import Remembered, remembered
from .returning import (
    Fields,
    can_return_updated,
    run_plain,
    run_returning,
    run_returning_images,
)
from .rows import Row
from .staging import can_stage

Plain = Callable[[Any], Any]
Done = tuple[int, list[Any]]


def update(compiler: Any, plan: TablePlan, plain: Plain, wanted: Fields = ()) -> Done:
    """Run an UPDATE, tell of the rows that are not what they were, and return how many it met.

    Where Django wants values back (since 6.0), they are returned too, one tuple for each row.
    """
    with WriteBlock.around(compiler.connection) as block:
        maker = EventMaker(block, plan, "update")
        known = remembered(compiler, plan, block)
        if known is not None:
            return _remembered_row(compiler, known, maker, wanted)
        if sets_key(compiler, plan):
            return _rows_with_new_keys(compiler, maker, plain, wanted)
        key = lone_key(compiler)
        if key is not None:
            return _row(compiler, key, maker, plain, wanted)
        return _rows(compiler, maker, plain, wanted)


def _remembered_row(compiler: Any, known: Remembered, maker: EventMaker, wanted: Fields) -> Done:
    """Run the UPDATE of an instance whose row is remembered: only columns that may differ are asked for."""
    given, after = run_returning(compiler, maker.reader.some_columns(known.places), wanted)
    for row in after:
        maker.changed_from_memory(known, row)
    return len(after), given


def _row(compiler: Any, key: Any, maker: EventMaker, plain: Plain, wanted: Fields) -> Done:
    """Run the UPDATE of one row, which is returned as it was along with what it is, or read before."""
    reader = maker.reader
    images = reader.images() if can_return_updated(compiler) else None
    if images is not None:
        done = _row_at_once(compiler, images, key, maker, wanted)
        if done is not None:
            return done
    maker.block.state.lock_before_read()
    before = _by_key(maker, reader.locked_row(key))
    count, given, after = _run(compiler, maker, plain, wanted, before)
    maker.updated(before, after)
    return count, given


def _row_at_once(compiler: Any, images: Images, key: Any, maker: EventMaker, wanted: Fields) -> Done | None:
    """Run the UPDATE of one row that is returned as it was, too; None if that cannot be known in this way.

    Where the row is there, but was not met, another transaction changed it, or a trigger of the project's
    went up since we looked, and let nothing through.
    """
    done, size = run_returning_images(compiler, images, key, wanted), len(maker.plan.fields)
    if done is None:
        return None
    given, rows = done
    if not rows:
        maker.reader.look_again()
        return None if maker.reader.locked_row(key) else (0, [])
    maker.updated(_by_key(maker, [row[size:] for row in rows]), [row[:size] for row in rows])
    return len(rows), given


def _rows(compiler: Any, maker: EventMaker, plain: Plain, wanted: Fields) -> Done:
    """Run the UPDATE of the rows that its condition meets; of many they are dealt with some at a time."""
    block, reader = maker.block, maker.reader
    found = few_rows_before(compiler, block, reader, most=sets.few_updated(compiler, maker.plan))
    if found is None and can_stage(block.state):
        return sets.update_many(compiler, maker, plain), []
    before = _by_key(maker, rows_before(compiler, block, reader) if found is None else found)
    narrow(compiler, reader, before.values())
    count, given, after = _run(compiler, maker, plain, wanted, before)
    if found is None:
        sets.tell_updated(maker, before, after)
    else:
        maker.updated(before, after)
    return count, given


def _rows_with_new_keys(compiler: Any, maker: EventMaker, plain: Plain, wanted: Fields) -> Done:
    """Run an UPDATE that changes primary keys."""
    before = rows_by_new_key(compiler, maker.block, maker.reader)
    narrow(compiler, maker.reader, before.values())
    count, given, after = _run(compiler, maker, plain, wanted, before)
    maker.updated(paired(maker.plan, before, after), after)
    return count, given


def _run(
    compiler: Any, maker: EventMaker, plain: Plain, wanted: Fields, before: Mapping[Any, Row]
) -> tuple[int, list[Any], list[Row]]:
    """Run an UPDATE; return how many rows it met, what Django wants of them, and the rows after it."""
    if can_return_updated(compiler):
        given, after = run_returning(compiler, maker.reader.columns, wanted)
        return len(after), given, after
    count = run_plain(maker.block, plain, ROW_COUNT) or 0
    return count, [], maker.reader.rows_of(before)


def _by_key(maker: EventMaker, rows: list[Row]) -> dict[Any, Row]:
    key_of = maker.plan.key_of
    return {key_of(row): row for row in rows}
