"""A block in which no connection of this thread answers: an object's text may not ask the database.

The connections ask before each statement (see `sentinel`), so the block costs next to nothing.
"""

from __future__ import annotations

from threading import local
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper


class QueryRefused(Exception):
    """An object's text may not be made by asking the database."""


class Silence(local):
    """The blocks of one thread; a query that one refused is none, and breaks nothing."""

    depth = 0

    def __init__(self) -> None:
        self._refused: list[tuple[BaseDatabaseWrapper, int, bool]] = []

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_error: object) -> None:
        self.depth -= 1
        while self._refused:
            connection, length, needs_rollback = self._refused.pop()
            connection.needs_rollback = needs_rollback
            if not connection.atomic_blocks:  # one that was refused its savepoint has marked it as open
                connection.in_atomic_block, connection.commit_on_exit = False, True
            while len(connection.queries_log) > length:
                connection.queries_log.pop()

    def refuse(self, connection: BaseDatabaseWrapper) -> None:
        """Raise QueryRefused, and remember what the connection was like before."""
        self._refused.append((connection, len(connection.queries_log), connection.needs_rollback))
        raise QueryRefused


silence: Final = Silence()
