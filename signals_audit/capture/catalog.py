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

_OURS: Final = (
    "privilege_type = 'TRIGGER' AND grantee = CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', "
    "QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))"
)
# A table that is not system-versioned, for that keeps what does not change, too, and no trigger of an UPDATE:
# without the privilege none is seen.
QUIET: Final = (
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %(table)s "  # noqa: S608
    "AND table_type = 'BASE TABLE' AND NOT EXISTS (SELECT 1 FROM information_schema.triggers WHERE "
    "event_object_schema = DATABASE() AND event_object_table = %(table)s AND event_manipulation = 'UPDATE') "
    f"AND (EXISTS (SELECT 1 FROM information_schema.user_privileges WHERE {_OURS}) "
    f"OR EXISTS (SELECT 1 FROM information_schema.schema_privileges WHERE {_OURS} "
    "AND DATABASE() LIKE table_schema) "
    f"OR EXISTS (SELECT 1 FROM information_schema.table_privileges WHERE {_OURS} "
    "AND table_schema = DATABASE() AND table_name = %(table)s))"
)


def is_quiet(connection: BaseDatabaseWrapper, table: str) -> bool:
    """Tell whether an UPDATE of a MariaDB table that changes nothing does nothing but lock rows."""
    return bool(connection.mysql_is_mariadb) and _finds(QUIET, connection, table)  # type: ignore[attr-defined]


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
