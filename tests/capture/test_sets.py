"""Writes of many rows at once: one entry for each row that really changed, one INSERT for all of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Concat, Upper

from signals_audit import disabled
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Comment,
    Place,
    Product,
    PublishedArticle,
    Restaurant,
    Review,
    Seat,
    Tag,
    Unaudited,
)

from .log import Entry, created, entries, first_entry, heard, image, make, statements, updated

pytestmark = pytest.mark.django_db


def articles(*titles: str, **values: Any) -> list[Article]:
    return [make(Article, title=title, **values) for title in titles]


def by_object(found: list[Entry]) -> list[Entry]:
    """Sort entries of one statement by their object, where rows may come in any order."""
    assert sorted(entry.seq for entry in found) == list(range(1, len(found) + 1))
    return sorted((entry._replace(seq=0) for entry in found), key=lambda entry: int(entry.object_id))


def update_of(article: Article, changes: dict[str, Any]) -> Entry:
    return updated(article, changes, 0, source="update")


def test_updating_records_each_row_that_changed() -> None:
    one, two, _same = (
        articles("a", "b")[0],
        make(Article, title="c", views=1),
        make(Article, title="d", views=5),
    )
    three = Article.objects.get(title="b")
    assert Article.objects.update(views=5) == 4
    assert by_object(entries()) == [
        update_of(one, {"views": [0, 5]}),
        update_of(three, {"views": [0, 5]}),
        update_of(two, {"views": [1, 5]}),
    ]


def test_rows_that_stop_matching_are_recorded_with_what_they_became() -> None:
    one, two = articles("a", "b", status="draft")
    Article.objects.filter(status="draft").update(status=Concat(Value("x"), F("title")))
    assert by_object(entries()) == [
        update_of(one, {"status": ["draft", "xa"]}),
        update_of(two, {"status": ["draft", "xb"]}),
    ]


def test_an_update_runs_one_read_and_one_insert_of_entries_whatever_the_number_of_rows() -> None:
    articles(*"abcdefgh")
    with statements() as ran:
        Article.objects.update(views=F("views") + 1)
    again = ["SELECT testapp_article"] if connection.vendor == "mysql" else []
    assert ran == [
        "SELECT testapp_article",
        "UPDATE testapp_article",
        *again,
        *first_entry(),
    ]
    assert len(entries()) == 8


def test_conditional_expressions_and_subqueries_are_recorded_as_values() -> None:
    one, two = articles("a", "b")
    make(Review, article=one, stars=3)
    stars = Review.objects.filter(article=OuterRef("pk")).values("stars")[:1]
    Article.objects.update(
        views=Case(When(title="a", then=Value(10)), default=Value(20)),
        body=Upper("title"),
        ratio=Subquery(stars),
    )
    assert by_object(entries()) == [
        update_of(one, {"views": [0, 10], "body": ["", "A"], "ratio": [None, {"float": "3.0"}]}),
        update_of(two, {"views": [0, 20], "body": ["", "B"]}),
    ]


def test_filters_over_other_tables_update_and_record_the_same_rows() -> None:
    author = make(Author, name="n")
    mine, _other = make(Article, title="a", author=author), make(Article, title="b")
    make(Comment, article=mine, text="c")
    make(Comment, article=mine, text="d")
    assert Article.objects.filter(author__name="n", comments__text__in=["c", "d"]).update(views=1) == 1
    assert by_object(entries()) == [update_of(mine, {"views": [0, 1]})]


def test_filters_over_aggregates_and_exists_update_and_record_the_same_rows() -> None:
    one, two = articles("a", "b")
    for text in "xy":
        make(Comment, article=one, text=text)
    make(Comment, article=two, text="x")
    Article.objects.annotate(number=Count("comments")).filter(number__gt=1).update(views=1)
    Article.objects.filter(Exists(Comment.objects.filter(article=OuterRef("pk"), text="y"))).update(views=2)
    assert entries() == [
        updated(one, {"views": [0, 1]}, 1, source="update"),
        updated(one, {"views": [1, 2]}, 2, source="update"),
    ]


def test_annotations_and_orders_and_exclusions_do_not_disturb() -> None:
    one, two = articles("a", "b")
    with_next = Article.objects.annotate(following=F("views") + 1).order_by("-title").exclude(title="b")
    with_next.update(views=F("following"))
    assert entries() == [updated(one, {"views": [0, 1]}, source="update")]
    assert Article.objects.get(pk=two.pk).views == 0


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: Article.objects.none(),
        lambda: Article.objects.filter(pk__in=[]),
        lambda: Article.objects.filter(title="no such"),
    ],
)
def test_updating_nothing_writes_nothing(nothing: Any) -> None:
    articles("a")
    assert nothing().update(views=1) == 0
    assert entries() == []


def test_updating_no_field_writes_nothing() -> None:
    articles("a")
    Article.objects.update()
    assert entries() == []


def test_a_slice_can_still_not_be_updated() -> None:
    articles("a", "b")
    with pytest.raises(TypeError, match="slice"):
        Article.objects.all()[:1].update(views=1)
    with pytest.raises(TypeError, match=r"slice|limit"):
        Article.objects.all()[:1].delete()
    assert entries() == []


def test_an_update_through_a_proxy_a_base_manager_and_a_plain_queryset_is_recorded() -> None:
    (one,) = articles("a")
    PublishedArticle.objects.update(views=1)
    Article._base_manager.update(views=2)
    type(Article.objects.all())(Article).update(views=3)
    assert [entry.changes for entry in entries()] == [{"views": [n, n + 1]} for n in range(3)]
    assert {entry.object_id for entry in entries()} == {str(one.pk)}


def test_an_update_of_a_childs_and_its_parents_fields_is_recorded_on_each_table() -> None:
    bistro, other = make(Bistro, name="a", city="x", stars=1), make(Bistro, name="b", city="y", stars=1)
    Bistro.objects.filter(city="x").update(name="c", stars=2, is_cosy=False)
    found = sorted((entry._replace(seq=0) for entry in entries()), key=lambda entry: entry.model)
    assert found == [
        updated(bistro, {"is_cosy": [True, False]}, 0, source="update", model=Bistro),
        updated(bistro, {"name": ["a", "c"]}, 0, source="update", model=Place),
        updated(bistro, {"stars": [1, 2]}, 0, source="update", model=Restaurant),
    ]
    assert Bistro.objects.get(pk=other.pk).stars == 1


def test_an_update_of_a_parents_field_alone_through_the_child_is_recorded() -> None:
    bistro = make(Bistro, name="a")
    assert Bistro.objects.update(name="b") == 1
    assert entries() == [updated(bistro, {"name": ["a", "b"]}, source="update", model=Place)]


def test_generated_columns_are_in_the_entries_of_an_update() -> None:
    product = make(Product, name="Tea", amount=1)
    Product.objects.update(amount=F("amount") + 1)
    assert entries() == [updated(product, {"amount": [1, 2], "total": [2, 4]}, source="update")]


def test_an_update_of_the_primary_key_is_one_change_of_the_key() -> None:
    tag = make(Tag, name="a")
    old, new = tag.pk, tag.pk + 1000
    Tag.objects.filter(pk=old).update(id=new)
    assert entries() == [
        Entry("update", "testapp.Tag", str(new), {"id": [old, new]}, "update", 1),
    ]


def test_keys_that_an_expression_makes_are_known_for_every_row() -> None:
    ids = [make(Tag, name=name).pk for name in "abc"]
    Tag.objects.filter(name__in="ab").update(id=F("id") + Value(1000), name=Concat(F("name"), Value("%x")))
    assert by_object(entries()) == [
        Entry(
            "update",
            "testapp.Tag",
            str(old + 1000),
            {"id": [old, old + 1000], "name": [name, f"{name}%x"]},
            "update",
            0,
        )
        for old, name in zip(ids[:2], "ab", strict=True)
    ]


def test_keys_that_move_into_places_of_others_are_told_apart() -> None:
    for number in (1, 2, 3):
        make(Seat, row="A", number=number, guest=f"g{number}")
    Seat.objects.filter(number__gt=1).update(row="B", number=F("number") - 1)
    found = {entry.object_id: entry.changes for entry in entries()}
    assert found == {
        '["B",1]': {"row": ["A", "B"], "number": [2, 1]},
        '["B",2]': {"row": ["A", "B"], "number": [3, 2]},
    }


def test_rows_with_composite_keys_are_updated_and_recorded() -> None:
    for number in (1, 2, 3):
        make(Seat, row="A", number=number)
    Seat.objects.filter(number__gt=1).update(guest="g")
    assert [(entry.object_id, entry.changes) for entry in sorted(entries())] == [
        ('["A",2]', {"guest": ["", "g"]}),
        ('["A",3]', {"guest": ["", "g"]}),
    ]


def test_an_update_that_fails_leaves_nothing_behind() -> None:
    articles("a", "b")
    with pytest.raises(IntegrityError), transaction.atomic():
        Article.objects.update(title="same")
    assert entries() == []


def test_creating_in_bulk_records_each_row_whole() -> None:
    made = Article.objects.bulk_create([Article(title="a"), Article(title="b", views=3)])
    assert all(article.pk for article in made)
    assert entries() == [created(article, seq, source="bulk_create") for seq, article in enumerate(made, 1)]


def test_creating_in_batches_records_each_row_once() -> None:
    made = Article.objects.bulk_create([Article(title=str(number)) for number in range(7)], batch_size=3)
    assert [entry.object_id for entry in entries()] == [str(article.pk) for article in made]
    assert [entry.seq for entry in entries()] == list(range(1, 8))


def test_creating_in_bulk_with_keys_of_ones_own_is_recorded() -> None:
    made = Article.objects.bulk_create([Article(pk=100, title="a"), Article(title="b")])
    assert sorted(entries()) == sorted(
        entry._replace(seq=seq)
        for article, entry in ((article, created(article, 0, source="bulk_create")) for article in made)
        for seq in [next(found.seq for found in entries() if found.object_id == str(article.pk))]
    )


def test_rows_that_were_there_are_not_recorded_as_created_when_conflicts_are_ignored() -> None:
    articles("a")
    Article.objects.bulk_create([Article(title="a"), Article(title="b")], ignore_conflicts=True)
    assert entries() == [created(Article.objects.get(title="b"), source="bulk_create")]


def test_what_the_database_makes_is_recorded_for_rows_created_in_bulk() -> None:
    made = Product.objects.bulk_create([Product(name="Tea"), Product(name="Milk", amount=2)])
    assert [entry.changes["total"] for entry in entries()] == [[None, 14], [None, 4]]
    assert [entry.changes["slug"] for entry in entries()] == [[None, "tea"], [None, "milk"]]
    assert [product.pk for product in made] == [int(entry.object_id) for entry in entries()]


def test_creating_nothing_in_bulk_writes_nothing() -> None:
    assert Article.objects.bulk_create([]) == []
    assert entries() == []


def test_updating_in_bulk_records_what_changed() -> None:
    one, two, three = articles("a", "b", "c")
    one.views, two.views, three.body = 1, 2, "not named"
    assert Article.objects.bulk_update([one, two, three], ["views"]) == 3
    assert by_object(entries()) == [update_of(one, {"views": [0, 1]}), update_of(two, {"views": [0, 2]})]


def test_updating_in_batches_records_each_row_once() -> None:
    made = articles(*"abcde")
    for number, article in enumerate(made, 1):
        article.views = number
    Article.objects.bulk_update(made, ["views"], batch_size=2)
    assert [entry.changes for entry in by_object(entries())] == [{"views": [0, n]} for n in range(1, 6)]


def test_reading_in_bulk_writes_nothing() -> None:
    one, two = articles("a", "b")
    assert Article.objects.in_bulk([one.pk, two.pk]) == {one.pk: one, two.pk: two}
    list(Article.objects.values("title").iterator())
    assert entries() == []


def test_adding_to_a_reverse_relation_is_recorded() -> None:
    author, (one, two) = make(Author, name="n"), articles("a", "b")
    author.articles.add(one, two)
    assert by_object(entries()) == [
        update_of(one, {"author": [None, author.pk]}),
        update_of(two, {"author": [None, author.pk]}),
    ]


def test_clearing_removing_and_setting_a_reverse_relation_are_recorded() -> None:
    author = make(Author, name="n")
    one, two = articles("a", "b", author=author)
    author.articles.remove(one)
    author.articles.set([one])
    author.articles.clear()
    with_author, without = [None, author.pk], [author.pk, None]
    assert [(entry.object_id, entry.changes["author"]) for entry in entries()] == [
        (str(one.pk), without),
        (str(two.pk), without),
        (str(one.pk), with_author),
        (str(one.pk), without),
    ]
    assert [entry.seq for entry in entries()] == [1, 2, 3, 4]


def test_adding_one_by_one_to_a_reverse_relation_is_recorded_as_saves() -> None:
    author, (one,) = make(Author, name="n"), articles("a")
    author.articles.add(one, bulk=False)
    assert entries() == [updated(one, {"author": [None, author.pk]})]


def test_excluded_and_masked_fields_are_so_in_sets_too(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"exclude": ["views"], "mask": ["body"]}}}
    (one,) = articles("a")
    Article.objects.update(views=1)
    assert entries() == []
    Article.objects.update(views=2, body="secret")
    masked = {"masked": True}
    assert entries() == [updated(one, {"body": [masked, masked]}, source="update")]


def test_disabling_silences_sets() -> None:
    articles("a")
    with disabled():
        Article.objects.update(views=1)
        Article.objects.bulk_create([Article(title="b")])
        Article.objects.all().delete()
    assert entries() == []


def test_the_events_of_a_set_load_their_instances_from_the_rows() -> None:
    one, two = articles("a", "b")
    with heard() as events:
        Article.objects.update(views=3)
    assert {event.instance.pk: event.instance.views for event in events} == {one.pk: 3, two.pk: 3}
    assert {event.object_repr for event in events} == {"a", "b"}


def test_more_rows_than_one_statement_can_hold_are_all_recorded() -> None:
    Tag.objects.bulk_create([Tag(name=str(number)) for number in range(2500)])
    Tag.objects.update(name=Concat(F("name"), Value("!")))
    Tag.objects.all().delete()
    found = entries()
    assert [entry.seq for entry in found] == list(range(1, 7501))
    counts = {
        action: sum(entry.action == action for entry in found) for action in ("create", "update", "delete")
    }
    assert counts == {"create": 2500, "update": 2500, "delete": 2500}


def test_a_model_that_is_not_audited_is_updated_as_ever(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article"]}
    with statements() as ran:
        Unaudited.objects.bulk_create([Unaudited(name="a")])
        Unaudited.objects.update(name="b")
    assert [statement for statement in ran if "SAVEPOINT" not in statement] == [
        "INSERT testapp_unaudited",
        "UPDATE testapp_unaudited",
    ]
    assert entries() == []


def test_the_number_of_rows_that_is_returned_is_the_same_as_without_the_app() -> None:
    articles("a", "b")
    writes = [
        lambda: Article.objects.update(views=1),
        lambda: Article.objects.update(views=1),
        lambda: Article.objects.filter(title="a").update(views=2),
        lambda: Article.objects.bulk_update(list(Article.objects.all()), ["views"]),
        lambda: Comment.objects.all().delete(),
        lambda: Article.objects.filter(title="a").delete(),
    ]
    results = []
    for run in (disabled(), transaction.atomic()):
        with transaction.atomic():
            with run:
                results.append([write() for write in writes])
            transaction.set_rollback(True)
    assert results[0] == results[1]


def test_images_are_right_when_an_update_reads_and_writes_the_same_columns() -> None:
    one = make(Article, title="a", views=1, ratio=2.0)
    before = image(one)
    Article.objects.update(views=F("ratio"), ratio=F("views"))
    after = image(one)
    expected = {
        name: [before[name], after[name]] for name in ("views", "ratio") if before[name] != after[name]
    }
    assert entries() == [updated(one, expected, source="update")]
