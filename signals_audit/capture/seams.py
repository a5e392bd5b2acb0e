"""The one module that reaches into Django's private parts.

Each seam is a few lines that call our code and Django's. It is installed once, can be removed, and has a
contract test on every supported Django.

* `Model._save_table` (django/db/models/base.py): the one place that knows the instance, `raw` and the table
  of a row that is being written. No public hook stands between the row's write and the end of its
  transaction: `post_save` is sent after it, outside of any transaction in autocommit.
* `BaseDatabaseOperations.compiler` (django/db/backends/base/operations.py): hands out the classes whose
  `execute_sql` every ORM write passes. There are no signals for `update()`, `bulk_create()`, cascades and
  many-to-many rows; here all of them pass.
* `SQLUpdateCompiler.pre_sql_setup` (django/db/models/sql/compiler.py): has a condition that joins other
  tables name keys instead. Capture reads the rows by that condition before Django runs the UPDATE, and what
  is set up twice is a subquery of a subquery, for which composite keys have no form.
* `SQLDeleteCompiler.single_alias` and `contains_self_reference_subquery` (same file): a compiler keeps what
  it found out of its query. Rows that were locked are deleted some at a time, by another query each.
* `commit`, `rollback`, `close`, `savepoint` and `savepoint_rollback` of a connection
  (django/db/backends/base/base.py), hooked when `connection_created` is sent: `on_commit` cannot tell when a
  transaction begins anew, nor that a savepoint was rolled back.
* `convert_query` of the cursors of SQLite (django/db/backends/sqlite3/base.py) that capture opens for itself:
  it looks at every letter of a statement for placeholders, each time, which takes as long as a short
  statement does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial, wraps
from typing import Any, cast

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.models import Model
from django.db.models.sql.constants import ROW_COUNT

from . import loading, sentinel, statements
from .blocks import WriteBlock
from .connection import state_of
from .returning import can_return_updated
from .updates import update
from .wrapping import is_wrapped, unwrap, wrap

UID = "signals_audit.capture.seams"
KEPT_OF_A_QUERY = ("single_alias", "contains_self_reference_subquery")
LONG = 10_000  # characters: statements of many rows are not kept, they seldom come twice


def install() -> None:
    """Put all seams in place; those that are in place stay as they are."""
    wrap(Model, "_save_table", _save_table)
    wrap(BaseDatabaseOperations, "compiler", _compiler)
    connection_created.connect(_watch_new_connection, dispatch_uid=UID)
    for connection in connections.all(initialized_only=True):
        watch(connection)
    sentinel.install()
    loading.remember_models()


def remove() -> None:
    """Take all seams out again."""
    unwrap(Model, "_save_table")
    unwrap(BaseDatabaseOperations, "compiler")
    connection_created.disconnect(dispatch_uid=UID)
    for connection in connections.all(initialized_only=True):
        unwatch(connection)
    sentinel.remove()
    loading.remember(())


def missing() -> list[str]:
    """Return the names of the class seams that are not in place, because another package replaced them."""
    seams = ((Model, "_save_table"), (BaseDatabaseOperations, "compiler"))
    return [f"{owner.__name__}.{name}" for owner, name in seams if not is_wrapped(owner, name)]


def _save_table(original: Callable[..., Any]) -> Callable[..., Any]:
    def save_table(
        self: Model,
        raw: bool = False,
        cls: type[Model] | None = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> Any:
        model = cls or type(self)
        state = statements.watching(model, using or "default")
        if state is None:
            return original(self, raw, cls, force_insert, force_update, using, update_fields)
        with WriteBlock(state, self) as block:
            updated = original(self, raw, cls, force_insert, force_update, using, update_fields)
            block.saved(model)
            return updated

    return save_table


def _compiler(original: Callable[..., Any]) -> Callable[..., Any]:
    def compiler(self: BaseDatabaseOperations, compiler_name: str) -> Any:
        made = original(self, compiler_name)
        observe = OBSERVERS.get(compiler_name)
        return made if observe is None else observe(made)

    return compiler


def announced(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Have the sentinel know that a statement is the ORM's own."""

    @wraps(execute)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        state = state_of(self.connection)
        before, state.is_announced = state.is_announced, True
        try:
            return execute(self, *args, **kwargs)
        finally:
            state.is_announced = before

    return run


@cache
def _observed_insert(base: Any) -> Any:
    class ObservedInsert(base):  # type: ignore[misc]
        @announced
        def execute_sql(self, returning_fields: Any = None) -> Any:
            plan = statements.observed(self)
            if plan is None:
                return super().execute_sql(returning_fields)
            return statements.insert(self, plan, super().execute_sql, returning_fields)

    return ObservedInsert


@cache
def _observed_update(base: Any) -> Any:
    class ObservedUpdate(base):  # type: ignore[misc]
        is_set_up = False

        def pre_sql_setup(self) -> None:
            """Have the condition name keys where it joins other tables, once."""
            if not self.is_set_up:
                self.is_set_up = True
                super().pre_sql_setup()

        @announced
        def execute_sql(self, result_type: Any) -> Any:
            plan = statements.observed(self)
            if plan is None:
                return super().execute_sql(result_type)
            count, _rows = update(self, plan, super().execute_sql)
            return count if result_type == ROW_COUNT else None

        @announced
        def execute_returning_sql(self, returning_fields: Any) -> Any:
            """Exist since Django 6.0: `save()` asks for values that the database computes."""
            plan = statements.observed(self)
            if plan is None or not can_return_updated(self):
                return super().execute_returning_sql(returning_fields)
            return update(self, plan, super().execute_sql, returning_fields)[1]

    return ObservedUpdate


@cache
def _observed_delete(base: Any) -> Any:
    class ObservedDelete(base):  # type: ignore[misc]
        @announced
        def execute_sql(self, result_type: Any) -> Any:
            plan = statements.observed(self)
            if plan is None and not statements.touches_others(self):
                return super().execute_sql(result_type)
            count = statements.delete(self, plan, super().execute_sql)
            return count if result_type == ROW_COUNT else None

        def turn_to(self, query: Any) -> None:
            """Run another query from now on."""
            self.query = query
            for name in KEPT_OF_A_QUERY:
                self.__dict__.pop(name, None)

    return ObservedDelete


OBSERVERS = {
    "SQLInsertCompiler": _observed_insert,
    "SQLUpdateCompiler": _observed_update,
    "SQLDeleteCompiler": _observed_delete,
}


def _watch_new_connection(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    state_of(connection).reconnected()
    watch(connection)


def watch(connection: BaseDatabaseWrapper) -> None:
    """Hear of a connection's commits, rollbacks and savepoints."""
    for name, make in WATCHERS.items():
        wrap(connection, name, partial(make, connection))
    if connection.vendor == "sqlite":
        state_of(connection).cursors.prepare = _convert_once


def unwatch(connection: BaseDatabaseWrapper) -> None:
    """Hear of nothing any more."""
    for name in WATCHERS:
        unwrap(connection, name)
    state_of(connection).cursors.prepare = None


def _commit(connection: BaseDatabaseWrapper, original: Callable[[], None]) -> Callable[[], None]:
    def commit() -> None:
        state_of(connection).refuse_if_spoilt()
        original()
        state_of(connection).committed()

    return commit


def _rollback(connection: BaseDatabaseWrapper, original: Callable[[], None]) -> Callable[[], None]:
    def rollback() -> None:
        try:
            original()
        finally:
            state_of(connection).rolled_back()

    return rollback


def _close(connection: BaseDatabaseWrapper, original: Callable[[], None]) -> Callable[[], None]:
    def close() -> None:
        try:
            original()
        finally:
            if connection.connection is None or connection.closed_in_transaction:
                state_of(connection).closed()

    return close


def _savepoint(connection: BaseDatabaseWrapper, original: Callable[[], Any]) -> Callable[[], Any]:
    def savepoint() -> Any:
        sid = original()
        if sid:
            state_of(connection).journal.mark(sid)
        return sid

    return savepoint


def _savepoint_rollback(
    connection: BaseDatabaseWrapper, original: Callable[[Any], None]
) -> Callable[[Any], None]:
    def savepoint_rollback(sid: Any) -> None:
        original(sid)
        state_of(connection).journal.cut(sid)

    return savepoint_rollback


def _convert_once(cursor: Any) -> None:
    """Have a cursor of SQLite remember how statements are spelled for it."""
    inner = getattr(cursor, "cursor", None)
    if type(inner) is SQLiteCursorWrapper:
        vars(inner)["convert_query"] = _converted


def _converted(query: str, *, param_names: list[str] | None = None) -> str:
    if param_names is None and len(query) <= LONG:
        return _known(query)
    return _as_django_does(query, param_names=param_names)


_as_django_does: Callable[..., str] = partial(SQLiteCursorWrapper.convert_query, cast("Any", None))
_known = lru_cache(maxsize=512)(_as_django_does)


WATCHERS: dict[str, Callable[..., Any]] = {
    "commit": _commit,
    "rollback": _rollback,
    "close": _close,
    "savepoint": _savepoint,
    "savepoint_rollback": _savepoint_rollback,
}
