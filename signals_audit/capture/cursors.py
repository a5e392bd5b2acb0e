"""The cursor of capture's own statements: one for a transaction, for opening one costs as much as a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
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
        connection = self._connection
        if not connection.in_atomic_block:
            return connection.cursor()
        made_for = (connection.queries_logged, connection.__dict__.get("cursor"))
        if self._open is None or self._made_for != made_for:
            self._reopen(made_for)
        connection.validate_thread_sharing()
        return nullcontext(self._open)

    def _reopen(self, made_for: tuple[Any, ...]) -> None:
        """Open a cursor of the kind that is wanted now: one that logs, or one that others have put there."""
        self.close()
        self._open, self._made_for = self._connection.cursor(), made_for
        if self.prepare is not None:
            self.prepare(self._open)

    def close(self) -> None:
        """Close the cursor that is open, if one is."""
        cursor, self._open = self._open, None
        if cursor is not None:
            cursor.__exit__(None, None, None)  # which forgives a connection that is gone

    def fetch(self, sql: str, params: Sequence[Any]) -> list[Row]:
        """Run a statement and return its rows; of many the cursor may hold a copy, so it is closed then."""
        with self.cursor() as cursor:
            cursor.execute(sql, params)
            rows = list(cursor.fetchall())
        if len(rows) > MANY_ROWS:
            self.close()
        return rows
