"""What `save()` and its kin leave in the log: what the database did, whatever the instance says."""

from __future__ import annotations

import copy
import pickle
import uuid
from decimal import Decimal
from typing import Any

import django
import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import F, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat, Upper
from django.db.models.signals import post_save, pre_save

from signals_audit import disabled
from signals_audit.models import AuditEntry
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Careful,
    Comment,
    Country,
    Hidden,
    Odd,
    Ordered,
    Place,
    Product,
    PublishedArticle,
    Restaurant,
    Seat,
    Tag,
    Ticket,
    Unaudited,
)

from .log import connected, created, deleted, entries, image, make, statements, updated

pytestmark = pytest.mark.django_db


def in_database(article: Article, **values: Any) -> None:
    """Change a row behind the back of everybody who has it in memory."""
    with disabled():
        Article.objects.filter(pk=article.pk).update(**values)


def test_creating_a_row_records_all_of_it() -> None:
    article = Article.objects.create(title="a", price="1.5", meta={"k": [1, None]})
    assert entries() == [created(article)]


def test_saving_records_what_changed_and_nothing_else() -> None:
    article = make(Article, title="a", views=1)
    article.title, article.views = "b", 2
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"], "views": [1, 2]})]


def test_entries_of_one_transaction_share_a_change_set_and_count_on() -> None:
    article = Article.objects.create(title="a")
    article.views = 1
    article.save()
    article.views = 2
    article.save()
    assert [(entry.action, entry.seq) for entry in entries()] == [("create", 1), ("update", 2), ("update", 3)]


def test_saving_without_a_change_writes_nothing() -> None:
    article = make(Article, title="a")
    with statements() as ran:
        article.save()
    assert entries() == []
    assert not any("signals_audit" in statement for statement in ran)


def test_a_failed_update_leaves_nothing_behind() -> None:
    make(Article, title="taken")
    article = make(Article, title="a")
    article.title = "taken"
    with pytest.raises(IntegrityError), transaction.atomic():
        article.save()
    assert entries() == []


@pytest.mark.django_db(transaction=True)
def test_a_failed_update_in_autocommit_leaves_nothing_behind() -> None:
    make(Article, title="taken")
    article = make(Article, title="a")
    article.title = "taken"
    with pytest.raises(IntegrityError):
        article.save()
    assert entries() == []
    article.title = "free"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "free"]})]


def test_update_fields_leaves_other_dirty_fields_for_the_save_that_writes_them() -> None:
    article = make(Article, title="a", body="x")
    article.title, article.body = "b", "y"
    article.save(update_fields=["title"])
    assert entries() == [updated(article, {"title": ["a", "b"]})]
    article.save()
    assert entries()[1:] == [updated(article, {"body": ["x", "y"]}, 2)]


def test_update_fields_may_name_the_column_of_a_foreign_key() -> None:
    author, article = make(Author, name="n"), make(Article, title="a")
    article.author = author
    article.save(update_fields=["author_id"])
    assert entries() == [updated(article, {"author": [None, author.pk]})]


def test_empty_update_fields_write_nothing() -> None:
    article = make(Article, title="a")
    article.title = "b"
    article.save(update_fields=[])
    assert entries() == []


def test_an_expression_is_recorded_as_the_number_that_it_gave() -> None:
    article = make(Article, title="a", views=1)
    article.views = F("views") + 1
    article.save()
    assert entries() == [updated(article, {"views": [1, 2]})]


def test_a_second_save_of_an_expression_records_what_the_database_does_then() -> None:
    article = make(Article, title="a", views=1)
    article.views = F("views") + 1
    article.save()
    article.save()
    # Since 6.0 the instance gets the number, where the database can return it.
    counted_again = django.VERSION < (6, 0)
    second = [updated(article, {"views": [2, 3]}, 2)] if counted_again else []
    assert entries() == [updated(article, {"views": [1, 2]}), *second]


def test_expressions_over_other_columns_and_values_are_recorded_as_values() -> None:
    article = make(Article, title="a", body="x")
    article.body = Concat(F("title"), Value("!"), F("body"), output_field=models.TextField())
    article.save(update_fields=["body"])
    assert entries() == [updated(article, {"body": ["x", "a!x"]})]


def test_an_expression_in_an_insert_is_recorded_as_its_value() -> None:
    article = Article(title=Upper(Value("loud")))
    article.save()
    stored = Article.objects.get()
    assert entries() == [created(stored)]
    assert entries()[0].changes["title"] == [None, "LOUD"]


def test_saving_a_new_instance_over_an_existing_row_is_an_update_with_the_true_old_values() -> None:
    article = make(Article, title="a", views=5, body="text")
    other = Article(pk=article.pk, title="b", token=article.token, created=article.created)
    other.save()
    assert entries() == [updated(article, {"title": ["a", "b"], "views": [5, 0], "body": ["text", ""]})]


def test_a_key_given_as_text_is_the_same_key() -> None:
    article = make(Article, title="a")
    Article(pk=str(article.pk), title="b", token=article.token, created=article.created).save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]


def test_a_stale_instance_that_overwrites_a_column_is_seen() -> None:
    article = make(Article, title="a", views=1)
    in_database(article, views=50)
    article.title = "b"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"], "views": [50, 1]})]


def test_setting_what_the_database_has_already_is_no_change() -> None:
    article = make(Article, title="a", views=1)
    in_database(article, views=50)
    article.views = 50
    article.save()
    assert entries() == []


def test_a_refreshed_instance_reports_its_own_change_alone() -> None:
    article = make(Article, title="a", views=1)
    in_database(article, views=50)
    article.refresh_from_db()
    article.title = "b"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]


def test_a_save_after_a_rolled_back_savepoint_tells_what_the_database_does() -> None:
    article = make(Article, title="a", views=1)
    with transaction.atomic():
        article.views = 2
        article.save()
        transaction.set_rollback(True)
    assert entries() == []
    article.save()
    assert entries() == [updated(article, {"views": [1, 2]})]


@pytest.mark.django_db(transaction=True)
def test_a_save_after_a_rolled_back_transaction_tells_what_the_database_does() -> None:
    article = make(Article, title="a", views=1)
    with transaction.atomic():
        article.views = 2
        article.save()
        transaction.set_rollback(True)
    article.save()
    assert entries() == [updated(article, {"views": [1, 2]})]


def test_a_copy_saved_as_a_new_row_is_a_creation() -> None:
    article = make(Article, title="a")
    article.pk, article._state.adding, article.title = None, True, "b"
    article.save()
    assert entries() == [created(article)]


def test_an_instance_whose_key_was_changed_updates_the_other_row() -> None:
    article, other = make(Article, title="a", views=1), make(Article, title="b", views=2)
    with disabled():
        Article.objects.filter(pk=article.pk).update(title="c")
    article.pk, article.token, article.created = other.pk, other.token, other.created
    article.save()
    assert entries() == [updated(other, {"title": ["b", "a"], "views": [2, 1]})]


def test_a_shallow_copy_reports_its_change() -> None:
    article = copy.copy(make(Article, title="a"))
    article.title = "b"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]


def test_a_pickled_and_a_deeply_copied_instance_report_their_changes() -> None:
    article = copy.deepcopy(pickle.loads(pickle.dumps(make(Article, title="a"))))
    article.title = "b"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]


def test_an_expression_may_name_columns_without_their_table() -> None:
    article = make(Article, title="a", views=1)
    article.views = RawSQL("views + 1", ())  # type: ignore[assignment]
    article.save()
    assert entries() == [updated(article, {"views": [1, 2]})]


# Which databases return the row of an UPDATE: as it was and is, as it is, or not at all.
READS = {"postgresql": 0, "sqlite": 1, "mysql": 2}


@pytest.mark.parametrize("fetched", ["only", "defer"])
def test_a_deferred_instance_records_what_was_assigned(fetched: str) -> None:
    article = make(Article, title="a", views=1)
    names = ["title"] if fetched == "only" else ["views", "body"]
    partial: Article = getattr(Article.objects, fetched)(*names).get()
    partial.title, partial.views = "b", 2
    with statements() as ran:
        partial.save()
    assert entries() == [updated(article, {"title": ["a", "b"], "views": [1, 2]})]
    reads = [statement for statement in ran if statement == "SELECT testapp_article"]
    assert len(reads) == READS[connection.vendor]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes exist since Django 6.1")
def test_an_instance_that_may_not_fetch_is_saved_and_recorded() -> None:
    article = make(Article, title="a", views=1)
    partial = Article.objects.fetch_mode(models.FETCH_RAISE).only("title").get()
    partial.title, partial.views = "b", 2
    partial.save()
    assert entries() == [updated(article, {"title": ["a", "b"], "views": [1, 2]})]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes exist since Django 6.1")
def test_a_field_that_was_fetched_with_its_peers_is_recorded() -> None:
    one, two = make(Article, title="a", views=1), make(Article, title="b", views=2)
    peers = list(Article.objects.fetch_mode(models.FETCH_PEERS).only("title").order_by("pk"))
    assert peers[0].views == 1
    peers[1].views = 3
    peers[1].save()
    assert entries() == [updated(two, {"views": [2, 3]})]
    assert one.pk == peers[0].pk


def test_json_changed_in_place_is_seen() -> None:
    article = make(Article, title="a", meta={"k": [1]})
    article.meta["k"].append(2)
    article.save()
    assert entries() == [updated(article, {"meta": [{"json": {"k": [1]}}, {"json": {"k": [1, 2]}}]})]


def test_a_value_of_another_type_that_means_the_same_is_no_change() -> None:
    article = make(Article, title="a", views=7, price="1.50")
    article.views, article.price = "7", "1.5"
    article.save()
    assert entries() == []


@pytest.mark.django_db(databases=["default", "other"])
def test_saving_to_another_database_compares_with_the_row_there() -> None:
    article = make(Article, title="a", views=1)
    make(
        Article,
        "other",
        pk=article.pk,
        title="b",
        views=9,
        token=article.token,
    )
    with disabled():
        Article.objects.using("other").update(created=article.created)
    article.views = 2
    article.save(using="other")
    assert entries() == []
    assert entries("other") == [updated(article, {"title": ["b", "a"], "views": [9, 2]}, using="other")]


@pytest.mark.django_db(databases=["default", "other"])
def test_saving_a_row_that_another_database_lacks_is_a_creation_there() -> None:
    article = make(Article, title="a")
    article.save(using="other")
    assert (entries(), entries("other")) == ([], [created(article, using="other")])


def test_a_row_that_the_default_manager_hides_is_compared_all_the_same() -> None:
    hidden = make(Hidden, name="a", is_deleted=True)
    hidden.name = "b"
    hidden.save()
    assert entries() == [updated(hidden, {"name": ["a", "b"]})]


def test_a_proxy_is_recorded_under_the_label_of_its_concrete_model(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article"]}
    article = PublishedArticle.objects.create(title="a")
    first = created(article)
    article.title = "b"
    article.save()
    before = image(article)
    article.delete()
    article.pk = before["id"]
    assert entries() == [first, updated(article, {"title": ["a", "b"]}, 2), deleted(Article, before, 3)]


def test_a_multi_table_child_has_an_entry_for_the_row_of_each_table() -> None:
    bistro = Bistro.objects.create(name="a", city="x", stars=2)
    assert entries() == [
        created(bistro, 1, model=Place),
        created(bistro, 2, model=Restaurant),
        created(bistro, 3),
    ]


def test_a_change_of_a_parents_field_is_an_update_of_the_parent() -> None:
    bistro = make(Bistro, name="a", stars=2)
    bistro.name, bistro.is_cosy = "b", False
    bistro.save()
    assert entries() == [
        updated(bistro, {"name": ["a", "b"]}, 1, model=Place),
        updated(bistro, {"is_cosy": [True, False]}, 2),
    ]


def test_registering_the_child_alone_records_the_parents_rows_too(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Bistro"]}
    bistro = Bistro.objects.create(name="a")
    Place.objects.create(name="elsewhere")
    labels = [entry.model for entry in entries()]
    assert labels == ["testapp.Place", "testapp.Restaurant", "testapp.Bistro", "testapp.Place"]
    assert entries()[2] == created(bistro, 3)


def test_a_childs_options_may_name_fields_that_the_parent_lacks(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Restaurant": {"mask": ["stars", "city"]}}}
    restaurant = Restaurant.objects.create(name="a", city="x", stars=3)
    masked = {"masked": True}
    assert [entry.changes for entry in entries()] == [
        {"id": [None, restaurant.pk], "name": [None, "a"], "city": [None, masked]},
        {"place_ptr": [None, restaurant.pk], "stars": [None, masked]},
    ]


def test_a_uuid_key_made_by_python_is_recorded() -> None:
    ticket = Ticket.objects.create(title="a")
    assert entries() == [created(ticket)]
    assert entries()[0].object_id == str(ticket.pk)


def test_a_uuid_key_given_as_text_is_the_same_key() -> None:
    ticket = make(Ticket, title="a")
    again = Ticket(pk=str(ticket.pk), title="b")
    again._state.adding = False
    again.save()
    assert entries() == [updated(ticket, {"title": ["a", "b"]})]


def test_a_long_text_key_is_recorded_under_a_key_that_fits() -> None:
    country = Country.objects.create(code="x" * 400, name="a")
    country.name = "b"
    country.save()
    found = entries()
    assert [entry.action for entry in found] == ["create", "update"]
    assert len({entry.object_id for entry in found}) == 1
    assert len(found[0].object_id) <= 255
    assert found[0].changes["code"] == [None, "x" * 400]


def test_a_composite_key_is_recorded_as_a_list() -> None:
    seat = Seat.objects.create(row="A", number=1, guest="a")
    seat.guest = "b"
    seat.save()
    found = entries()
    assert [entry.object_id for entry in found] == ['["A",1]', '["A",1]']
    assert found[0].changes == {"row": [None, "A"], "number": [None, 1], "guest": [None, "a"]}
    assert found[1] == updated(seat, {"guest": ["a", "b"]}, 2)


def test_what_the_database_makes_is_recorded() -> None:
    product = Product.objects.create(name="Tea", price=Decimal("2.50"))
    assert entries()[0].changes == {
        "id": [None, product.pk],
        "name": [None, "Tea"],
        "price": [None, {"decimal": "2.50"}],
        "amount": [None, 7],
        "total": [None, 14],
        "slug": [None, "tea"],
    }


def test_generated_columns_are_in_the_update_that_changes_them() -> None:
    product = make(Product, name="Tea", amount=1)
    product.name, product.amount = "Mint", 4
    product.save()
    changes = {"name": ["Tea", "Mint"], "amount": [1, 4], "total": [2, 8], "slug": ["tea", "mint"]}
    assert entries() == [updated(product, changes)]


def test_a_decimal_is_recorded_as_the_database_rounds_it() -> None:
    product = make(Product, name="Tea", price="1.00")
    product.price = Decimal("1.009")
    product.save()
    stored = Product.objects.get().price
    assert entries() == [updated(product, {"price": [{"decimal": "1.00"}, {"decimal": str(stored)}]})]


def test_column_names_that_mean_something_in_sql_are_no_trouble() -> None:
    tag = make(Tag, name="t")
    odd = Odd.objects.create(select=1)
    first = created(odd)
    odd.select, odd.tag = 2, tag
    odd.save()
    assert entries() == [first, updated(odd, {"select": [1, 2], "tag": [None, "t"]}, 2)]


def test_the_place_in_an_order_is_recorded() -> None:
    article = make(Article, title="a")
    first = Ordered.objects.create(article=article, name="one")
    second = Ordered.objects.create(article=article, name="two")
    assert entries() == [created(first, 1), created(second, 2)]
    assert [entry.changes["_order"] for entry in entries()] == [[None, 0], [None, 1]]


def test_setting_an_order_records_each_row_that_moved() -> None:
    article = make(Article, title="a")
    one, two, three = (make(Ordered, article=article, name=name) for name in ("one", "two", "three"))
    article.set_ordered_order([two.pk, one.pk, three.pk])
    assert sorted(entries(), key=lambda entry: entry.object_id) == [
        updated(row, {"_order": pair}, place, source="update")
        for row, pair, place in (
            (one, [0, 1], next(e.seq for e in entries() if e.object_id == str(one.pk))),
            (two, [1, 0], next(e.seq for e in entries() if e.object_id == str(two.pk))),
        )
    ]


def test_a_model_that_selects_before_it_saves_is_recorded_once() -> None:
    careful = Careful.objects.create(name="a")
    first = created(careful)
    careful.name = "b"
    careful.save()
    careful.save()
    assert entries() == [first, updated(careful, {"name": ["a", "b"]}, 2)]


def test_forcing_an_insert_is_a_creation_and_forcing_an_update_is_an_update() -> None:
    article = Article(pk=77, title="a")
    article.save(force_insert=True)
    first = created(article)
    article.title = "b"
    article.save(force_update=True)
    assert entries() == [first, updated(article, {"title": ["a", "b"]}, 2)]


def test_forcing_an_insert_over_an_existing_row_leaves_nothing_behind() -> None:
    article = make(Article, title="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Article(pk=article.pk, title="b").save(force_insert=True)
    assert entries() == []


@pytest.mark.parametrize("options", [{"force_update": True}, {"update_fields": ["title"]}])
def test_an_update_that_hits_no_row_leaves_nothing_behind(options: dict[str, Any]) -> None:
    article = make(Article, title="a")
    with disabled():
        Article.objects.all().delete()
    article.title = "b"
    with pytest.raises(DatabaseError), transaction.atomic():
        article.save(**options)
    assert entries() == []


def test_saving_an_instance_whose_row_is_gone_creates_it_again() -> None:
    article = make(Article, title="a")
    with disabled():
        Article.objects.all().delete()
    article.save()
    assert entries() == [created(article)]


def test_get_or_create_records_the_creation_once() -> None:
    article, _ = Article.objects.get_or_create(title="a", defaults={"views": 3})
    Article.objects.get_or_create(title="a", defaults={"views": 4})
    assert entries() == [created(article)]


def test_update_or_create_records_what_it_did() -> None:
    article, _ = Article.objects.update_or_create(title="a", defaults={"views": 3})
    first = created(article)
    Article.objects.update_or_create(title="a", defaults={"views": 4})
    Article.objects.update_or_create(title="a", defaults={"views": 4})
    assert entries() == [first, updated(article, {"views": [3, 4]}, 2)]


@pytest.mark.django_db(transaction=True)
def test_the_asynchronous_forms_are_recorded_like_the_others() -> None:
    async def story() -> dict[str, Any]:
        article = await Article.objects.acreate(title="a")
        article.title = "b"
        await article.asave()
        before = {"pk": article.pk}
        await Article.objects.filter(pk=article.pk).aupdate(views=3)
        await article.adelete()
        return before

    before = async_to_sync(story)()
    assert [(entry.action, entry.object_id, entry.source) for entry in entries()] == [
        ("create", str(before["pk"]), "save"),
        ("update", str(before["pk"]), "save"),
        ("update", str(before["pk"]), "update"),
        ("delete", str(before["pk"]), "delete"),
    ]


def test_saving_again_in_post_save_gives_two_entries_each_of_them_right() -> None:
    def count(instance: Article, **_kwargs: Any) -> None:
        if instance.views == 1:
            instance.views = 2
            instance.save()

    article = make(Article, title="a")
    article.views = 1
    with connected(post_save, count, Article):
        article.save()
    assert entries() == [updated(article, {"views": [0, 1]}), updated(article, {"views": [1, 2]}, 2)]


def test_a_receiver_that_saves_another_object_has_its_own_entry() -> None:
    author = make(Author, name="n")

    def rename(instance: Article, **_kwargs: Any) -> None:
        author.name = f"wrote {instance.title}"
        author.save()

    article = Article(title="a")
    with connected(pre_save, rename, Article), connected(post_save, rename, Article):
        article.save()
    assert entries() == [updated(author, {"name": ["n", "wrote a"]}), created(article, 2)]


def test_a_value_that_a_pre_save_receiver_sets_is_recorded() -> None:
    def shout(instance: Article, **_kwargs: Any) -> None:
        instance.title = instance.title.upper()

    article = make(Article, title="a")
    article.views = 1
    with connected(pre_save, shout, Article):
        article.save()
    assert entries() == [updated(article, {"title": ["a", "A"], "views": [0, 1]})]


def test_a_field_that_saves_another_object_while_it_is_saved_has_an_entry_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    author = make(Author, name="n")
    plain = Article._meta.get_field("body").pre_save

    def count(instance: Article, add: bool) -> Any:
        author.name = "counted"
        author.save()
        return plain(instance, add)

    monkeypatch.setattr(Article._meta.get_field("body"), "pre_save", count)
    article = Article(title="a")
    article.save()
    assert entries() == [updated(author, {"name": ["n", "counted"]}), created(article, 2)]


def test_a_field_that_updates_another_row_while_it_is_saved_leaves_that_row_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    article, other = make(Article, title="a"), make(Article, title="b")
    field = Article._meta.get_field("body")
    plain = field.pre_save

    def count(instance: Article, add: bool) -> Any:
        Article.objects.filter(pk=other.pk).update(views=7)
        return plain(instance, add)

    monkeypatch.setattr(field, "pre_save", count)
    article.views = 1
    article.save()
    assert entries() == [
        updated(other, {"views": [0, 7]}, 1, source="update"),
        updated(article, {"views": [0, 1]}, 2),
    ]
    assert list(AuditEntry.objects.order_by("id").values_list("object_repr", flat=True)) == ["b", "a"]


def test_masked_fields_are_masked_and_still_compared() -> None:
    author = make(Author, name="a", password="old")
    author.password = "new"
    author.save()
    author.save()
    assert entries() == [updated(author, {"password": [{"masked": True}, {"masked": True}]})]


def test_a_change_of_excluded_fields_alone_writes_nothing(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"exclude": ["views"]}}}
    article = make(Article, title="a")
    article.views = 1
    article.save()
    assert entries() == []
    article.views, article.title = 2, "b"
    article.save()
    assert entries() == [updated(article, {"title": ["a", "b"]})]


def test_naming_fields_records_those_alone(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"fields": ["title", "views"]}}}
    article = Article.objects.create(title="a", body="x")
    article.views, article.body = 1, "y"
    article.save()
    assert [entry.changes for entry in entries()] == [
        {"title": [None, "a"], "views": [None, 0]},
        {"views": [0, 1]},
    ]


def test_logging_in_is_no_change_of_the_user(client: Any, django_user_model: Any) -> None:
    user = make(django_user_model, username="u")
    client.force_login(user)
    user.refresh_from_db()
    assert user.last_login is not None
    assert entries() == []


def test_last_login_is_recorded_where_it_is_asked_for(
    client: Any, django_user_model: Any, settings: Any
) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"auth.User": {"fields": ["last_login"]}}}
    user = make(django_user_model, username="u")
    client.force_login(user)
    assert [list(entry.changes) for entry in entries()] == [["last_login"]]


def test_a_model_that_nobody_named_is_not_recorded(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article"]}
    Unaudited.objects.create(name="a").delete()
    assert entries() == []


def test_nothing_is_recorded_where_the_app_is_switched_off(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"ENABLED": False, "MODELS": ["testapp.Article"]}
    Article.objects.create(title="a")
    assert entries() == []


def test_disabling_one_model_leaves_the_others_recorded() -> None:
    with disabled(Article):
        article = Article.objects.create(title="a")
        comment = Comment.objects.create(article=article, text="c")
    assert entries() == [created(comment)]


def test_an_instance_saved_under_disabled_is_compared_with_the_database_afterwards() -> None:
    article = make(Article, title="a")
    with disabled():
        article.views = 1
        article.save()
    article.views = 2
    article.save()
    assert entries() == [updated(article, {"views": [1, 2]})]


def test_the_same_key_in_two_spellings_of_case_is_two_objects() -> None:
    make(Ticket, title="x")
    Country.objects.create(code="de", name="a")
    Country.objects.create(code="fr", name="b")
    assert [entry.object_id for entry in entries()] == ["de", "fr"]
    assert uuid.UUID(str(Ticket.objects.get().pk))
