"""Deletions: every row that goes, every row that is changed by it, as the database had them."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.db.models.signals import post_delete, pre_delete

from signals_audit import disabled
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Child,
    Comment,
    Country,
    Membership,
    Note,
    Parent,
    Person,
    Place,
    PublishedArticle,
    Restaurant,
    Review,
    Seat,
    Tag,
    Ticket,
    Topic,
    Unaudited,
    Vote,
)
from tests.testapp.strange import Stall

from .log import (
    brief,
    connected,
    deleted,
    entries,
    first_entry,
    heard,
    image,
    make,
    related,
    statements,
    updated,
)

pytestmark = pytest.mark.django_db


def test_deleting_a_row_records_all_of_it() -> None:
    article = make(Article, title="a", meta={"k": 1})
    before = image(article)
    article.delete()
    assert entries() == [deleted(Article, before)]


def test_what_was_changed_in_memory_alone_is_not_in_the_deletion() -> None:
    article = make(Article, title="a")
    before = image(article)
    article.title = "never saved"
    article.delete()
    assert entries() == [deleted(Article, before)]


def test_a_deletion_records_children_that_go_and_rows_that_lose_their_reference() -> None:
    article = make(Article, title="a")
    comment = make(Comment, article=article, text="c")
    review, vote = make(Review, article=article), make(Vote, article=article)
    gone, article_before, comment_before = article.pk, image(article), image(comment)
    article.delete()
    found = entries()
    assert [
        entry._replace(seq=0) for entry in sorted(found, key=lambda entry: (entry.action, entry.model))
    ] == [
        deleted(Article, article_before, 0),
        deleted(Comment, comment_before, 0),
        updated(review, {"article": [gone, None]}, 0, source="update"),
        updated(vote, {"article": [gone, None]}, 0, source="update"),
    ]
    assert sorted(entry.seq for entry in found) == [1, 2, 3, 4]


def test_rows_that_lose_their_reference_alone_are_recorded_when_the_other_side_is_not_audited(
    settings: Any,
) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Review"]}
    article = make(Article, title="a")
    review = make(Review, article=article)
    gone = article.pk
    article.delete()
    assert entries() == [updated(review, {"article": [gone, None]}, source="update")]


def test_relations_of_an_object_are_recorded_as_removed_when_it_goes() -> None:
    tag = make(Tag, name="t")
    article = make(Article, title="a")
    with disabled():
        article.tags.add(tag)
    before, owner = image(article), Article.objects.get()
    article.delete()
    assert entries() == [related(owner, "tags", removed=[tag]), deleted(Article, before, 2)]


def test_relations_to_an_object_are_recorded_on_their_owners_when_it_goes() -> None:
    tag = make(Tag, name="t")
    one, two = make(Article, title="a"), make(Article, title="b")
    with disabled():
        one.tags.add(tag)
        two.tags.add(tag)
        two.picks.add(tag)
    before, key = image(tag), tag.pk
    tag.delete()
    found = [entry._replace(seq=0) for entry in entries()]
    assert sorted(found, key=lambda entry: (entry.action, str(entry.changes), entry.object_id)) == [
        deleted(Tag, before, 0),
        related(two, "picks", 0, removed=[key]),
        related(one, "tags", 0, removed=[key]),
        related(two, "tags", 0, removed=[key]),
    ]


def test_a_queryset_deletes_with_its_cascades_recorded() -> None:
    one, two = make(Article, title="a"), make(Article, title="b")
    comment = make(Comment, article=two, text="c")
    expected = {
        ("delete", "Article", str(one.pk)),
        ("delete", "Article", str(two.pk)),
        ("delete", "Comment", str(comment.pk)),
    }
    total, per_model = Article.objects.all().delete()
    assert (total, per_model) == (3, {"testapp.Article": 2, "testapp.Comment": 1})
    assert set(brief()) == expected
    assert len(entries()) == 3


def test_a_fast_delete_stays_one_statement_that_reads_no_instances() -> None:
    article = make(Article, title="a")
    images = [image(make(Comment, article=article, text=str(number))) for number in range(5)]
    with statements() as plain, disabled():
        Comment.objects.all().delete()
    with disabled():
        Comment.objects.bulk_create(Comment(id=i["id"], article=article, text=i["text"]) for i in images)
    with statements() as ran:
        assert Comment.objects.all().delete() == (5, {"testapp.Comment": 5})
    assert plain == ["DELETE testapp_comment"]
    assert ran == [*plain, *first_entry()]
    assert [entry.changes for entry in sorted(entries(), key=lambda entry: int(entry.object_id))] == [
        {name: [value, None] for name, value in before.items()} for before in images
    ]


def test_a_raw_delete_is_recorded() -> None:
    article = make(Article, title="a")
    before = image(article)
    queryset = Article.objects.filter(title="a")
    assert queryset._raw_delete(queryset.db) == 1
    assert entries() == [deleted(Article, before)]


def test_deleting_nothing_writes_nothing() -> None:
    assert Article.objects.filter(title="none").delete() == (0, {})
    assert Comment.objects.filter(pk__in=[]).delete() == (0, {})
    assert Comment.objects.none().delete() == (0, {})
    assert Comment.objects.none()._raw_delete("default") == 0
    assert entries() == []


def test_deleting_an_instance_whose_row_is_gone_writes_nothing() -> None:
    article = make(Article, title="a")
    with disabled():
        Article.objects.all().delete()
    article.delete()
    assert entries() == []


def test_deleting_a_deferred_instance_records_all_of_the_row() -> None:
    before = image(make(Article, title="a", body="text"))
    Article.objects.only("title").get().delete()
    assert entries() == [deleted(Article, before)]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes exist since Django 6.1")
def test_deleting_an_instance_that_may_not_fetch_records_all_of_the_row() -> None:
    before = image(make(Article, title="a", body="text"))
    Article.objects.fetch_mode(models.FETCH_RAISE).only("title").get().delete()
    assert entries() == [deleted(Article, before)]


def test_filters_over_other_tables_delete_and_record_the_same_rows() -> None:
    author = make(Author, name="n")
    mine, other = make(Article, title="a", author=author), make(Article, title="b")
    comment, kept = make(Comment, article=mine, text="c"), make(Comment, article=other, text="d")
    before = image(comment)
    assert Comment.objects.filter(article__author__name="n").delete()[0] == 1
    assert entries() == [deleted(Comment, before)]
    assert list(Comment.objects.all()) == [kept]


def test_an_ordered_and_a_distinct_queryset_delete_and_record() -> None:
    article = make(Article, title="a")
    before = image(make(Comment, article=article, text="c"))
    Comment.objects.filter(article__title="a").order_by("-text")._raw_delete("default")
    assert entries() == [deleted(Comment, before)]


def test_a_proxy_is_deleted_under_the_label_of_its_concrete_model() -> None:
    before = image(make(Article, title="a"))
    PublishedArticle.objects.get().delete()
    assert entries() == [deleted(Article, before)]


def test_a_multi_table_child_goes_with_the_row_of_each_table() -> None:
    bistro = make(Bistro, name="a", city="x", stars=2)
    images = [image(bistro, model) for model in (Bistro, Restaurant, Place)]
    bistro.delete()
    assert entries() == [
        deleted(model, before, seq)
        for seq, (model, before) in enumerate(zip((Bistro, Restaurant, Place), images, strict=True), 1)
    ]


def test_deleting_the_parent_row_of_a_child_records_all_of_its_tables() -> None:
    bistro = make(Bistro, name="a")
    Place.objects.get(pk=bistro.pk).delete()
    assert sorted(brief()) == [("delete", name, str(bistro.pk)) for name in ("Bistro", "Place", "Restaurant")]


def test_keeping_the_parents_deletes_and_records_the_child_alone() -> None:
    bistro = make(Bistro, name="a")
    before = image(bistro)
    bistro.delete(keep_parents=True)
    assert entries() == [deleted(Bistro, before)]


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Ticket, {"title": "a"}),
        (Country, {"code": "x" * 400, "name": "a"}),
        (Seat, {"row": "A", "number": 1}),
    ],
)
def test_keys_of_other_kinds_are_deleted_and_recorded(model: Any, values: dict[str, Any]) -> None:
    made = make(model, **values)
    before = image(made)
    made.delete()
    assert entries() == [deleted(model, before)]


def test_what_hangs_on_an_object_generically_goes_and_is_recorded() -> None:
    topic = make(Topic, name="t")
    kind = ContentType.objects.get_for_model(Topic)
    note = make(Note, content_type=kind, object_id=topic.pk, text="n")
    images = image(note), image(topic)
    topic.delete()
    assert entries() == [deleted(Note, images[0]), deleted(Topic, images[1], 2)]


def test_rows_that_point_at_each_other_are_recorded_once_each() -> None:
    parent = make(Parent, name="p")
    child = make(Child, name="c", parent=parent)
    with disabled():
        Parent.objects.update(favourite=child)
    key, child_key = str(parent.pk), str(child.pk)
    parent.refresh_from_db()
    parent.delete()
    found = brief()
    assert ("delete", "Child", child_key) in found
    assert ("delete", "Parent", key) in found
    assert len([entry for entry in found if entry[0] == "delete"]) == 2


def test_a_deletion_that_is_refused_leaves_nothing_behind() -> None:
    article = make(Article, title="a")
    make(Comment, article=article, text="c")

    def refuse(**_kwargs: Any) -> None:
        raise ProtectedError("no", set())

    with (
        connected(post_delete, refuse, Article),
        pytest.raises((ProtectedError, RestrictedError)),
        transaction.atomic(),
    ):
        article.delete()
    assert entries() == []
    assert Comment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_refused_in_autocommit_leaves_nothing_behind() -> None:
    article = make(Article, title="a")
    make(Comment, article=article, text="c")

    def refuse(**_kwargs: Any) -> None:
        raise RuntimeError("no")

    with connected(post_delete, refuse, Article), pytest.raises(RuntimeError):
        article.delete()
    assert entries() == []
    assert (Article.objects.count(), Comment.objects.count()) == (1, 1)


def test_a_row_that_a_receiver_saves_before_it_goes_is_recorded_as_it_was_then() -> None:
    article = make(Article, title="a")
    before = image(article)

    def sign(instance: Article, **_kwargs: Any) -> None:
        instance.title = "last words"
        instance.save()

    with connected(pre_delete, sign, Article):
        article.delete()
    found = entries()
    assert [(entry.action, entry.changes["title"]) for entry in found] == [
        ("update", ["a", "last words"]),
        ("delete", ["last words", None]),
    ]
    assert found[1].changes.keys() == before.keys()


def test_through_rows_of_the_projects_own_model_have_their_own_deletions() -> None:
    person = make(Person, name="p")
    with disabled():
        group = person.groups.create(name="g")
    membership = Membership.objects.get()
    before, person_before = image(membership), image(person)
    person.delete()
    assert entries() == [deleted(Membership, before), deleted(Person, person_before, 2)]
    assert group.members.count() == 0


def test_the_event_of_a_deletion_has_the_object_as_it_was() -> None:
    article = make(Article, title="a", views=3)
    key = article.pk
    article.title = "never saved"
    with heard() as events:
        Article.objects.filter(pk=key).delete()
    (event,) = events
    gone = event.instance
    assert isinstance(gone, Article)
    assert (gone.pk, gone.title, gone.views, event.object_repr) == (key, "a", 3, "a")


def test_a_model_that_is_not_audited_is_deleted_as_ever(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article"]}
    make(Unaudited, name="a")
    with statements() as ran:
        Unaudited.objects.all().delete()
    assert ran == ["DELETE testapp_unaudited"]
    assert entries() == []


def test_more_rows_than_one_statement_names_are_deleted_by_another_table() -> None:
    tag, other = (make(Tag, name=name) for name in ("gone", "kept"))
    with disabled():
        Stall.objects.bulk_create(Stall(row="a", number=number, tag=tag) for number in range(1100))
        kept = Stall.objects.create(row="b", number=1, tag=other)
    assert Stall.objects.filter(tag__name="gone").delete() == (1100, {"testapp.Stall": 1100})
    assert Stall.objects.get() == kept
    assert sorted(entry.changes["number"][0] for entry in entries()) == list(range(1100))
