"""The audited lifecycle signals: sent for each change, inside its transaction, with truth and object."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from signals_audit import (
    Action,
    Actor,
    ActorKind,
    Change,
    ChangeEvent,
    RelationChange,
    audit_context,
    changes_committed,
    disabled,
    object_changed,
    object_created,
    object_deleted,
    relation_changed,
)
from signals_audit.models import AuditEntry
from tests.testapp.models import Article, Author, Bistro, Place, PublishedArticle, Rude, Tag, Ticket

from .log import brief, connected, entries, heard, make, orphans, updated

pytestmark = pytest.mark.django_db


class Veto(Exception):
    """What a receiver raises that does not want a change."""


def veto(**_kwargs: Any) -> None:
    raise Veto


def test_each_action_has_a_signal_with_the_model_as_sender() -> None:
    sent: list[tuple[Any, Any, ChangeEvent]] = []
    tag = make(Tag, name="t")

    def note(signal: Any, sender: Any, event: ChangeEvent, **_kwargs: Any) -> None:
        sent.append((signal, sender, event))

    with (
        connected(object_created, note, Article),
        connected(object_changed, note, Article),
        connected(object_deleted, note, Article),
        connected(relation_changed, note, Article),
    ):
        article = Article.objects.create(title="a")
        key = article.pk
        article.title = "b"
        article.save()
        article.tags.add(tag)
        article.delete()
        Tag.objects.create(name="another sender")
    assert [(signal, sender, event.action, event.pk) for signal, sender, event in sent] == [
        (object_created, Article, Action.CREATE, key),
        (object_changed, Article, Action.UPDATE, key),
        (relation_changed, Article, Action.UPDATE, key),
        (relation_changed, Article, Action.UPDATE, key),
        (object_deleted, Article, Action.DELETE, key),
    ]
    typed = [event.changes for _, _, event in sent]
    assert typed[1] == {"title": Change("a", "b")}
    assert [typed[2], typed[3]] == [
        {"tags": RelationChange((tag.pk,), ())},
        {"tags": RelationChange((), (tag.pk,))},
    ]
    assert (typed[0]["title"], typed[4]["title"]) == (Change(None, "a"), Change("b", None))


def test_an_event_says_everything_about_its_change() -> None:
    actor = Actor(ActorKind.USER, "1", "Ada")
    with audit_context(actor=actor, reason="why"), heard() as events:
        article = Article.objects.create(title="a")
    (event,) = events
    entry = AuditEntry.objects.get()
    assert (event.model, event.action, event.pk, event.object_id) == (
        Article,
        "create",
        article.pk,
        str(article.pk),
    )
    assert (event.object_repr, event.using, event.source, event.relation) == ("a", "default", "save", None)
    assert (event.actor, event.context.reason, event.label) == (actor, "why", "testapp.Article")
    assert event.address is not None
    assert (event.address.change_set, event.address.seq) == (entry.change_set_id, 1)
    assert event.created_at == entry.created_at


def test_the_entry_is_there_when_the_signal_is_sent() -> None:
    seen: list[list[Any]] = []
    with connected(object_created, lambda **_: seen.append(brief()), Tag):
        tag = Tag.objects.create(name="a")
    assert seen == [[("create", "Tag", str(tag.pk))]]


@pytest.mark.django_db(transaction=True)
def test_the_signals_are_sent_inside_the_transaction_of_the_change() -> None:
    seen: list[bool] = []
    with connected(object_created, lambda **_: seen.append(connection.in_atomic_block), Tag):
        Tag.objects.create(name="a")
    assert seen == [True]


@pytest.mark.parametrize("signal", [object_created, object_changed, object_deleted, relation_changed])
@pytest.mark.parametrize("in_block", [False, True])
@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_raises_undoes_the_change(signal: Any, in_block: bool) -> None:
    article, tag = make(Article, title="a"), make(Tag, name="t")
    writes = {
        object_created: lambda: Article.objects.create(title="b"),
        object_changed: lambda: Article.objects.update(title="b"),
        object_deleted: lambda: article.delete(),
        relation_changed: lambda: article.tags.add(tag),
    }
    with connected(signal, veto, Article), pytest.raises(Veto):
        if in_block:
            with transaction.atomic():
                writes[signal]()
        else:
            writes[signal]()
    assert list(Article.objects.values_list("title", flat=True)) == ["a"]
    assert (Article.tags.through.objects.count(), entries(), orphans()) == (0, [], [])


@pytest.mark.django_db(transaction=True)
def test_an_instance_whose_creation_was_vetoed_can_be_saved_afterwards() -> None:
    article = Article(title="a")
    with connected(object_created, veto, Article), pytest.raises(Veto):
        article.save()
    assert article._state.adding is True
    article.save()
    assert Article.objects.get().title == "a"
    assert [entry.action for entry in entries()] == ["create"]


def test_a_veto_taints_the_block_around_it_unless_it_has_a_savepoint() -> None:
    with transaction.atomic():
        with connected(object_created, veto, Article), pytest.raises(Veto):
            Article.objects.create(title="a")
        assert transaction.get_rollback() is True
    assert Article.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_was_vetoed_and_caught_is_undone_with_the_block_around_it() -> None:
    make(Article, title="a")
    with transaction.atomic(), connected(object_deleted, veto, Article), pytest.raises(Veto):
        Article.objects.all()._raw_delete("default")
    assert Article.objects.count() == 1
    assert (entries(), orphans()) == ([], [])


def test_the_instance_of_an_event_is_the_one_that_was_saved_with_its_key() -> None:
    seen: list[tuple[Any, Any, Any]] = []

    def look(event: ChangeEvent, **_kwargs: Any) -> None:
        seen.append((event.instance, event.instance.pk, event.instance._state.adding))

    article = Article(title="a")
    with connected(object_created, look, Article):
        article.save()
    assert seen == [(article, article.pk, False)]
    assert seen[0][0] is article


@pytest.mark.parametrize("model", [Article, Ticket])
def test_saving_the_instance_again_from_a_receiver_updates_its_row(model: Any) -> None:
    def rename(event: ChangeEvent, **_kwargs: Any) -> None:
        event.instance.title = "b"
        event.instance.save()

    with connected(object_created, rename, model):
        made = model.objects.create(title="a")
    first, second = entries()
    assert (first.action, first.changes["title"]) == ("create", [None, "a"])
    assert second == updated(made, {"title": ["a", "b"]}, 2)
    assert model.objects.count() == 1


def test_the_event_of_a_set_loads_its_instance_lazily() -> None:
    make(Article, title="a", views=1)
    with heard() as events:
        Article.objects.update(views=2)
    instance = events[0].instance
    assert isinstance(instance, Article)
    assert (instance.title, instance.views) == ("a", 2)
    instance.title = "b"
    instance.save()
    assert Article.objects.get().title == "b"


def test_the_event_of_a_model_audited_in_part_has_the_whole_instance(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"fields": ["views"]}}}
    make(Article, title="a", views=1)
    with heard() as events:
        Article.objects.update(views=2)
        Article.objects.all().delete()
    assert [(event.instance.pk is not None, event.instance.views) for event in events] == [
        (True, 2),
        (True, 2),
    ]
    assert events[0].object_repr in ("a", f"testapp.Article {events[0].pk}")


def test_events_hold_real_values_where_entries_are_masked() -> None:
    with heard() as events:
        Author.objects.create(name="a", password="secret")
    assert events[0].changes["password"] == Change(None, "secret")
    assert entries()[0].changes["password"] == [None, {"masked": True}]


def test_a_proxy_and_a_child_are_announced_under_the_classes_of_their_tables() -> None:
    with heard() as events:
        PublishedArticle.objects.create(title="a")
        Bistro.objects.create(name="b")
    assert [event.model.__name__ for event in events] == ["Article", "Place", "Restaurant", "Bistro"]
    assert isinstance(events[1].instance, Place)


def test_raw_is_told_of_fixtures_alone() -> None:
    with heard() as events:
        article = Article.objects.create(title="a")
        article.views = 1
        article.save_base(raw=True)
    assert [event.raw for event in events] == [False, True]


def test_nothing_is_announced_of_what_changed_nothing_or_is_disabled() -> None:
    article = make(Article, title="a")
    with heard() as events:
        article.save()
        Article.objects.filter(pk=-1).delete()
        with disabled():
            Article.objects.update(views=1)
    assert events == []


def test_an_object_without_a_text_is_announced_all_the_same() -> None:
    with heard() as events:
        rude = Rude.objects.create(name="a")
    assert events[0].object_repr == f"testapp.Rude {rude.pk}"


@pytest.mark.django_db(transaction=True)
def test_changes_committed_tells_all_events_of_a_transaction_in_order() -> None:
    told: list[Any] = []

    def note(sender: Any, events: tuple[ChangeEvent, ...], using: str, **_kwargs: Any) -> None:
        told.append((sender, using, [(event.action, event.source, event.object_repr) for event in events]))

    with connected(changes_committed, note), transaction.atomic():
        article = Article.objects.create(title="a")
        Article.objects.update(views=1)
        article.tags.create(name="t")
        article.delete()
    assert told == [
        (
            None,
            "default",
            [
                ("create", "save", "a"),
                ("update", "update", "a"),
                ("create", "save", "t"),
                ("update", "relation", "a"),
                ("update", "relation", "a"),
                ("delete", "delete", "a"),
            ],
        )
    ]


@pytest.mark.django_db(transaction=True)
def test_what_changes_committed_writes_is_a_change_of_its_own() -> None:
    def follow(events: tuple[ChangeEvent, ...], **_kwargs: Any) -> None:
        if events[0].object_repr == "a":
            Tag.objects.create(name="b")

    with connected(changes_committed, follow):
        Tag.objects.create(name="a")
    assert [entry.changes["name"] for entry in entries()] == [[None, "a"], [None, "b"]]
    assert orphans() == []
    assert AuditEntry.objects.values("change_set").distinct().count() == 2


def test_an_event_cannot_be_changed() -> None:
    with heard() as events:
        Tag.objects.create(name="a")
    with pytest.raises(AttributeError):
        events[0].source = "else"  # type: ignore[misc]
