"""Which rows a statement is about to change: its condition, put to use in a SELECT that locks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.lookups import Exact, In, IntegerFieldExact
from django.db.models.sql import Query
from django.db.models.sql.where import AND

from . import innodb
from .blocks import WriteBlock
from .rows import CHUNK, Reader, Row

NAMING = frozenset({Exact, IntegerFieldExact, RelatedExact})
MAX_KEY = 2**63 - 1


def rows_before(compiler: Any, block: WriteBlock, reader: Reader) -> list[Row]:
    """Read and lock the rows that a statement is about to change."""
    return few_rows_before(compiler, block, reader, most=None) or []


def few_rows_before(compiler: Any, block: WriteBlock, reader: Reader, most: int | None) -> list[Row] | None:
    """Read and lock the rows that a statement is about to change; return None for more than `most`."""
    key = lone_key(compiler)
    if key is not None:
        block.state.lock_before_read()
        return reader.locked_row(key)
    named = _named_keys(compiler)
    if most is not None and (named or 0) > most:
        return None
    try:
        where, params = condition(compiler)
    except EmptyResultSet:
        return []
    block.state.lock_before_read()
    if named is None:
        return _locked(block, reader, where, params, most, _written(compiler))
    return reader.locked_rows(where, params)


def rows_holding(block: WriteBlock, reader: Reader, place: int, values: Iterable[Any]) -> list[Row]:
    """Read and lock the rows that hold one of some raw values in a column."""
    conditions = reader.holding(place, values)
    return [row for where, params in conditions for row in _locked(block, reader, where, params) or ()]


def _written(compiler: Any) -> str | None:
    """Return the name of a column that an UPDATE writes."""
    values = getattr(compiler.query, "values", ())
    return str(values[0][0].column) if values else None


def _locked(
    block: WriteBlock,
    reader: Reader,
    where: str,
    params: Sequence[Any],
    most: int | None = None,
    written: str | None = None,
) -> list[Row] | None:
    """Read and lock the rows that a condition meets, looked for first if need be; None for too many."""
    too_many = None if most is None else most + 1
    keys = None if block.state.has_own_level else innodb.keys_met(reader, where, params, too_many)
    rows = reader.locked_rows(where, params, too_many) if keys is None else []
    if too_many in (len(rows), len(keys or ())):
        return None
    return rows if keys is None else innodb.locked(block, reader, keys, where, params, written)


def meets_more(compiler: Any, block: WriteBlock, reader: Reader, number: int) -> bool:
    """Tell whether a statement is about to change more rows than a number; asks where it does not say so."""
    named = _named_keys(compiler)
    if named is not None and named <= number:
        return False
    try:
        where, params = condition(compiler)
    except EmptyResultSet:
        return False
    block.state.lock_before_read()
    return reader.counts_more(where, params, number)


def _named_keys(compiler: Any) -> int | None:
    """Return how many keys a statement names; None where it does not name them."""
    if _lone_condition(compiler) is not None:
        return 1
    query, conditions = compiler.query, compiler.query.where.children
    if len(conditions) != 1 or query.where.negated or type(conditions[0]) is not In:
        return None
    named = conditions[0]
    is_named = isinstance(named.rhs, (list, tuple)) and _is_key(named.lhs, query)
    return len(named.rhs) if is_named else None


def lone_key(compiler: Any) -> Any:
    """Return the key that a statement names, as a parameter; None where it says anything else or more."""
    named = _lone_condition(compiler)
    if named is None:
        return None
    return named.lhs.target.get_db_prep_value(named.rhs, compiler.connection, prepared=True)


def _lone_condition(compiler: Any) -> Any:
    """Return the condition by which a statement names one key; None where it says anything else or more.

    It is what every `save()` says, and its SQL is known.
    """
    query = compiler.query
    conditions = query.where.children
    if len(conditions) != 1 or query.where.negated or getattr(query, "related_updates", None):
        return None
    named = conditions[0]
    if type(named) not in NAMING or not _is_parameter(named.rhs):
        return None
    return named if _is_key(named.lhs, query) else None


def _is_key(column: Any, query: Any) -> bool:
    if type(column) is not Col:
        return False
    return bool(column.target.primary_key and column.alias == query.model._meta.db_table)


def _is_parameter(value: Any) -> bool:
    """Tell whether a value is sent as it is: a truth value is not, and no driver takes larger numbers."""
    if isinstance(value, int):
        return type(value) is int and -MAX_KEY <= value <= MAX_KEY
    return not hasattr(value, "resolve_expression")


class RawCondition:
    """A condition of a query that is SQL already."""

    contains_aggregate = contains_over_clause = False

    def __init__(self, sql: str, params: Sequence[Any] = ()) -> None:
        self._sql = sql
        self._params = list(params)

    def as_sql(self, _compiler: Any, _connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Return the condition."""
        return self._sql, self._params


def narrow(compiler: Any, reader: Reader, rows: Iterable[Row]) -> None:
    """Have a statement change these rows alone, which are locked: others may have come to match since."""
    if compiler.connection.vendor != "sqlite" and _lone_condition(compiler) is None:
        compiler.query.where.add(RawCondition(*reader.among(rows)), AND)


def taking(compiler: Any, reader: Reader, rows: Sequence[Row]) -> Iterator[None]:
    """Have a DELETE take these rows, which are locked, some at a time: it is to be run at each step.

    Others may have come to match since, or do not match any more.
    """
    is_known = bool(rows) and _lone_condition(compiler) is not None
    if compiler.connection.vendor == "sqlite" or is_known or not reader.can_name_rows:
        yield
        return
    for start in range(0, len(rows) or 1, CHUNK):
        query = type(compiler.query)(compiler.query.model)
        query.where.add(RawCondition(*reader.among(rows[start : start + CHUNK])), AND)
        compiler.turn_to(query)
        yield


def condition(compiler: Any) -> tuple[str, Sequence[Any]]:
    """Return a statement's condition as SQL for its table; raise EmptyResultSet where nothing meets it."""
    try:
        sql, params = compiler.compile(_single_table(compiler).where)
    except FullResultSet:
        return "", ()
    return f" WHERE {sql}", params


def _single_table(compiler: Any) -> Any:
    """Return the query with a condition that names its own table alone, as Django's compilers make it."""
    query = compiler.query
    if hasattr(query, "related_updates"):
        compiler.pre_sql_setup()
        return query
    if compiler.single_alias:
        return query
    inner = query.clone()
    inner.__class__ = Query
    inner.clear_select_clause()
    inner.select = (query.model._meta.pk.get_col(query.get_initial_alias()),)
    outer = Query(query.model)
    outer.add_filter("pk__in", inner)  # type: ignore[arg-type]
    return outer
