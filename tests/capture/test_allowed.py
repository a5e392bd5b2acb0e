"""What plain Django allows around a write stays allowed: each story ends the same with and without us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from threading import Thread
from typing import Any

import django
import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models.signals import post_save

from signals_audit import disabled
from signals_audit.capture import seams
from tests.testapp.models import Article, Comment, Tag

from .log import connected, created, entries, updated

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("app")]


@pytest.fixture(params=["with the app", "disabled", "without the app"])
def app(request: pytest.FixtureRequest) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "disabled":
            stack.enter_context(disabled())
        elif request.param == "without the app":
            seams.remove()
            stack.callback(seams.install)
        yield request.param


class Failure(Exception):
    """What somebody's receiver raises."""


def fail(**_kwargs: Any) -> None:
    raise Failure


def assert_recorded(app: str, *expected: Any) -> None:
    assert entries() == (list(expected) if app == "with the app" else [])


def test_an_error_of_a_post_save_receiver_may_be_caught_inside_an_outer_block(app: str) -> None:
    article = Article(title="a")
    with transaction.atomic():
        with connected(post_save, fail, Article), pytest.raises(Failure):
            article.save()
        tag = Tag.objects.create(name="t")
    assert (Article.objects.count(), Tag.objects.count()) == (1, 1)
    assert_recorded(app, created(article), created(tag, 2))


def test_a_durable_block_may_be_entered_from_post_save(app: str) -> None:
    def pay(**_kwargs: Any) -> None:
        with transaction.atomic(durable=True):
            Tag.objects.create(name="paid")

    with connected(post_save, pay, Article):
        article = Article.objects.create(title="a")
    tag = Tag.objects.get()
    assert_recorded(app, created(article), created(tag))


def test_another_connection_can_read_the_row_from_post_save(app: str) -> None:
    seen: list[list[str]] = []

    def look(**_kwargs: Any) -> None:
        thread = Thread(target=look_elsewhere)
        thread.start()
        thread.join()

    def look_elsewhere() -> None:
        try:
            seen.append(list(Article.objects.values_list("title", flat=True)))
        finally:
            connection.close()

    with connected(post_save, look, Article):
        article = Article.objects.create(title="a")
        article.title = "b"
        article.save()
    assert seen == [["a"], ["b"]]
    assert [entry.action for entry in entries()] == (["create", "update"] if app == "with the app" else [])


def test_a_failing_post_save_in_autocommit_leaves_the_row_and_its_entry(app: str) -> None:
    article = Article(title="a")
    with connected(post_save, fail, Article), pytest.raises(Failure):
        article.save()
    assert Article.objects.get() == article
    assert_recorded(app, created(article))
    article.title = "b"
    with connected(post_save, fail, Article), pytest.raises(Failure):
        article.save()
    assert Article.objects.get().title == "b"


def test_a_callback_of_on_commit_that_is_asked_for_in_post_save_runs_at_once_in_autocommit(app: str) -> None:
    order: list[str] = []

    def ask(**_kwargs: Any) -> None:
        transaction.on_commit(lambda: order.append("committed"))
        order.append("asked")

    with connected(post_save, ask, Article):
        Article.objects.create(title="a")
        order.append("saved")
    assert order == ["committed", "asked", "saved"]


def test_post_save_in_autocommit_is_outside_of_any_transaction(app: str) -> None:
    seen: list[bool] = []

    def look(**_kwargs: Any) -> None:
        seen.append(connections["default"].in_atomic_block)

    with connected(post_save, look, Article):
        Article.objects.create(title="a")
    assert seen == [False]


def test_an_error_of_a_post_save_receiver_does_not_taint_the_block_around_it(app: str) -> None:
    with transaction.atomic(), connected(post_save, fail, Article):
        with pytest.raises(Failure):
            Article.objects.create(title="a")
        assert transaction.get_rollback() is False


def test_an_instance_that_could_not_be_saved_can_be_saved_afterwards(app: str) -> None:
    Article.objects.create(title="taken")
    article = Article(title="taken")
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        article.save()
    assert article._state.adding is True
    article.title = "free"
    article.save()
    assert Article.objects.filter(title="free").count() == 1


def test_a_foreign_key_that_points_nowhere_fails_and_the_instance_can_be_saved_again(
    app: str,
) -> None:
    article = Article.objects.create(title="a")
    comment = Comment(article_id=article.pk + 1000, text="c")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        comment.save()
    assert comment._state.adding is True
    comment.article_id = article.pk
    comment.save()
    assert Comment.objects.count() == 1


def test_writes_are_refused_within_a_broken_block_as_ever(app: str) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            Article.objects.create(title="a")
        with pytest.raises(transaction.TransactionManagementError):
            Article.objects.update(views=1)
        with pytest.raises(transaction.TransactionManagementError):
            Article.objects.all().delete()
    assert entries() == []


def test_an_update_that_is_prefetched_and_cached_is_seen_as_ever(app: str) -> None:
    article = Article.objects.create(title="a")
    queryset = Article.objects.all()
    assert [row.views for row in queryset] == [0]
    queryset.update(views=5)
    assert [row.views for row in queryset.all()] == [5]
    assert_recorded(app, created_as_it_was(article), updated(article, {"views": [0, 5]}, source="update"))


def created_as_it_was(article: Article) -> Any:
    entry = created(article)
    return entry._replace(changes=entry.changes | {"views": [None, 0]})


def test_a_bulk_create_that_fails_within_a_transaction_ends_as_in_plain_django(app: str) -> None:
    """Since Django 6.0 one batch has no block of its own: databases that can go on may go on."""
    Tag.objects.create(name="a")
    went_on = False
    try:
        with transaction.atomic():
            with suppress(IntegrityError):
                Tag.objects.bulk_create([Tag(name="a")])
            Tag.objects.create(name="b")
            went_on = True
    except DatabaseError:
        pass
    can_go_on = django.VERSION >= (6, 0) and connection.vendor != "postgresql"
    assert went_on is can_go_on
    assert Tag.objects.filter(name="b").exists() is can_go_on
