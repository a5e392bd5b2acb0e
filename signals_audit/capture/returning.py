"""Running Django's statement with our columns returned behind those that Django wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper

from .connection import state_of
from .rows import Reader, Row

Fields = Sequence[Any]
Statement = tuple[str, Sequence[Any]]
Rewrite = Callable[[str, Sequence[Any]], Statement]


def run_returning(
    compiler: Any, columns: str, wanted: Fields, rewrite: Rewrite | None = None
) -> tuple[list[Any], list[Row]]:
    """Run a compiler's statement with our columns returned behind those that Django wants."""
    compiler.returning_fields = list(wanted) or None
    rows: list[Row] = []
    state = state_of(compiler.connection)
    for sql, params in _statements(compiler):
        if rewrite is not None:
            sql, params = rewrite(sql, params)
        rows += state.cursors.fetch(f"{sql}{', ' if wanted else ' RETURNING '}{columns}", params)
    state.block.wrote()
    if not wanted:
        return [()] * len(rows), rows
    given = [row[: len(wanted)] for row in rows]
    return _converted(compiler, wanted, given), [row[len(wanted) :] for row in rows]


def run_returning_images(
    compiler: Any, reader: Reader, key: Any, wanted: Fields
) -> tuple[list[Any], list[Row], list[Row]]:
    """Run the UPDATE of one row by its key; return what Django wants, the row before and the row after it."""

    images: Any = reader.images

    def with_source(sql: str, params: Sequence[Any]) -> Statement:
        start, _place, returned = sql.rpartition(images.place)
        return f"{start}{images.source}{returned}", (*params[:-1], key, *params[-1:])

    given, rows = run_returning(compiler, images.columns, wanted, with_source)
    size = len(reader.plan.fields)
    return given, [row[size:] for row in rows], [row[:size] for row in rows]


def run_plain(block: Any, plain: Callable[[Any], Any], argument: Any) -> Any:
    """Run a statement as Django does, where the database cannot return what we want to know."""
    result = plain(argument)
    block.wrote()
    return result


def run_counting(connection: BaseDatabaseWrapper, sql: str) -> int:
    """Run a statement that was made for Django's, and return how many rows it met."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        count = int(cursor.rowcount)
    state_of(connection).block.wrote()
    return count


def _statements(compiler: Any) -> Iterator[tuple[str, Any]]:
    """Yield a compiler's SQL: an INSERT may take several statements, an UPDATE of nothing takes none."""
    try:
        made = compiler.as_sql()
    except EmptyResultSet:
        return
    yield from made if isinstance(made, list) else [made]


def _converted(compiler: Any, fields: Fields, rows: list[Row]) -> list[Any]:
    """Convert what Django asked to have returned, as its own compilers do."""
    table = compiler.query.get_meta().db_table
    converters = compiler.get_converters([field.get_col(table) for field in fields])
    return list(compiler.apply_converters(rows, converters)) if converters else rows


def can_return_updated(compiler: Any) -> bool:
    """Tell whether the database returns the rows of this UPDATE."""
    query = compiler.query
    return _has_returning(compiler.connection) and bool(query.values) and not query.related_updates


def can_return_images(compiler: Any) -> bool:
    """Tell whether PostgreSQL can return the row of this UPDATE as it was, too.

    Expressions may name columns without their table, which would not be clear beside the row as it was.
    """
    if not can_return_updated(compiler):
        return False
    return not any(hasattr(value, "resolve_expression") for _field, _model, value in compiler.query.values)


def can_return_deleted(compiler: Any) -> bool:
    """Tell whether the database returns the rows of this DELETE; MariaDB does where one table is named."""
    if getattr(compiler.connection, "mysql_is_mariadb", False):
        return bool(compiler.single_alias) and "SELECT " not in next(_statements(compiler), ("",))[0]
    return _has_returning(compiler.connection)


def _has_returning(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether every statement of the database has RETURNING, as SQLite has since 3.35."""
    can = connection.features.can_return_columns_from_insert
    return connection.vendor in ("postgresql", "sqlite") and bool(can)
