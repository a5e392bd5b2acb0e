"""What `signals_audit.testing` offers to projects."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from signals_audit import Action, auto_create, disabled, notify_on, on_create, register
from signals_audit.capture.images import WAS
from signals_audit.hooks import hooks
from signals_audit.registry import registry
from signals_audit.testing import (
    assert_num_queries,
    assert_recorded,
    capture_changes,
    isolated_registry,
    unaudited_queries,
)
from tests.testapp.models import Article, Author, Place, Remembered, Restaurant, Tag, Unaudited

pytestmark = pytest.mark.django_db


def statements(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        work()
    return [query["sql"] for query in captured.captured_queries]


def test_capture_changes_collects_the_events_of_the_block_in_order() -> None:
    before = Author.objects.create(name="before")
    with capture_changes() as events:
        author = Author.objects.create(name="Ada")
        author.name = "Ada Lovelace"
        author.save()
        tag = Tag.objects.create(name="python")
        before.delete()
    Author.objects.create(name="after")
    assert [(event.label, event.action) for event in events] == [
        ("testapp.Author", Action.CREATE),
        ("testapp.Author", Action.UPDATE),
        ("testapp.Tag", Action.CREATE),
        ("testapp.Author", Action.DELETE),
    ]
    assert events[1].changes == {"name": ("Ada", "Ada Lovelace")}
    assert events[2].pk == tag.pk


@pytest.mark.parametrize("model", [Author, "testapp.Author", "testapp.author"])
def test_capture_changes_can_be_narrowed_to_models(model: Any) -> None:
    with capture_changes(model) as events:
        Tag.objects.create(name="python")
        Author.objects.create(name="Ada")
    assert [event.label for event in events] == ["testapp.Author"]


def test_capture_changes_keeps_events_of_a_transaction_that_is_undone() -> None:
    with capture_changes() as events, pytest.raises(RuntimeError), transaction.atomic():
        Author.objects.create(name="Ada")
        raise RuntimeError
    assert [event.action for event in events] == [Action.CREATE]


def test_capture_changes_sees_relations() -> None:
    article, tag = Article.objects.create(title="Signals"), Tag.objects.create(name="python")
    with capture_changes(Article) as events:
        article.tags.add(tag)
    assert [event.changes for event in events] == [{"tags": ((tag.pk,), ())}]


def test_assert_recorded_returns_the_entries_that_match() -> None:
    author = Author.objects.create(name="Ada")
    author.name = "Ada Lovelace"
    author.save()
    (entry,) = assert_recorded(author, action="update", changes={"name": ("Ada", "Ada Lovelace")}, count=1)
    assert entry.changes == {"name": ["Ada", "Ada Lovelace"]}
    assert [entry.action for entry in assert_recorded(author)] == ["create", "update"]
    assert len(assert_recorded(Author, count=2)) == 2


def test_assert_recorded_takes_objects_for_their_keys_and_relations_as_sets() -> None:
    author = Author.objects.create(name="Ada")
    article = Article.objects.create(title="Signals", author=author, price="1.5")
    tags = [Tag.objects.create(name=name) for name in ("a", "b")]
    article.tags.add(*tags)
    article.tags.remove(tags[0])
    assert_recorded(article, action="create", changes={"author": (None, author), "body": (None, "")})
    assert_recorded(article, changes={"tags": {"added": reversed(tags)}}, count=1)
    assert_recorded(article, changes={"tags": {"removed": [tags[0]]}}, count=1)


def test_assert_recorded_counts_none() -> None:
    author = Author.objects.create(name="Ada")
    assert assert_recorded(author, action="delete", count=0) == []
    assert assert_recorded(Unaudited, count=0) == []


def test_assert_recorded_says_what_is_recorded_instead() -> None:
    author = Author.objects.create(name="Ada", password="geheim")
    author.name = "Ada Lovelace"
    author.save()
    (created, updated) = assert_recorded(author)
    with pytest.raises(AssertionError) as failure:
        assert_recorded(author, action="update", changes={"name": ("Ada", "Ada Byron")})
    assert str(failure.value).splitlines() == [
        f"Expected at least one entry of testapp.Author {author.pk}, found 0.",
        "  expected: update",
        "      name: 'Ada' -> 'Ada Byron'",
        "  recorded: 2 in all",
        f"    {created.pk}: create",
        f"      id: None -> {author.pk}",
        "      name: None -> 'Ada'",
        "      email: None -> ''",
        "      password: None -> MASKED",
        f"    {updated.pk}: update",
        "      name: 'Ada' -> 'Ada Lovelace'",
    ]


def test_assert_recorded_says_that_a_model_may_not_be_audited() -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    with pytest.raises(AssertionError, match="recorded: 0 in all, so it may not be audited"):
        assert_recorded(author, count=1)


def test_assert_recorded_refuses_an_object_whose_key_is_gone() -> None:
    author = Author.objects.create(name="Ada")
    author.delete()
    with pytest.raises(ValueError, match="no key"):
        assert_recorded(author, action="delete")
    assert_recorded(Author, action="delete", count=1)


def test_an_isolated_registry_is_as_it_was_afterwards() -> None:
    models, declared = registry.snapshot(), hooks.snapshot()
    with isolated_registry():
        register(Author, exclude=["name"])
        on_create(Author)(lambda event: None)
        auto_create("auth.User", "testapp.Profile")
        notify_on("testapp.Comment", recipient="article.author", verb="commented on")
        assert registry.options_for(Author).exclude == ("name",)
    assert registry.snapshot() == models
    assert hooks.snapshot() == declared
    assert registry.options_for(Author).exclude == ()


def everything() -> None:
    author = Author.objects.create(name="Ada")
    author.name = "Ada Lovelace"
    author.save()
    article = Article.objects.create(title="Signals", author=author)
    article.tags.add(Tag.objects.create(name="python"))
    Article.objects.filter(pk=article.pk).update(views=3)
    Author.objects.bulk_create([Author(name="one"), Author(name="two")])
    restaurant = Restaurant.objects.create(name="Chez Ada")
    Place.objects.filter(pk=restaurant.pk).update(city="London")
    remembered = Remembered.objects.create(name="one")
    remembered = Remembered.objects.get(pk=remembered.pk)
    remembered.name = "two"
    remembered.save(update_fields=["name"])
    with transaction.atomic():
        author.delete()


def normal(sql: list[str]) -> list[str]:
    """Statements without keys, and without the columns that capture has returned to it."""
    return [statement.split(" RETURNING ")[0].split(" ")[0] for statement in sql]


def test_unaudited_queries_leave_what_plain_django_asks() -> None:
    with disabled(), transaction.atomic():
        plain = statements(everything)
        transaction.set_rollback(True)
    with unaudited_queries():
        audited = statements(everything)
    assert normal(audited) == normal(plain)
    assert not [sql for sql in audited if "signals_audit" in sql.replace(WAS, "")]


def test_unaudited_queries_work_inside_a_counting_block_too(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1), unaudited_queries():
        Author.objects.create(name="Ada")


def test_unaudited_queries_leave_the_log_of_statements_as_it_was() -> None:
    log = connection.queries_log
    with unaudited_queries():
        assert connection.queries_log is not log
    assert connection.queries_log is log


@pytest.mark.django_db(transaction=True)
def test_unaudited_queries_leave_out_the_transactions_that_the_log_opens() -> None:
    with unaudited_queries():
        audited = statements(lambda: Author.objects.create(name="Ada"))
    with disabled():
        plain = statements(lambda: Author.objects.create(name="Ada"))
    assert normal(audited) == normal(plain) == ["INSERT"]


def test_assert_num_queries_counts_what_the_project_asks() -> None:
    with assert_num_queries(2) as captured:
        author = Author.objects.create(name="Ada")
        author.name = "Ada Lovelace"
        author.save()
    assert normal([query["sql"] for query in captured.captured_queries]) == ["INSERT", "UPDATE"]


def test_assert_num_queries_shows_the_queries_when_it_fails() -> None:
    with (
        pytest.raises(AssertionError, match=r"1 queries, 2 expected\.\n  INSERT INTO"),
        assert_num_queries(2),
    ):
        Author.objects.create(name="Ada")
