"""The hooks alone that an audit of every save needs, with nothing behind them but the true row after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connection
from django.db.models import Model, signals
from django.db.models.sql.compiler import SQLUpdateCompiler

from .models import Plain

COLUMNS = ", ".join(connection.ops.quote_name(str(field.column)) for field in Plain._meta.concrete_fields)


@contextmanager
def hooked() -> Iterator[None]:
    """Put them in: receivers of a save, a block around its statement, a look at each, the row it leaves."""
    with ExitStack() as stack:
        for signal in (signals.pre_save, signals.post_save):
            signal.connect(_receive, sender=Plain)
            stack.callback(signal.disconnect, _receive, sender=Plain)
        stack.enter_context(connection.execute_wrapper(_look))
        stack.enter_context(mock.patch.object(Model, "_save_table", _around(Model._save_table)))  # type: ignore[attr-defined]
        for name, run in (("execute_sql", _updated), ("execute_returning_sql", _returned)):
            if hasattr(SQLUpdateCompiler, name):
                stack.enter_context(mock.patch.object(SQLUpdateCompiler, name, run))
        yield


def _receive(**_kwargs: Any) -> None:
    """Hear of a save."""


def _look(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
    return execute(sql, *arguments)


def _around(original: Callable[..., Any]) -> Callable[..., Any]:
    def save_table(*arguments: Any, **named: Any) -> Any:
        try:
            return original(*arguments, **named)
        finally:
            connection.needs_rollback  # noqa: B018 - what a block has to know when it ends

    return save_table


def _updated(compiler: Any, _result_type: Any) -> int:
    sql, params = compiler.as_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {COLUMNS}", params)
        return len(cursor.fetchall())


def _returned(compiler: Any, _fields: Any) -> list[tuple[()]]:
    return [()] * _updated(compiler, None)
