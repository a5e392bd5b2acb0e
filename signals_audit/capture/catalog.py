"""What else is about on a table, as the database's own catalog has it: triggers, rules, foreign keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

# A table and nothing more: no view, no partition, and no trigger of an UPDATE but those of constraints.
BARE: Final = (
    "SELECT 1 FROM pg_class WHERE oid = to_regclass(%(table)s) AND relkind = 'r' "
    "AND NOT (relhasrules OR relhassubclass OR relispartition) AND NOT EXISTS "
    "(SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal AND tgtype & 16 <> 0)"
)
# Foreign keys change columns, too: where a row refers to its own table, or a trigger hears of it elsewhere.
ALONE: Final[Mapping[str, str]] = {
    "sqlite": "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' "
    "AND tbl_name = %(table)s COLLATE NOCASE UNION ALL SELECT 1 FROM sqlite_temp_master "
    "WHERE type = 'trigger' AND tbl_name = %(table)s COLLATE NOCASE)",
    "postgresql": f"{BARE} AND NOT EXISTS "  # noqa: S608
    "(SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attgenerated <> '') AND NOT EXISTS "
    "(SELECT FROM pg_constraint WHERE confrelid = pg_class.oid AND confupdtype IN ('c', 'n', 'd'))",
}


def is_bare(connection: BaseDatabaseWrapper, table: str) -> bool:
    """Tell whether an UPDATE of a PostgreSQL table sets nothing else off: then it may be run again."""
    return _finds(BARE, connection, connection.ops.quote_name(table))


def changes_alone(connection: BaseDatabaseWrapper, table: str) -> bool:
    """Tell whether it is sure that an UPDATE changes the columns alone that it names.

    MariaDB is not asked: to look triggers up takes it longer than to keep whole rows.
    """
    if connection.vendor not in ALONE:
        return False
    name = connection.ops.quote_name(table) if connection.vendor == "postgresql" else table
    return _finds(ALONE[connection.vendor], connection, name)


def _finds(sql: str, connection: BaseDatabaseWrapper, table: str) -> bool:
    """Ask with a bare cursor: it is no query of the project's."""
    with connection.wrap_database_errors, closing(connection.create_cursor()) as cursor:
        cursor.execute(sql, {"table": table})
        return cursor.fetchone() is not None
