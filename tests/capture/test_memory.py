"""`before="memory"`: a save is compared with what was loaded, without a read; when unsure, with the row."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import django
import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F
from django.db.models.signals import post_save

from signals_audit import disabled
from tests.testapp.models import Article, PublishedArticle, Remembered

from .log import connected, created, deleted, entries, image, make, statements, updated

pytestmark = pytest.mark.django_db

READ, WRITE = "SELECT testapp_remembered", "UPDATE testapp_remembered"


@pytest.fixture(autouse=True)
def memory(settings: Any) -> None:
    options = {"before": "memory"}
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Remembered": options, "testapp.Article": options}}


def elsewhere(row: Remembered, **values: Any) -> None:
    """Change a row behind the back of everybody who has it in memory."""
    with disabled():
        Remembered.objects.filter(pk=row.pk).update(**values)


def on_its_table(ran: list[str]) -> list[str]:
    return [statement for statement in ran if "remembered" in statement]


def test_a_save_is_compared_with_what_was_loaded_and_reads_nothing() -> None:
    row = make(Remembered, name="a", views=1)
    row.name, row.views = "b", 2
    with statements() as ran:
        row.save()
    assert entries() == [updated(row, {"name": ["a", "b"], "views": [1, 2]})]
    returns = connection.vendor != "mysql"
    assert on_its_table(ran) == ([WRITE] if returns else [READ, WRITE, READ])


def test_each_save_goes_on_from_the_one_before() -> None:
    row = make(Remembered, name="a")
    for name in "bcc":
        row.name = name
        row.save()
    assert entries() == [updated(row, {"name": ["a", "b"]}, 1), updated(row, {"name": ["b", "c"]}, 2)]


def test_an_instance_that_was_created_is_remembered() -> None:
    row = Remembered.objects.create(name="a", price="1.5")
    first = created(row)
    row.name = "b"
    with statements() as ran:
        row.save()
    assert entries() == [first, updated(row, {"name": ["a", "b"]}, 2)]
    assert connection.vendor == "mysql" or on_its_table(ran) == [WRITE]


def test_what_somebody_else_wrote_meanwhile_is_not_seen() -> None:
    row = make(Remembered, name="a", views=1)
    elsewhere(row, views=50)
    row.name = "b"
    row.save()
    seen = {"views": [50, 1]} if connection.vendor == "mysql" else {}
    assert entries() == [updated(row, {"name": ["a", "b"]} | seen)]


def test_after_a_refresh_the_change_of_somebody_else_is_not_ours() -> None:
    row = make(Remembered, name="a", views=1)
    elsewhere(row, views=50)
    row.refresh_from_db()
    row.name = "b"
    row.save()
    assert entries() == [updated(row, {"name": ["a", "b"]})]


def test_a_refresh_of_some_fields_advances_those_alone() -> None:
    row = make(Remembered, name="a", views=1)
    elsewhere(row, views=50)
    row.refresh_from_db(fields=["views"])
    row.name, row.views = "b", 51
    row.save()
    assert entries() == [updated(row, {"name": ["a", "b"], "views": [50, 51]})]


@pytest.mark.parametrize("read_first", [False, True])
def test_a_field_that_was_deferred_is_told_with_its_true_value(read_first: bool) -> None:
    row = make(Remembered, name="a", views=1, note="n")
    partial = Remembered.objects.only("name").get()
    if read_first:
        assert partial.views == 1
    partial.views = 2
    partial.save()
    assert entries() == [updated(row, {"views": [1, 2]})]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes exist since Django 6.1")
@pytest.mark.parametrize("mode", ["FETCH_PEERS", "FETCH_RAISE"])
def test_fetch_modes_are_no_trouble(mode: str) -> None:
    one, two = make(Remembered, name="a", views=1), make(Remembered, name="b", views=2)
    first, second = Remembered.objects.fetch_mode(getattr(models, mode)).only("name").order_by("pk")
    if mode == "FETCH_PEERS":
        assert first.views == one.views
    second.views = 3
    second.save()
    assert entries() == [updated(two, {"views": [2, 3]})]


def test_an_expression_is_recorded_as_the_number_that_it_gave() -> None:
    row = make(Remembered, name="a", views=1)
    row.views = F("views") + 1
    row.save()
    row.refresh_from_db()
    row.views += 1
    row.save()
    assert entries() == [updated(row, {"views": [1, 2]}, 1), updated(row, {"views": [2, 3]}, 2)]


def test_json_changed_in_place_is_seen() -> None:
    row = make(Remembered, name="a", meta={"k": [1]})
    row.meta["k"].append(2)
    row.save()
    row.meta["k"].append(3)
    row.save()
    documents = [{"json": {"k": list(range(1, last + 1))}} for last in (1, 2, 3)]
    assert entries() == [
        updated(row, {"meta": documents[:2]}, 1),
        updated(row, {"meta": documents[1:]}, 2),
    ]


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_remembers_for_itself(copied: Any) -> None:
    row = make(Remembered, name="a", views=1)
    other = copied(row)
    other.name = "b"
    other.save()
    row.views = 2
    row.save(update_fields=["views"])
    assert entries() == [updated(row, {"name": ["a", "b"]}, 1), updated(row, {"views": [1, 2]}, 2)]


def test_update_fields_leaves_other_dirty_fields_for_the_save_that_writes_them() -> None:
    row = make(Remembered, name="a", note="x")
    row.name, row.note = "b", "y"
    row.save(update_fields=["name"])
    row.save()
    assert entries() == [updated(row, {"name": ["a", "b"]}, 1), updated(row, {"note": ["x", "y"]}, 2)]


def test_saving_again_in_post_save_gives_two_entries_each_of_them_right() -> None:
    def count(instance: Remembered, **_kwargs: Any) -> None:
        if instance.views == 1:
            instance.views = 2
            instance.save()

    row = make(Remembered, name="a")
    row.views = 1
    with connected(post_save, count, Remembered):
        row.save()
    row.save()
    assert entries() == [updated(row, {"views": [0, 1]}, 1), updated(row, {"views": [1, 2]}, 2)]


def test_a_save_after_a_rolled_back_savepoint_tells_what_the_database_does() -> None:
    row = make(Remembered, name="a", views=1, meta={"k": 1})
    with transaction.atomic():
        row.views, row.meta = 2, {"k": 2}
        row.save()
        transaction.set_rollback(True)
    row.save()
    assert entries() == [updated(row, {"views": [1, 2], "meta": [{"json": {"k": 1}}, {"json": {"k": 2}}]})]


@pytest.mark.django_db(transaction=True)
def test_a_save_after_a_rolled_back_transaction_tells_what_the_database_does() -> None:
    row = make(Remembered, name="a", views=1)
    for last in (2, 3):
        with transaction.atomic():
            row.views = last
            row.save()
            transaction.set_rollback(True)
    row.save()
    assert entries() == [updated(row, {"views": [1, 3]})]


@pytest.mark.django_db(transaction=True)
def test_a_creation_that_was_rolled_back_is_a_creation_again() -> None:
    row = Remembered(name="a")
    with transaction.atomic():
        row.save()
        transaction.set_rollback(True)
    row.save()
    assert entries() == [created(row)]


def test_a_save_that_failed_is_not_remembered() -> None:
    row = make(Remembered, name="a", views=1)
    row.views = 2
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
        with connection.cursor() as cursor:
            cursor.execute("no such statement")
    row.save()
    assert entries() == [updated(row, {"views": [1, 2]})]


@pytest.mark.django_db(databases=["default", "other"])
def test_saving_to_another_database_compares_with_the_row_there() -> None:
    row = make(Remembered, name="a", views=1)
    make(Remembered, "other", pk=row.pk, name="b", views=9)
    row.views = 2
    row.save(using="other")
    assert entries("other") == [updated(row, {"name": ["b", "a"], "views": [9, 2]}, using="other")]
    row.views = 3
    row.save(using="default")
    assert entries() == [updated(row, {"views": [1, 3]})]


def test_a_copy_saved_as_a_new_row_is_a_creation() -> None:
    row = make(Remembered, name="a")
    row.pk, row._state.adding = None, True
    row.save()
    first = created(row)
    row.name = "b"
    row.save()
    assert entries() == [first, updated(row, {"name": ["a", "b"]}, 2)]


def test_an_instance_whose_key_was_changed_is_compared_with_the_other_row() -> None:
    row, other = make(Remembered, name="a", views=1), make(Remembered, name="b", views=2)
    row.pk = other.pk
    row.save()
    assert entries() == [updated(other, {"name": ["b", "a"], "views": [2, 1]})]


def test_saving_a_new_instance_over_an_existing_row_tells_the_true_old_values() -> None:
    row = make(Remembered, name="a", views=5)
    Remembered(pk=row.pk, name="b").save()
    assert entries() == [updated(row, {"name": ["a", "b"], "views": [5, 0]})]


def test_a_value_of_another_type_that_means_the_same_is_no_change() -> None:
    row = make(Remembered, name="a", views=7, price="1.50")
    row.views, row.price = "7", "1.5"
    row.save()
    assert entries() == []


def test_a_decimal_is_recorded_and_remembered_as_the_database_rounds_it() -> None:
    row = make(Remembered, name="a", price="1.00")
    row.price = Decimal("1.009")
    row.save()
    row.refresh_from_db()
    row.save()
    stored = {"decimal": str(row.price)}
    assert entries() == [updated(row, {"price": [{"decimal": "1.00"}, stored]})]


def test_a_row_that_is_gone_is_created_again() -> None:
    row = make(Remembered, name="a")
    with disabled():
        Remembered.objects.all().delete()
    row.save()
    assert entries() == [created(row)]


def test_other_writes_are_told_as_exactly_as_ever() -> None:
    row = make(Remembered, name="a", views=1)
    elsewhere(row, views=50)
    Remembered.objects.update(views=F("views") + 1)
    before = image(row)
    row.delete()
    assert entries() == [
        updated(Remembered(pk=before["id"]), {"views": [50, 51]}, 1, source="update"),
        deleted(Remembered, before, 2),
    ]


def test_a_proxy_remembers_too() -> None:
    make(Article, title="a")
    article = PublishedArticle.objects.get()
    article.title = "b"
    with statements() as ran:
        article.save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]
    assert connection.vendor == "mysql" or "SELECT testapp_article" not in ran


def test_loading_keeps_nothing_on_the_instance_itself() -> None:
    row = make(Remembered, name="a")
    assert vars(row).keys() == {"_state", *(field.attname for field in Remembered._meta.concrete_fields)}


def test_a_class_that_is_not_remembered_any_more_loads_as_ever(settings: Any) -> None:
    assert "from_db" in vars(Remembered)
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Remembered"]}
    assert "from_db" not in vars(Remembered)
    assert "refresh_from_db" not in vars(Remembered)
    row = make(Remembered, name="a", views=1)
    elsewhere(row, views=50)
    row.save()
    assert entries() == [updated(row, {"views": [50, 1]})]
