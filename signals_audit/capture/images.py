"""One UPDATE that returns a row as it is and as it was, which PostgreSQL alone can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col
from django.db.models.sql import Query

from .plans import TablePlan

WAS = "signals_audit_was"


class Images(NamedTuple):
    """How one UPDATE of a row returns it as it is and as it was, which PostgreSQL alone can do.

    `start` is how the statement begins, `sets` how it sets each column, by attribute name, and `place` how it
    names the row; `source` takes its place, and is given the key once more. `columns` are to be returned.

    The row as it was is the one that the statement found. If it has to wait for another transaction that
    changes the row, the two differ, and it meets no row. A locking read in its place would be true, too, but
    lock the version that is there when the statement begins, which the UPDATE then locks again: where a third
    waits for the row, that is a deadlock.
    """

    start: str
    sets: Mapping[str, str]
    place: str
    source: str
    columns: str


def images_of(plan: TablePlan, connection: BaseDatabaseWrapper) -> Images | None:
    """Return how a plan's table returns images; None where fields have columns of a kind of their own."""
    meta, quote = plan.written._meta, connection.ops.quote_name
    compiler: Any = Query(plan.written).get_compiler(connection=connection)
    now = [field.get_col(meta.db_table) for field in plan.fields]
    if len(plan.key) > 1 or any(type(column) is not Col for column in now):
        return None
    was = [Col(WAS, column.target, column.output_field) for column in now]
    ours, theirs = ([str(compiler.compile(column)[0]) for column in row] for row in (now, was))
    key, found = ours[plan.key[0]], theirs[plan.key[0]]
    table, place = quote(meta.db_table), f" WHERE {key} = %s"
    stays = f"record_image_eq(ROW({', '.join(ours)}), ROW({', '.join(theirs)}))"
    return Images(
        start=f"UPDATE {table} SET ",  # noqa: S608
        sets={field.attname: f"{quote(str(field.column))} = %s" for field in meta.local_concrete_fields},
        place=place,
        source=f" FROM {table} AS {WAS}{place} AND {found} = %s AND {stays}",
        columns=", ".join(column_sql(compiler, column) for column in (*now, *was)),
    )


def column_sql(compiler: Any, column: Any) -> str:
    """Return the SQL that reads a column, as Django's own queries spell it."""
    sql, params = compiler.compile(column)
    sql, _params = column.select_format(compiler, sql, params)
    return str(sql)
