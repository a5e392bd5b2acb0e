"""What an audited write asks of the database beyond plain Django: a promise, so a test for each database.

An update costs one read more, each write the entry's insert, each transaction and context the change set's.
PostgreSQL returns the one row of a `save()` as it was along with what it is. Where the database cannot return
the rows of an UPDATE, they are read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from signals_audit import disabled
from tests.testapp.models import Article, Bistro, Comment, Tag, Unaudited

from .log import ENTRY, first_entry, make, statements

pytestmark = pytest.mark.django_db


def saved(table: str) -> list[str]:
    """Return what saving one row costs, without its entry."""
    read, update = f"SELECT {table}", f"UPDATE {table}"
    return {"postgresql": [update], "sqlite": [read, update], "mysql": [read, update, read]}[
        connection.vendor
    ]


def plain(write: Callable[[], Any]) -> list[str]:
    """Return what plain Django runs for a write, which is undone again."""
    with disabled(), transaction.atomic():
        with statements() as ran:
            write()
        transaction.set_rollback(True)
    return ran


def test_creating_costs_the_entry_and_once_the_change_set() -> None:
    def write() -> None:
        Article.objects.create(title="a")

    assert plain(write) == ["INSERT testapp_article"]
    with statements() as ran:
        write()
        Article.objects.create(title="b")
    assert ran == ["INSERT testapp_article", *first_entry(), "INSERT testapp_article", ENTRY]


def test_saving_costs_a_read_at_most_and_the_entry() -> None:
    article = make(Article, title="a")

    def write() -> None:
        article.views += 1
        article.save()

    assert plain(write) == ["UPDATE testapp_article"]
    once = saved("testapp_article")
    with statements() as ran:
        write()
        write()
    assert ran == [*once, *first_entry(), *once, ENTRY]


def test_saving_without_a_change_costs_no_entry() -> None:
    article = make(Article, title="a")
    with statements() as ran:
        article.save()
    assert ran == saved("testapp_article")


def test_saving_a_child_costs_the_same_for_each_of_its_tables() -> None:
    bistro = make(Bistro, name="a")
    bistro.name, bistro.stars, bistro.is_cosy = "b", 2, False
    with statements() as ran:
        bistro.save()
    tables = ("testapp_place", "testapp_restaurant", "testapp_bistro")
    expected: list[str] = []
    for number, table in enumerate(tables):
        written = first_entry() if number == 0 else [ENTRY]
        expected += [*saved(table), *written]
    assert [statement for statement in ran if "SAVEPOINT" not in statement] == expected


def beyond(before: list[str], ran: list[str]) -> list[str]:
    """Return what was run in addition."""
    extra = list(ran)
    for statement in before:
        extra.remove(statement)
    return extra


def test_deleting_costs_the_entries_and_a_read_for_each_update_of_survivors() -> None:
    article = make(Article, title="a")
    make(Comment, article=article, text="c")

    def write() -> None:
        Article.objects.get().delete()

    before = plain(write)
    with statements() as ran:
        write()
    assert sorted(beyond(before, ran)) == sorted([*first_entry(), ENTRY, "SELECT testapp_review"])


def test_a_fast_delete_of_many_rows_costs_one_insert_of_entries() -> None:
    article = make(Article, title="a")
    with disabled():
        Comment.objects.bulk_create(Comment(article=article, text=str(number)) for number in range(20))

    def write() -> None:
        Comment.objects.all().delete()

    before = plain(write)
    with statements() as ran:
        write()
    assert ran == [*before, *first_entry()]


def test_adding_a_relation_costs_the_entry_and_a_read_of_its_owner_for_its_text() -> None:
    article, tag = make(Article, title="a"), make(Tag, name="t")

    def write() -> None:
        article.tags.add(tag)

    before = plain(write)
    with statements() as ran:
        write()
    assert sorted(beyond(before, ran)) == sorted([*first_entry(), "SELECT testapp_article"])


@pytest.mark.parametrize("number", [1, 10])
def test_an_update_costs_the_same_whatever_its_size(number: int) -> None:
    with disabled():
        Article.objects.bulk_create(Article(title=str(place)) for place in range(number))
    with statements() as ran:
        Article.objects.update(views=1)
    read, update = "SELECT testapp_article", "UPDATE testapp_article"
    again = [read] if connection.vendor == "mysql" else []
    assert ran == [read, update, *again, *first_entry()]


def test_an_update_with_a_condition_looks_on_mariadb_for_rows_and_locks_them_by_an_update() -> None:
    """A locking read waits for other rows, and keeps some, which the UPDATE does not."""
    with disabled():
        Article.objects.bulk_create(Article(title=title) for title in "ab")
    read, update = "SELECT testapp_article", "UPDATE testapp_article"
    look, again = ([read, update], [read]) if connection.vendor == "mysql" else ([], [])
    with statements() as ran:
        Article.objects.filter(title="a").update(views=1)
    assert ran == [*look, read, update, *again, *first_entry()]
    with statements() as ran:
        Article.objects.filter(title="c").update(views=1)
    assert ran == [read, update]


def test_a_model_that_is_not_audited_costs_nothing(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article"]}

    def write() -> None:
        row = Unaudited.objects.create(name="a")
        row.name = "b"
        row.save()
        Unaudited.objects.update(name="c")
        Unaudited.objects.bulk_create([Unaudited(name="d")])
        row.delete()

    before = plain(write)
    with statements() as ran:
        write()
    assert ran == before


def test_reading_costs_nothing() -> None:
    make(Article, title="a")
    with statements() as ran:
        list(Article.objects.all())
        Article.objects.get().refresh_from_db()
        Article.objects.filter(title="a").exists()
    assert ran == ["SELECT testapp_article"] * 4


@pytest.mark.django_db(transaction=True)
def test_in_autocommit_a_write_costs_its_transaction_too() -> None:
    Tag.objects.create(name="first")  # what is asked once for each connection is asked
    with statements() as ran:
        Tag.objects.create(name="a")
    assert ran == ["BEGIN", "INSERT testapp_tag", *first_entry(), "COMMIT"]


@pytest.mark.django_db(transaction=True)
def test_the_text_of_an_object_is_made_without_a_query() -> None:
    article = make(Article, title="a")
    with statements() as ran:
        Comment.objects.create(article_id=article.pk, text="c")
    assert not any(statement.startswith("SELECT") for statement in ran)
