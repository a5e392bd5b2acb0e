from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from signals_audit import (
    Actor,
    ActorKind,
    ChangeEvent,
    Timing,
    audit_context,
    on_change,
    on_create,
    on_delete,
    on_m2m_change,
)
from signals_audit.context import current, resolve_actor
from signals_audit.deliveries.policy import Policy
from signals_audit.exceptions import LoopDetected
from signals_audit.models import AuditEntry
from signals_audit.reactions import dispatch
from tests.testapp.models import Article, Author, Comment, Tag

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Actor(ActorKind.USER, "17", "ada")


@pytest.fixture(autouse=True)
def _tasks_here(settings: Any) -> None:
    """Have tasks run by the process that asks for them: what matters here is what they are given."""
    delivery = {"TASKS": "signals_audit.deliveries.deliver"}
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "DELIVERY": delivery}


def test_hooks_run_in_order_of_declaration_first_those_in_the_transaction() -> None:
    calls: list[str] = []

    @on_create(Author)
    def third(event: ChangeEvent) -> None:
        calls.append(f"third {transaction.get_connection().in_atomic_block}")

    @on_create("testapp.Author", timing=Timing.IN_TRANSACTION)
    def first(event: ChangeEvent) -> None:
        calls.append(f"first {transaction.get_connection().in_atomic_block}")

    @on_create("testapp.author")
    def fourth(event: ChangeEvent) -> None:
        calls.append("fourth")

    @on_create(Author, timing=Timing.IN_TRANSACTION)
    def second(event: ChangeEvent) -> None:
        calls.append("second")

    Author.objects.create(name="Ada")
    assert calls == ["first True", "second", "third False", "fourth"]


def test_a_hook_in_the_transaction_vetoes_the_write_by_raising() -> None:
    @on_create(Author, timing=Timing.IN_TRANSACTION)
    def refuse(event: ChangeEvent) -> None:
        raise ValueError("not this one")

    with pytest.raises(ValueError, match=r"^not this one$"):
        Author.objects.create(name="Ada")
    assert not Author.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_hook_that_fails_after_commit_is_logged_and_stops_neither_the_write_nor_other_hooks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[str] = []

    @on_create(Author)
    def fail(event: ChangeEvent) -> None:
        raise ValueError("mail server down")

    @on_create(Author)
    def go_on(event: ChangeEvent) -> None:
        calls.append(event.object_repr)

    author = Author.objects.create(name="Ada")
    assert Author.objects.get() == author
    assert calls == ["Ada"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("signals_audit.reactions", logging.ERROR)
    assert record.getMessage() == (
        f"The hook {__name__}.{fail.__qualname__} failed after "
        f"create of testapp.Author {author.pk} on the database 'default'"
    )
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "mail server down"


def test_no_hook_runs_after_a_rollback() -> None:
    calls: list[str] = []
    on_create(Author)(lambda event: calls.append(event.object_repr))

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Author.objects.create(name="lost")
        _ = 1 / 0
    with transaction.atomic():
        Author.objects.create(name="kept")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Author.objects.create(name="lost too")
            _ = 1 / 0
        assert calls == []
    assert calls == ["kept"]


def test_every_kind_of_hook_is_called_with_its_changes_only() -> None:
    calls: list[tuple[str, Any]] = []
    on_create(Article)(lambda event: calls.append(("create", event.instance)))
    on_change(Article, "title")(lambda event: calls.append(("title", event.changes["title"])))
    on_change(Article)(lambda event: calls.append(("change", tuple(event.changes))))
    on_m2m_change(Article, "tags")(lambda event: calls.append(("tags", event.changes["tags"])))
    on_delete(Article)(lambda event: calls.append(("delete", event.pk)))

    article = Article.objects.create(title="one")
    tag = Tag.objects.create(name="django")
    article.tags.add(tag)
    article.views = 3
    article.save()
    article.title = "two"
    article.save()
    key = article.pk
    article.delete()
    assert calls == [
        ("create", article),
        ("tags", ((tag.pk,), ())),
        ("change", ("views",)),
        ("title", ("one", "two")),
        ("change", ("title",)),
        ("tags", ((), (tag.pk,))),
        ("delete", key),
    ]


@pytest.mark.parametrize("timing", Timing)
def test_a_hook_runs_with_the_actor_and_the_facts_of_its_change(timing: Timing) -> None:
    seen: list[Any] = []

    @on_create(Author, timing=timing)
    def look(event: ChangeEvent) -> None:
        context = current()
        seen.append((resolve_actor(context), context.reason, context.correlation_id, dict(context.extra)))

    with transaction.atomic():
        with audit_context(actor=lambda: ADA, reason="import", correlation_id="request-1", batch=7):
            Author.objects.create(name="Ada")
        with audit_context(actor="somebody else"):
            Author.objects.create(name="Ben")
    assert seen == [
        (ADA, "import", "request-1", {"batch": 7}),
        (Actor(ActorKind.SYSTEM, None, "somebody else"), "", "", {}),
    ]
    assert current().cause is None


def test_the_actor_of_a_change_stays_its_actor_whoever_acts_at_commit() -> None:
    acting = [ADA]
    seen: list[Actor] = []
    on_create(Author)(lambda event: seen.append(resolve_actor(current())))

    with audit_context(actor=lambda: acting[0]), transaction.atomic():
        Author.objects.create(name="Ada")
        acting[0] = Actor(ActorKind.USER, "18", "ben")
        Author.objects.create(name="Ben")
        acting[0] = Actor(ActorKind.ANONYMOUS, None, "anonymous")
    assert [actor.label for actor in seen] == ["ada", "ben"]


@pytest.mark.parametrize("timing", Timing)
def test_what_a_hook_writes_names_the_hook_and_the_entry_that_caused_it(timing: Timing) -> None:
    @on_create(Author, timing=timing)
    def write_article(event: ChangeEvent) -> None:
        Article.objects.create(title=f"On {event.object_repr}", author_id=event.pk)

    @on_create(Article, timing=timing)
    def write_comment(event: ChangeEvent) -> None:
        Comment.objects.create(text="first", article_id=event.pk)

    with audit_context(actor=ADA, correlation_id="request-1"):
        Author.objects.create(name="Ada")

    entries = {entry.model: entry for entry in AuditEntry.objects.select_related("change_set")}
    author, article = entries["testapp.Author"], entries["testapp.Article"]
    comment = entries["testapp.Comment"]
    assert [
        (entry.caused_by, entry.caused_by_change_set, entry.caused_by_seq)
        for entry in (author, article, comment)
    ] == [
        ("", None, None),
        (f"{__name__}.{write_article.__qualname__}", author.change_set_id, author.seq),
        (f"{__name__}.{write_comment.__qualname__}", article.change_set_id, article.seq),
    ]
    assert {(entry.change_set.actor_repr, entry.change_set.correlation_id) for entry in entries.values()} == {
        ("ada", "request-1")
    }
    assert len({entry.change_set_id for entry in entries.values()}) == (
        1 if timing is Timing.IN_TRANSACTION else 3
    )


def test_a_hook_of_a_model_that_is_not_audited_runs_and_has_no_entry_as_cause() -> None:
    seen: list[Any] = []

    @on_create(Group)
    def write(event: ChangeEvent) -> None:
        seen.append((event.address, event.changes["name"]))
        Author.objects.create(name="Ada")

    Group.objects.create(name="x")
    entry = AuditEntry.objects.get()
    assert seen == [(None, (None, "x"))]
    assert (entry.model, entry.caused_by) == ("testapp.Author", f"{__name__}.{write.__qualname__}")
    assert (entry.caused_by_change_set, entry.caused_by_seq) == (None, None)


@pytest.mark.parametrize("timing", Timing)
def test_a_hook_may_change_its_own_model(timing: Timing) -> None:
    @on_change(Author, "name", timing=timing)
    def tidy(event: ChangeEvent) -> None:
        author = Author.objects.get(pk=event.pk)
        author.name = author.name.strip()
        author.save()

    author = Author.objects.create(name="Ada")
    author.name = "  Ada Lovelace "
    author.save()
    author.refresh_from_db()
    assert author.name == "Ada Lovelace"
    assert [entry.changes.get("name") for entry in AuditEntry.objects.order_by("id")] == [
        [None, "Ada"],
        ["Ada", "  Ada Lovelace "],
        ["  Ada Lovelace ", "Ada Lovelace"],
    ]


def count_on(event: ChangeEvent) -> None:
    Author.objects.create(name=str(int(event.object_repr) + 1))


def test_hooks_in_the_transaction_that_set_each_other_off_are_stopped_and_undone() -> None:
    on_create(Author, timing=Timing.IN_TRANSACTION)(count_on)

    with pytest.raises(LoopDetected) as caught:
        Author.objects.create(name="1")
    assert not Author.objects.exists()
    message = str(caught.value)
    assert message.startswith("Hooks keep setting each other off, more than 8 deep: ")
    chain = message.partition(": ")[2].split(" → ")
    assert len(chain) == Policy().DEPTH + 1
    assert all(step.startswith(f"{__name__}.count_on (create of testapp.Author ") for step in chain)


def test_hooks_after_commit_that_set_each_other_off_are_stopped_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    on_create(Author)(count_on)

    Author.objects.create(name="1")
    assert sorted(int(author.name) for author in Author.objects.all()) == list(range(1, 10))
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LoopDetected)
    assert str(record.exc_info[1]).count(f"{__name__}.count_on") == Policy().DEPTH + 1


def test_a_loop_ends_also_where_each_commit_waits_for_the_one_before(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    on_create(Author)(count_on)

    with transaction.atomic(), django_capture_on_commit_callbacks(execute=True):
        Author.objects.create(name="1")
    assert Author.objects.count() == Policy().DEPTH + 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_wants_says_whether_anything_reacts_and_awaits_whether_it_does_so_after_commit() -> None:
    on_create(Author, timing=Timing.IN_TRANSACTION)(count_on)
    on_create(Article)(count_on)
    assert [(dispatch.wants(model), dispatch.awaits(model)) for model in (Author, Article, Tag)] == [
        (True, False),
        (True, True),
        (False, False),
    ]
