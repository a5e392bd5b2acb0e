"""UPDATEs that change primary keys: which row becomes which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet

from .blocks import WriteBlock
from .conditions import condition
from .plans import TablePlan
from .rows import Reader, Row


def sets_key(compiler: Any, plan: TablePlan) -> bool:
    """Tell whether an UPDATE sets a column of the primary key."""
    for field, _model, _value in compiler.query.values:  # noqa: SIM110 - before every save, so not a generator
        if field.attname in plan.key_names:
            return True
    return False


def rows_by_new_key(compiler: Any, block: WriteBlock, reader: Reader) -> dict[Any, Row]:
    """Read and lock the rows that an UPDATE is about to change, each by the key that it will have."""
    try:
        where, params = condition(compiler)
    except EmptyResultSet:
        return {}
    block.state.lock_before_read()
    plan, given = reader.plan, _given(compiler, reader.plan)
    made = {place: _compiled(compiler, value) for place, value in given.items() if _is_expression(value)}
    constant = {
        place: plan.fields[place].get_db_prep_save(value, compiler.connection)
        for place, value in given.items()
        if place not in made
    }
    also = [sql for sql, _params in made.values()]
    before = [value for _sql, values in made.values() for value in values]
    width, by_key = len(plan.fields), dict[Any, Row]()
    for found in reader.locked_rows(where, [*before, *params], also=also):
        row, computed = found[:width], dict(zip(made, found[width:], strict=True))
        by_key[plan.key_of([*map((dict(enumerate(row)) | computed | constant).get, range(width))])] = row
    return by_key


def paired(plan: TablePlan, before: Mapping[Any, Row], after: Sequence[Row]) -> Mapping[Any, Row]:
    """Put the image of a lone row under its key, however differently the database spells it."""
    keys = [plan.key_of(row) for row in after]
    return dict(zip(keys, before.values(), strict=True)) if len(keys) == len(before) == 1 else before


def _given(compiler: Any, plan: TablePlan) -> dict[int, Any]:
    places = {plan.fields[place]: place for place in plan.key}
    return {places[field]: value for field, _model, value in compiler.query.values if field in places}


def _is_expression(value: Any) -> bool:
    return hasattr(value, "resolve_expression")


def _compiled(compiler: Any, value: Any) -> tuple[str, Sequence[Any]]:
    resolved = value.resolve_expression(compiler.query, allow_joins=False, for_save=True)
    sql, params = compiler.compile(resolved)
    return str(sql), params
