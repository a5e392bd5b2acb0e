"""The cursor of capture's own statements: one for a transaction, for opening one costs as much as a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import get_ident
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from .rows import Row

MANY_ROWS = 100
MAKING = ("cursor", "_cursor", "_prepare_cursor", "create_cursor")

Statement = tuple[str, Sequence[Any]]


class Cursors:
    """What runs capture's statements on one connection; `prepare` is done to each cursor that is opened.

    In use a cursor belongs to its statement alone: what watches statements may run some of its own.
    """

    __slots__ = ("_are_djangos", "_connection", "_kept", "prepare")

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._are_djangos = _are_djangos(connection)
        self._kept: tuple[Any, Any] | None = None
        self.prepare: Callable[[Any], None] | None = None

    def fetch(self, sql: str, params: Sequence[Any]) -> list[Row]:
        """Run a statement and return its rows; of many the cursor may hold a copy, so it is closed then."""
        cursor, made_for = self._take()
        try:
            cursor.execute(sql, params)
            rows = list(cursor.fetchall())
        except BaseException:
            _close(cursor)
            raise
        self._put_back(cursor, made_for if len(rows) <= MANY_ROWS else None)
        return rows

    def count(self, sql: str, params: Sequence[Any]) -> int:
        """Run a statement and return how many rows it met."""
        cursor, made_for = self._take()
        try:
            cursor.execute(sql, params)
            count = int(cursor.rowcount)
        except BaseException:
            _close(cursor)
            raise
        self._put_back(cursor, made_for)
        return count

    def execute(self, statements: Iterable[Statement]) -> None:
        """Run statements that return nothing."""
        cursor, made_for = self._take()
        try:
            for sql, params in statements:
                cursor.execute(sql, params)
        except BaseException:
            _close(cursor)
            raise
        self._put_back(cursor, made_for)

    def close(self) -> None:
        """Close the cursor that is kept, if one is."""
        kept, self._kept = self._kept, None
        if kept is not None:
            _close(kept[0])

    def _take(self) -> tuple[Any, Any]:
        """Return the cursor that is kept, if it is of the kind that would be opened now, or another."""
        made_for = self._kind()
        kept, self._kept = self._kept, None
        if kept is not None:
            if made_for is not None and kept[1] == made_for:
                return kept
            _close(kept[0])
        cursor = self._connection.cursor()
        if self.prepare is not None:
            self.prepare(cursor)
        return cursor, made_for

    def _kind(self) -> Any:
        """Return what a cursor depends on: who opens it, in which zone, for whom; None if it is not kept.

        Queries may be logged from now on, somebody may have put cursors of their own in the place of
        Django's, and to another thread Django gives none.
        """
        connection = self._connection
        if not self._are_djangos or not connection.in_atomic_block:
            return None
        held = connection.__dict__
        return connection.queries_logged, held.get("cursor"), held.get("timezone"), get_ident()

    def _put_back(self, cursor: Any, made_for: Any) -> None:
        if made_for is None or self._kept is not None or not self._connection.in_atomic_block:
            _close(cursor)
        else:
            self._kept = cursor, made_for


def _are_djangos(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether Django alone makes the cursors: others may set them up anew for each, as for a tenant."""
    methods = (getattr(type(connection), name, None) for name in MAKING)
    return all(getattr(method, "__module__", "").startswith("django.db.backends.") for method in methods)


def _close(cursor: Any) -> None:
    with suppress(Exception):  # it is gone, however that may be said
        cursor.close()
