"""Statements that fail: not sent at all, refused by the database, done without an answer, interrupted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import OperationalError, connections

KINDS = ("unsent", "refused", "unanswered", "interrupted")


class Interrupted(BaseException):
    """What somebody at the keyboard raises: not an Exception."""


@contextmanager
def failing_statement(place: int, kind: str) -> Iterator[None]:
    """Have the statement at a place fail, counted over all databases: the project's, Django's or our own."""
    places = itertools.count()

    def run(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("BEGIN") or next(places) != place:  # Django cannot tell whether SQLite has begun
            return execute(sql, params, many, context)
        if kind == "refused":
            return execute("SELECT no_such_column", None, False, context)
        if kind == "unanswered":
            execute(sql, params, many, context)
        raise Interrupted if kind == "interrupted" else OperationalError(f"{kind}: {sql}")

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(run))
        yield
