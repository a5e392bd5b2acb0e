"""`bulk_create(update_conflicts=True)`: which rows were there before, and which the statement created.

The rows that would conflict are read and locked first, by what is unique. PostgreSQL and MariaDB are asked
besides whether a row is new, for somebody may have inserted it in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from django.db.models import UniqueConstraint
from django.db.models.constants import OnConflict

from .blocks import WriteBlock
from .plans import TablePlan
from .returning import Rewrite, run_returning
from .rows import Reader, Row

CHUNK = 100
# PostgreSQL: an inserted row version has not been locked or updated by anybody. MariaDB: the update of a row
# leaves a mark (see `_marking`), which the row's own result takes away.
IS_NEW = {"postgresql": ", (xmax = 0)", "mysql": ", @signals_audit_met = 0, (@signals_audit_met := 0)"}
UPDATING = " ON DUPLICATE KEY UPDATE "

Condition = tuple[str, tuple[Any, ...]]
Round = tuple[dict[Any, Row], list[Row]]


def is_upsert(compiler: Any) -> bool:
    """Tell whether an INSERT updates the rows that it conflicts with."""
    return compiler.query.on_conflict is OnConflict.UPDATE


def upsert(
    compiler: Any, plan: TablePlan, block: WriteBlock, wanted: Sequence[Any]
) -> tuple[list[Any], list[Row], list[Round]]:
    """Run an upsert; return what Django wants, the rows that it created, and those that it updated."""
    reader = block.state.reader(plan)
    before = {plan.key_of(row): row for row in _conflicting(compiler, block, reader)}
    columns = reader.columns + IS_NEW.get(compiler.connection.vendor, "")
    given, marked = run_returning(compiler, columns, wanted, _marking(compiler))
    size = len(plan.fields)
    return given, *_split(plan, before, [(row[:size], all(row[size : size + 1])) for row in marked])


def _marking(compiler: Any) -> Rewrite | None:
    """Return what has MariaDB's statement mark the rows that it updates."""
    connection = compiler.connection
    if connection.vendor != "mysql":
        return None
    with (
        connection.wrap_database_errors,
        closing(connection.create_cursor()) as cursor,
    ):  # no query of the project's
        cursor.execute("SET @signals_audit_met = 0")
    key = connection.ops.quote_name(compiler.query.get_meta().pk_fields[0].column)
    marked = f"{UPDATING}{key} = IF((@signals_audit_met := 1) = 1, {key}, {key}), "
    return lambda statement: (statement[0].replace(UPDATING, marked, 1), statement[1])


def _split(
    plan: TablePlan, before: dict[Any, Row], rows: Sequence[tuple[Row, bool]]
) -> tuple[list[Row], list[Round]]:
    """Tell created rows from updated ones: an updated row was there before, or the database says so."""
    created: dict[Any, Row] = {}
    updated = []
    for row, may_be_new in rows:
        key = plan.key_of(row)
        if may_be_new and key not in before and key not in created:
            created[key] = row
        else:
            updated.append(row)
    return list(created.values()), list(_rounds(plan, before | created, updated))


def _rounds(plan: TablePlan, before: dict[Any, Row], rows: Sequence[Row]) -> Iterator[Round]:
    """Yield updated rows with what they were; a row that one statement meets again is in the next round."""
    while rows:
        met: dict[Any, Row] = {}
        again = []
        for row in rows:
            if met.setdefault(plan.key_of(row), row) is not row:
                again.append(row)
        yield before, list(met.values())
        before, rows = before | met, again


def _conflicting(compiler: Any, block: WriteBlock, reader: Reader) -> list[Row]:
    """Read and lock the rows that stand in the way of an upsert."""
    conditions = list(_conditions(compiler))
    if conditions:
        block.state.lock_before_read()
    rows: list[Row] = []
    for start in range(0, len(conditions), CHUNK):
        chunk = conditions[start : start + CHUNK]
        where = " OR ".join(sql for sql, _ in chunk)
        rows += reader.locked_rows(f" WHERE {where}", [value for _, params in chunk for value in params])
    return rows


def _conditions(compiler: Any) -> Iterator[Condition]:
    """Yield the condition of each object and each set of fields by which it may conflict."""
    for fields in _unique_sets(compiler):
        for instance in compiler.query.objs:
            condition = _condition(compiler, fields, instance)
            if condition is not None:
                yield condition


def _unique_sets(compiler: Any) -> list[tuple[Any, ...]]:
    """Return the sets of fields that may conflict: those that were named, or all, as MySQL takes them."""
    if compiler.query.unique_fields:
        return [tuple(compiler.query.unique_fields)]
    meta = compiler.query.get_meta().concrete_model._meta  # a proxy has no fields of its own
    sets = [tuple(meta.pk_fields)]
    sets += [(field,) for field in meta.local_concrete_fields if field.unique and not field.primary_key]
    sets += [tuple(map(meta.get_field, names)) for names in meta.unique_together]
    sets += [
        tuple(map(meta.get_field, constraint.fields))
        for constraint in meta.constraints
        if isinstance(constraint, UniqueConstraint) and constraint.fields
    ]
    return sets


def _condition(compiler: Any, fields: Sequence[Any], instance: Any) -> Condition | None:
    """Return the condition that finds the row in an object's way; None where a NULL rules one out."""
    parts, params = [], []
    for field in fields:
        if field not in compiler.query.fields:
            return None
        value = compiler.prepare_value(field, compiler.pre_save_val(field, instance))
        if value is None:
            return None
        sql, own = compiler.field_as_sql(field, None, value)
        parts.append(f"{compiler.connection.ops.quote_name(field.column)} = {sql}")
        params += own
    return f"({' AND '.join(parts)})", tuple(params)
