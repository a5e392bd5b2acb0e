"""The places where Django is touched: put in once, taken out without a trace, and as we expect them to be."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Iterator
from functools import wraps
from typing import Any

import django
import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.db.models.sql import DeleteQuery, InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.utils.functional import cached_property

from signals_audit.capture import seams
from signals_audit.capture.wrapping import is_wrapped
from tests.testapp.models import Article, Tag

from .log import created, entries

OWNERS: tuple[tuple[Any, str], ...] = ((Model, "_save_table"), (BaseDatabaseOperations, "compiler"))


def wiring() -> list[Any]:
    """Return everything that the seams put somewhere."""
    return [
        *(getattr(owner, name) for owner, name in OWNERS),
        *(vars(connection).get(name) for name in seams.WATCHERS),
        [receiver[0] for receiver in connection_created.receivers],
    ]


@pytest.fixture
def out() -> Iterator[None]:
    seams.remove()
    yield
    seams.install()


@pytest.mark.django_db
def test_the_seams_are_in_place() -> None:
    assert seams.missing() == []
    assert all(is_wrapped(owner, name) for owner, name in OWNERS)


@pytest.mark.django_db
def test_installing_again_and_being_ready_again_change_nothing() -> None:
    before = wiring()
    seams.install()
    apps.get_app_config("signals_audit").ready()
    assert wiring() == before
    tag = Tag.objects.create(name="a")
    assert entries() == [created(tag)]


@pytest.mark.django_db
@pytest.mark.usefixtures("out")
def test_what_is_removed_leaves_no_trace() -> None:
    assert Model._save_table.__module__ == "django.db.models.base"
    assert BaseDatabaseOperations.compiler.__module__ == "django.db.backends.base.operations"
    assert not any(name in vars(connection) for name in seams.WATCHERS)
    assert seams.UID not in str([receiver[0] for receiver in connection_created.receivers])
    assert sorted(seams.missing()) == ["BaseDatabaseOperations.compiler", "Model._save_table"]
    Tag.objects.create(name="a").delete()
    assert entries() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("out")
def test_removing_twice_is_removing_once() -> None:
    seams.remove()
    assert Model._save_table.__module__ == "django.db.models.base"


@pytest.mark.django_db
def test_a_seam_that_another_package_replaced_is_named() -> None:
    plain = inspect.unwrap(Model._save_table)
    ours = Model._save_table
    Model._save_table = lambda self, *args, **kwargs: plain(self, *args, **kwargs)
    try:
        assert seams.missing() == ["Model._save_table"]
    finally:
        Model._save_table = ours
    assert seams.missing() == []


@pytest.mark.django_db
def test_a_seam_that_another_package_went_around_still_serves() -> None:
    ours = Model._save_table
    calls = []

    @wraps(ours)
    def around(self: Model, *args: Any, **kwargs: Any) -> Any:
        calls.append(type(self))
        return ours(self, *args, **kwargs)

    Model._save_table = around
    try:
        tag = Tag.objects.create(name="a")
        assert seams.missing() == []
    finally:
        Model._save_table = ours
    assert (calls, entries()) == ([Tag], [created(tag)])


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_opened_anew_is_watched() -> None:
    if connection.vendor != "sqlite":
        connection.close()
    with transaction.atomic():
        Tag.objects.create(name="a")
    assert all(is_wrapped(connection, name) for name in seams.WATCHERS)


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(inspect.unwrap(function)).parameters)


def test_save_table_takes_what_we_pass_on() -> None:
    expected = ["self", "raw", "cls", "force_insert", "force_update", "using", "update_fields"]
    assert parameters(Model._save_table) == expected


def test_save_base_calls_save_table_for_the_row_of_each_table_within_its_block() -> None:
    source = inspect.getsource(Model.save_base)
    assert source.index("_save_table") > source.index("pre_save.send")
    assert source.index("_save_table") < source.index("post_save.send")
    assert "cls=parent" in inspect.getsource(Model._save_parents)


def test_operations_hand_out_compilers_by_name() -> None:
    assert parameters(BaseDatabaseOperations.compiler) == ["self", "compiler_name"]
    names = {query.compiler for query in (InsertQuery, UpdateQuery, DeleteQuery)}
    assert names == set(seams.OBSERVERS)


def test_compilers_run_their_statement_in_execute_sql() -> None:
    assert parameters(SQLInsertCompiler.execute_sql) == ["self", "returning_fields"]
    assert parameters(SQLUpdateCompiler.execute_sql) == ["self", "result_type"]
    assert parameters(SQLDeleteCompiler.execute_sql)[:2] == ["self", "result_type"]
    if django.VERSION >= (6, 0):
        assert parameters(SQLUpdateCompiler.execute_returning_sql) == ["self", "returning_fields"]
    else:
        assert not hasattr(SQLUpdateCompiler, "execute_returning_sql")


def test_an_update_is_set_up_before_its_statement_is_made() -> None:
    assert parameters(SQLUpdateCompiler.pre_sql_setup) == ["self"]
    assert "self.pre_sql_setup()" in inspect.getsource(SQLUpdateCompiler.as_sql)


@pytest.mark.django_db
def test_what_is_set_up_once_stays() -> None:
    joined = Article.objects.filter(author__name="a").query.chain(UpdateQuery)
    joined.add_update_values({"title": "b"})
    once = joined.get_compiler(using="default")
    twice = joined.clone().get_compiler(using="default")
    twice.pre_sql_setup()
    assert twice.as_sql() == once.as_sql()


def test_a_compiler_of_deletions_keeps_of_its_query_what_we_have_it_forget() -> None:
    kept = inspect.getmembers(SQLDeleteCompiler, lambda member: isinstance(member, cached_property))
    assert sorted(name for name, _member in kept) == sorted(seams.KEPT_OF_A_QUERY)


@pytest.mark.django_db
def test_a_compiler_of_deletions_turns_to_another_query() -> None:
    joined = Article.objects.filter(author__name="a").query.chain(DeleteQuery)
    plain = Article.objects.filter(title="a").query.chain(DeleteQuery)
    compiler = joined.get_compiler(using="default")
    compiler.as_sql()
    compiler.turn_to(plain)
    assert compiler.as_sql() == plain.get_compiler(using="default").as_sql()


def test_compilers_of_the_database_at_hand_keep_the_methods_that_we_observe() -> None:
    for name in seams.OBSERVERS:
        compiler = getattr(
            __import__(connection.ops.compiler_module, fromlist=[name]),
            name,
        )
        own = [base for base in compiler.__mro__ if "execute_sql" in vars(base)]
        assert own[0].__module__ == "django.db.models.sql.compiler"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("commit", []),
        ("rollback", []),
        ("close", []),
        ("savepoint", []),
        ("savepoint_rollback", ["sid"]),
    ],
)
def test_connections_have_the_methods_that_we_hear_of(name: str, expected: list[str]) -> None:
    assert parameters(getattr(BaseDatabaseWrapper, name))[1:] == expected


@pytest.mark.parametrize("name", ["commit", "rollback", "savepoint", "savepoint_rollback"])
def test_blocks_end_through_those_methods(name: str) -> None:
    source = inspect.getsource(transaction.Atomic)
    assert f"connection.{name}(" in source


@pytest.mark.django_db
def test_blocks_know_whether_they_are_a_test_cases_own_and_whether_they_commit() -> None:
    with transaction.atomic() as _:
        blocks = connections["default"].atomic_blocks
        assert [block._from_testcase for block in blocks][-1] is False
    assert connections["default"].commit_on_exit is True


@pytest.mark.django_db
def test_models_keep_nothing_on_their_instances() -> None:
    article = Article.objects.create(title="a")
    plain = {field.attname for field in Article._meta.concrete_fields} | {"_state"}
    assert set(vars(article)) <= plain


SQL = (
    "SELECT 1",
    'UPDATE "a" SET "b" = %s WHERE "c" = %s',
    "SELECT '%%s', '%%', \"%%%s\" LIKE %s",
    "SELECT " + ", ".join(["%s"] * 5000),
)


@pytest.mark.parametrize("query", SQL, ids=len)
def test_a_cursor_of_sqlite_spells_statements_as_djangos_own_does(query: str) -> None:
    cursor = sqlite3.connect(":memory:").cursor(factory=SQLiteCursorWrapper)
    expected = cursor.convert_query(query)
    seams._convert_once(CursorWrapper(cursor, connection))
    assert [cursor.convert_query(query, param_names=None) for _ in range(2)] == [expected] * 2
    named = cursor.convert_query("SELECT %(a)s, '%%'", param_names=["a"])
    assert named == "SELECT :a, '%'"
    assert cursor.execute("SELECT %s || '%%'", ("x",)).fetchone() == ("x%",)


def test_a_cursor_that_is_not_djangos_is_left_alone() -> None:
    cursor = sqlite3.connect(":memory:").cursor()
    seams._convert_once(CursorWrapper(cursor, connection))
    assert not hasattr(cursor, "convert_query")
