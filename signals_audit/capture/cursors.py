"""The cursor of capture's own statements: one for a transaction, for opening one costs as much as a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import get_ident
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from .rows import Row

MANY_ROWS = 100


class Cursors:
    """What runs capture's statements on one connection; `prepare` is done to each cursor that is opened."""

    __slots__ = ("_connection", "_made_for", "_open", "prepare")

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._open: Any = None
        self._made_for: tuple[Any, ...] = ()
        self.prepare: Callable[[Any], None] | None = None

    def cursor(self) -> AbstractContextManager[Any]:
        """Return a cursor for a block; within a transaction it is always the same, and stays open."""
        in_transaction = self._connection.in_atomic_block
        return nullcontext(self._kept()) if in_transaction else self._connection.cursor()

    def _kept(self) -> Any:
        """Return the cursor of the transaction; one of another kind if another is wanted by now.

        Somebody may have begun to log queries or put cursors of their own in the place of Django's, and from
        another thread Django refuses to open any.
        """
        connection = self._connection
        made_for = (connection.queries_logged, connection.__dict__.get("cursor"), get_ident())
        if self._open is None or self._made_for != made_for:
            self.close()
            self._open, self._made_for = connection.cursor(), made_for
            if self.prepare is not None:
                self.prepare(self._open)
        return self._open

    def close(self) -> None:
        """Close the cursor that is open, if one is."""
        cursor, self._open = self._open, None
        if cursor is not None:
            cursor.__exit__(None, None, None)  # which forgives a connection that is gone

    def fetch(self, sql: str, params: Sequence[Any]) -> list[Row]:
        """Run a statement and return its rows; of many the cursor may hold a copy, so it is closed then."""
        if not self._connection.in_atomic_block:
            with self._connection.cursor() as cursor:
                return _rows(cursor, sql, params)
        rows = _rows(self._kept(), sql, params)
        if len(rows) > MANY_ROWS:
            self.close()
        return rows


def _rows(cursor: Any, sql: str, params: Sequence[Any]) -> list[Row]:
    cursor.execute(sql, params)
    rows = cursor.fetchall()
    return rows if type(rows) is list else list(rows)
