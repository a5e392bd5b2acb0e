"""One cursor for a transaction's statements: opened again when another kind is wanted, and closed in time."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from signals_audit import disabled
from signals_audit.capture.connection import state_of
from signals_audit.capture.cursors import Cursors
from tests.testapp.models import Article, Author, Tag

from .log import entries, make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cursors() -> Cursors:
    return state_of(connections["default"]).cursors


@pytest.fixture
def opened(cursors: Cursors) -> Iterator[list[Any]]:
    """Note the cursors that capture opens for itself."""
    found: list[Any] = []
    prepare = cursors.prepare

    def note(cursor: Any) -> None:
        found.append(cursor)
        if prepare is not None:
            prepare(cursor)

    cursors.prepare = note
    yield found
    cursors.prepare = prepare


def is_closed(cursor: Any) -> bool:
    try:
        cursor.execute("SELECT 1")
    except Exception:  # each driver says it in its own way
        return True
    return False


def test_the_writes_of_a_transaction_have_one_cursor_which_is_closed_with_it(opened: list[Any]) -> None:
    articles = [make(Article, title=name) for name in "ab"]
    opened.clear()
    with transaction.atomic():
        for article in articles:
            article.title *= 2
            article.save()
        assert [is_closed(cursor) for cursor in opened] == [False]
    assert [is_closed(cursor) for cursor in opened] == [True]
    assert len(entries()) == 2


def test_a_rollback_closes_it_and_the_next_transaction_has_another(opened: list[Any]) -> None:
    for _attempt in range(2):
        with transaction.atomic():
            Tag.objects.create(name="a")
            transaction.set_rollback(True)
    assert [is_closed(cursor) for cursor in opened] == [True, True]
    assert entries() == []


def test_outside_of_a_transaction_each_statement_has_its_own(cursors: Cursors, opened: list[Any]) -> None:
    cursors.fetch("SELECT 1", ())
    cursors.fetch("SELECT 1", ())
    assert [is_closed(cursor) for cursor in opened] == [True, True]


def test_whoever_begins_to_look_at_queries_in_a_transaction_sees_those_of_its_next_write() -> None:
    with transaction.atomic():
        tag = Tag.objects.create(name="a")
        with CaptureQueriesContext(connections["default"]) as captured:
            tag.name = "b"
            tag.save()
        Tag.objects.create(name="c")
    verbs = [query["sql"].split()[0] for query in captured.captured_queries]
    assert [verb for verb in verbs if verb != "SELECT"] == ["UPDATE", "INSERT"]


class Theirs:
    """A cursor that somebody puts in the place of Django's, with no more than statements need."""

    def __init__(self, inner: Any) -> None:
        self.execute, self.fetchall, self.close = inner.execute, inner.fetchall, inner.close
        self.fetchone, self.fetchmany, self.inner = inner.fetchone, inner.fetchmany, inner

    @property
    def lastrowid(self) -> Any:
        return self.inner.lastrowid

    def __enter__(self) -> Theirs:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def test_a_cursor_that_somebody_puts_in_the_place_of_djangos_is_used(
    opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = connections["default"].cursor
    with transaction.atomic():
        Tag.objects.create(name="a")
        with monkeypatch.context() as patch:
            patch.setitem(vars(connections["default"]), "cursor", lambda: Theirs(original()))
            Tag.objects.create(name="b")
        Tag.objects.create(name="c")
    assert [type(cursor) is Theirs for cursor in opened] == [False, True, False]
    assert len(entries()) == 3


def test_a_backend_that_sets_up_each_cursor_has_its_own_for_each_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Backends with tenants choose the schema when a cursor is opened."""
    backend, chosen = type(connections["default"]), list[str]()
    create_cursor = backend.create_cursor

    def choose(self: Any, name: str | None = None) -> Any:
        chosen.append(self.alias)
        return create_cursor(self, name)

    monkeypatch.setattr(backend, "create_cursor", choose)
    connection = connections["default"].copy()
    cursors = Cursors(connection)
    connection.ensure_connection()
    connection.in_atomic_block = True
    chosen.clear()
    cursors.fetch("SELECT 1", ())
    cursors.fetch("SELECT 1", ())
    connection.in_atomic_block = False
    connection.close()
    assert len(chosen) == 2


def test_a_zone_that_changes_has_a_cursor_of_its_own(opened: list[Any]) -> None:
    with transaction.atomic():
        Tag.objects.create(name="a")
        with override_settings(USE_TZ=False):
            connections["default"].timezone  # noqa: B018 - somebody reads or writes a moment
            Tag.objects.create(name="b")
        assert len(opened) == 2


@pytest.mark.parametrize("write", ["update", "create"])
def test_what_watches_statements_may_write_between_a_statement_and_its_rows(write: str) -> None:
    counter, tag = make(Author, name="0"), make(Tag, name="a")
    busy: list[str] = []

    def count(execute: Any, sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if "testapp_tag" in sql and not busy:
            busy.append(sql)
            Author.objects.filter(pk=counter.pk).update(name="1")
        return result

    with transaction.atomic(), connections["default"].execute_wrapper(count):
        if write == "update":
            assert Tag.objects.filter(pk=tag.pk).update(name="b") == 1
        else:
            assert Tag.objects.create(name="b").pk > tag.pk
    assert busy
    assert sorted(entry.changes["name"] for entry in entries() if entry.action == "update") == (
        [["0", "1"], ["a", "b"]] if write == "update" else [["0", "1"]]
    )
    assert len(entries()) == 2


def test_statements_go_on_after_one_that_failed() -> None:
    with disabled():
        Tag.objects.create(name="a")
    with transaction.atomic():
        Tag.objects.create(name="b")
        with pytest.raises(DatabaseError), transaction.atomic():
            Tag.objects.create(name="a")
        Tag.objects.create(name="c")
    assert [entry.changes["name"] for entry in entries()] == [[None, "b"], [None, "c"]]


@pytest.mark.skipif(connections["default"].vendor != "sqlite", reason="others hold no such text")
def test_a_statement_whose_rows_cannot_be_read_is_undone_alone() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("INSERT INTO testapp_tag (id, name) VALUES (5, CAST(x'ff41' AS TEXT))")
    with transaction.atomic():
        Tag.objects.create(name="a")
        with pytest.raises(DatabaseError), transaction.atomic():
            Tag.objects.filter(pk__in=[5])._raw_delete("default")
        Tag.objects.create(name="b")
    assert [entry.changes["name"] for entry in entries()] == [[None, "a"], [None, "b"]]


def test_a_cursor_that_brought_many_rows_is_not_kept(opened: list[Any]) -> None:
    with transaction.atomic():
        Tag.objects.bulk_create(Tag(name=str(number)) for number in range(101))
        assert is_closed(opened[0])
    assert len(entries()) == 101


def test_a_thread_that_borrows_a_connection_is_refused_as_by_django(cursors: Cursors) -> None:
    refused: list[str] = []

    def borrow() -> None:
        try:
            cursors.fetch("SELECT 1", ())
        except DatabaseError as error:
            refused.append(str(error))

    with transaction.atomic():
        Tag.objects.create(name="a")
        thread = Thread(target=borrow)
        thread.start()
        thread.join()
    assert [error.partition(" created")[0] for error in refused] == ["DatabaseWrapper objects"]
