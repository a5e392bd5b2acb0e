"""One cursor for a transaction's statements: opened again when another kind is wanted, and closed in time."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from django.test.utils import CaptureQueriesContext

from signals_audit import disabled
from signals_audit.capture.connection import state_of
from signals_audit.capture.cursors import Cursors
from tests.testapp.models import Article, Tag

from .log import entries, make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cursors() -> Cursors:
    return state_of(connections["default"]).cursors


def at_hand(cursors: Cursors) -> Any:
    """Return the cursor that the next statement would have."""
    with cursors.cursor() as cursor:
        return cursor


def is_closed(cursor: Any) -> bool:
    try:
        cursor.execute("SELECT 1")
    except Exception:  # each driver says it in its own way
        return True
    return False


def test_the_writes_of_a_transaction_have_one_cursor_which_is_closed_with_it(cursors: Cursors) -> None:
    articles = [make(Article, title=name) for name in "ab"]
    with transaction.atomic():
        used = at_hand(cursors)
        for article in articles:
            article.title *= 2
            article.save()
        assert at_hand(cursors) is used
        assert not is_closed(used)
    assert is_closed(used)
    assert len(entries()) == 2


def test_a_rollback_closes_it_and_the_next_transaction_has_another(cursors: Cursors) -> None:
    used = []
    for _attempt in range(2):
        with transaction.atomic():
            Tag.objects.create(name="a")
            used.append(at_hand(cursors))
            transaction.set_rollback(True)
    assert used[0] is not used[1]
    assert [is_closed(cursor) for cursor in used] == [True, True]
    assert entries() == []


def test_outside_of_a_transaction_each_block_has_its_own(cursors: Cursors) -> None:
    used = [at_hand(cursors), at_hand(cursors)]
    assert used[0] is not used[1]
    assert [is_closed(cursor) for cursor in used] == [True, True]


def test_whoever_begins_to_look_at_queries_in_a_transaction_sees_those_of_its_next_write() -> None:
    with transaction.atomic():
        tag = Tag.objects.create(name="a")
        with CaptureQueriesContext(connections["default"]) as captured:
            tag.name = "b"
            tag.save()
        Tag.objects.create(name="c")
    verbs = [query["sql"].split()[0] for query in captured.captured_queries]
    assert [verb for verb in verbs if verb != "SELECT"] == ["UPDATE", "INSERT"]


def test_a_cursor_that_somebody_puts_in_the_place_of_djangos_is_used(
    cursors: Cursors, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: list[Any] = []
    original = connections["default"].cursor

    def cursor() -> Any:
        theirs.append(original())
        return theirs[-1]

    with transaction.atomic():
        Tag.objects.create(name="a")
        with monkeypatch.context() as patch:
            patch.setitem(vars(connections["default"]), "cursor", cursor)
            Tag.objects.create(name="b")
            assert at_hand(cursors) in theirs
        Tag.objects.create(name="c")
        assert at_hand(cursors) not in theirs
    assert len(entries()) == 3


def test_statements_go_on_after_one_that_failed() -> None:
    with disabled():
        Tag.objects.create(name="a")
    with transaction.atomic():
        Tag.objects.create(name="b")
        with pytest.raises(DatabaseError), transaction.atomic():
            Tag.objects.create(name="a")
        Tag.objects.create(name="c")
    assert [entry.changes["name"] for entry in entries()] == [[None, "b"], [None, "c"]]


def test_a_cursor_that_brought_many_rows_is_not_kept(cursors: Cursors) -> None:
    with transaction.atomic():
        used = at_hand(cursors)
        Tag.objects.bulk_create(Tag(name=str(number)) for number in range(101))
        Tag.objects.all()._raw_delete("default")
        assert is_closed(used)
    assert len(entries()) == 202


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
