"""Locking rows on MariaDB and MySQL as an UPDATE of theirs locks them, which no locking read does.

Under READ COMMITTED InnoDB's UPDATE passes by rows that others hold and that its condition does not meet. A
locking read waits for them, and keeps them; it keeps those, too, that stopped meeting the condition while it
waited. Whoever points at such a row waits in turn, and both may meet a deadlock that Django alone does not
know. So keys are looked for without a lock, and what is met is locked by an UPDATE that changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from . import catalog
from .blocks import WriteBlock
from .rows import WHERE, Reader, Row

LOOKING: Final = "READ-COMMITTED"
MOST: Final = 2**63 - 1  # without a limit MariaDB does not sort a part of a UNION
ATTRIBUTE: Final = "signals_audit_quiet_tables"


def keys_met(reader: Reader, where: str, params: Sequence[Any], most: int | None = None) -> list[Any] | None:
    """Read the raw keys of the rows that a condition meets, in key order, not locked; at most so many.

    None is returned where that is of no use, or would show something else than what an UPDATE meets: at
    higher levels a plain read would settle which state the transaction sees from now on. So the level is part
    of the condition.
    """
    connection = reader.connection
    if connection.vendor != "mysql" or not where:
        return None
    level = "@@tx_isolation" if connection.mysql_is_mariadb else "@@transaction_isolation"  # type: ignore[attr-defined]
    met = f" WHERE {level} = '{LOOKING}' AND ({where.removeprefix(WHERE)})"
    nothing = ", ".join(["NULL"] * len(reader.plan.key))
    keys = f"SELECT NULL, {reader.keys} FROM {reader.table}{met} ORDER BY {reader.keys} LIMIT {most or MOST}"  # noqa: S608
    (known, *_nothing), *found = reader.read(f"SELECT {level}, {nothing} UNION ALL ({keys})", params)
    if known != LOOKING:
        return None
    return [key[0] if len(key) == 1 else tuple(key) for _level, *key in found]


def locked(
    block: WriteBlock, reader: Reader, keys: list[Any], where: str, params: Sequence[Any], written: str | None
) -> list[Row]:
    """Read those of some rows that meet a condition, and lock them; `written` is a column of the UPDATE's.

    Rows that others have come to match meanwhile are not told from those that were locked; then all are
    locked by reading them.
    """
    if keys and written is not None and _is_quiet(reader):
        column = reader.connection.ops.quote_name(written)
        touching = f"UPDATE {reader.table} SET {column} = {column}{where}"  # noqa: S608
        count = block.state.cursors.count(touching, params)
        rows = reader.read(f"{reader.select}{where} ORDER BY {reader.keys}", params)
        if len(rows) == count:
            return rows
        keys = [reader.plan.key_of(row) for row in rows]
    return reader.locked_among(keys, where, params)


def _is_quiet(reader: Reader) -> bool:
    """Tell whether an UPDATE that changes nothing does nothing but lock; ask once for a session and table."""
    connection, table = reader.connection, reader.plan.written._meta.db_table
    if not reader.is_of_today:
        return False
    session, known = connection.__dict__.get(ATTRIBUTE, (None, {}))
    if session is not connection.connection:
        known = {}
        connection.__dict__[ATTRIBUTE] = (connection.connection, known)
    if table not in known:
        known[table] = catalog.is_quiet(connection, table)
    return bool(known[table])
