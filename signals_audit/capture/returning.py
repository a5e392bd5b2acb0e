"""Running Django's statement with our columns returned behind those that Django wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper

from .connection import state_of
from .images import Images
from .rows import Row

Fields = Sequence[Any]
Statement = tuple[str, Sequence[Any]]
Rewrite = Callable[[Statement], Statement]


def run_returning(
    compiler: Any, columns: str, wanted: Fields, rewrite: Rewrite | None = None
) -> tuple[list[Any], list[Row]]:
    """Run a compiler's statement with our columns returned behind those that Django wants."""
    compiler.returning_fields = list(wanted) or None
    statements = _statements(compiler)
    return _run(compiler, statements if rewrite is None else map(rewrite, statements), columns, wanted)


def run_returning_images(
    compiler: Any, images: Images, key: Any, wanted: Fields
) -> tuple[list[Any], list[Row]] | None:
    """Run the UPDATE of one row; return what Django wants, and the row as it is, behind it as it was.

    Return None, and run nothing, where the statement does not read as it does for plain values: beside the
    row as it was, an expression that names a column without its table would not be clear.
    """
    compiler.returning_fields = list(wanted) or None
    sets = [images.sets.get(field.attname, "") for field, _model, _value in compiler.query.values]
    expected = f"{images.start}{', '.join(sets)}"
    for sql, params in _statements(compiler):
        start, _place, rest = sql.rpartition(images.place)
        if start.replace(" = NULL", " = %s") == expected:  # as Django spelled None before 6.1
            return _run(compiler, [(f"{start}{images.source}{rest}", (*params, key))], images.columns, wanted)
    return None


def _run(
    compiler: Any, statements: Iterable[Statement], columns: str, wanted: Fields
) -> tuple[list[Any], list[Row]]:
    rows: list[Row] = []
    state = state_of(compiler.connection)
    for sql, params in statements:
        rows += state.cursors.fetch(f"{sql}{', ' if wanted else ' RETURNING '}{columns}", params)
    state.block.wrote()
    if not wanted:
        return [()] * len(rows), rows
    given = [row[: len(wanted)] for row in rows]
    return _converted(compiler, wanted, given), [row[len(wanted) :] for row in rows]


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


def _statements(compiler: Any) -> Iterator[Statement]:
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


def can_return_deleted(compiler: Any) -> bool:
    """Tell whether the database returns the rows of this DELETE; MariaDB does where one table is named."""
    if getattr(compiler.connection, "mysql_is_mariadb", False):
        return bool(compiler.single_alias) and "SELECT " not in next(_statements(compiler), ("",))[0]
    return _has_returning(compiler.connection)


def _has_returning(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether every statement of the database has RETURNING, as SQLite has since 3.35."""
    can = connection.features.can_return_columns_from_insert
    return connection.vendor in ("postgresql", "sqlite") and bool(can)
