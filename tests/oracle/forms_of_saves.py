"""Forms that write one instance: `save()` in all its ways, and what calls it."""

from __future__ import annotations

import copy
import datetime
import json
import pickle
import uuid
from decimal import Decimal
from tempfile import NamedTemporaryFile

from asgiref.sync import async_to_sync
from django.core import serializers
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Now, Upper
from django.forms import modelform_factory
from django.test import override_settings

from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Careful,
    Child,
    Comment,
    Country,
    Document,
    Hidden,
    Parent,
    Place,
    Product,
    PublishedArticle,
    Remembered,
    Restaurant,
    Rude,
    Seat,
    Tag,
    Ticket,
    Wide,
)

from .forms import form, silent
from .world import World


@form
def create(world: World) -> None:
    Article.objects.create(title="n", author=world.ada, price=Decimal("9.99"), ratio=1.5, meta={"ä": [1.5]})


@form
def create_with_nothing_given(world: World) -> None:
    Article.objects.create()


@form
def save_a_new_instance(world: World) -> None:
    Author(name="Cem", password="secret").save()


@form
def save_changes(world: World) -> None:
    world.a.title, world.a.views, world.a.is_open = "ä😀'\"\\", -5, False
    world.a.price, world.a.ratio, world.a.token = Decimal("-0.01"), 1e300, uuid.uuid4()
    world.a.meta, world.a.day, world.a.author = [{"b": 1, "a": "ß"}], None, world.bob
    world.a.save()


@form
def save_values_that_are_cleaned_by_the_database(world: World) -> None:
    world.a.price, world.a.views, world.a.ratio = Decimal("1.005"), "7", 2
    world.a.save()
    for price in ("1.015", "2.675", "-0.005", "123456.785"):
        world.b.price = Decimal(price)
        world.b.save()


@form
def save_a_secret(world: World) -> None:
    world.ada.password = "two"
    world.ada.save()


@form
def save_from_and_to_null(world: World) -> None:
    world.a.ratio, world.c.ratio, world.a.meta, world.c.meta = None, 0.0, None, {}
    world.a.save()
    world.c.save()


@form
def save_a_json_null(world: World) -> None:
    null = Value(None, Article._meta.get_field("meta"))
    world.a.meta, world.c.meta = null, null
    world.a.save()
    world.c.save()


@form
def save_json_that_was_changed_in_place(world: World) -> None:
    world.a.meta["k"].append(2)
    world.a.save()


@form
def save_an_expression(world: World) -> None:
    world.a.views, world.a.title = F("views") + 1, Concat(Upper("title"), Value("!"))
    world.a.save()


@form
def save_an_expression_of_the_clock(world: World) -> None:
    world.a.created = Now()
    world.a.save()


@form
def save_some_fields(world: World) -> None:
    world.a.title, world.a.views = "not this", 9
    world.a.save(update_fields=["views"])


@form
def save_a_deferred_instance(world: World) -> None:
    partial = Article.objects.only("title").get(pk=world.a.pk)
    partial.title = "n"
    partial.save()


@form
def save_a_field_that_was_deferred(world: World) -> None:
    partial = Article.objects.defer("views").get(pk=world.a.pk)
    partial.views = 8
    partial.save()


@form
def save_a_stale_instance(world: World) -> None:
    Article.objects.filter(pk=world.a.pk).update(views=50)
    world.a.title = "n"
    world.a.save()


@form
def save_twice(world: World) -> None:
    for title in ("n", "m"):
        world.a.title = title
        world.a.save()


@form
def save_after_refreshing(world: World) -> None:
    Article.objects.filter(pk=world.a.pk).update(views=50)
    world.a.refresh_from_db()
    world.a.views = 51
    world.a.save()


@form
def save_a_copy_without_its_key(world: World) -> None:
    world.a.pk, world.a._state.adding, world.a.title = None, True, "copy"
    world.a.save()


@form
def save_a_copied_and_a_pickled_instance(world: World) -> None:
    copied, pickled = copy.copy(world.a), pickle.loads(pickle.dumps(world.b))
    copied.views, pickled.views = 10, 11
    copied.save()
    pickled.save()


@form
def save_over_a_row_by_its_key(world: World) -> None:
    Article(pk=world.a.pk, title="over", created=world.a.created).save()


@form
def save_with_the_key_of_another_row(world: World) -> None:
    world.a.pk, world.a.title = world.b.pk, "moved"
    world.a.save()


@form
def save_under_a_new_key(world: World) -> None:
    world.country.code = "de"
    world.country.save()


@form
def save_with_a_forced_insert(world: World) -> None:
    Tag(pk=world.red.pk + 1000, name="forced").save(force_insert=True)


@form
def save_with_a_forced_update(world: World) -> None:
    Tag(pk=world.red.pk, name="forced").save(force_update=True)


@form
def save_on_another_database(world: World) -> None:
    Author(name="there").save(using="other")
    there = Author.objects.using("other").get()
    there.name = "elsewhere"
    there.save()
    Author.objects.using("other").update(email="e@e.e")
    Author.objects.using("other").all().delete()


@form
def save_a_row_on_a_database_where_it_is_not(world: World) -> None:
    world.ada.name = "both"
    world.ada.save(using="other")


@form
def save_where_django_selects_first(world: World) -> None:
    careful = Careful.objects.create(name="a")
    careful.name = "b"
    careful.save()


@form
def save_an_object_without_a_text(world: World) -> None:
    rude = Rude.objects.create(name="a")
    rude.name = "b"
    rude.save()


@form
def save_a_row_that_the_default_manager_hides(world: World) -> None:
    hidden = Hidden.objects.create(name="a")
    hidden.is_deleted = True
    hidden.save()
    hidden.name = "b"
    hidden.save()


@form
def save_a_proxy(world: World) -> None:
    proxy = PublishedArticle.objects.get(title="a")
    proxy.views = 7
    proxy.save()
    PublishedArticle.objects.create(title="proxy")


@form
def save_a_composite_key(world: World) -> None:
    world.seat.guest = "g"
    world.seat.save()
    Seat.objects.create(row="B", number=1, guest="h")


@form
def save_keys_of_other_types(world: World) -> None:
    world.ticket.title, world.country.name = "n", "n"
    world.ticket.save()
    world.country.save()
    Ticket.objects.create(title="new")
    Country.objects.create(code="fr", name="France")


@form
def save_what_the_database_computes(world: World) -> None:
    world.product.amount, world.product.name = 5, "COFFEE"
    world.product.save()
    Product.objects.create(name="Milk")


@form
def save_bytes_durations_and_times(world: World) -> None:
    document = Document.objects.create(
        file="f.txt",
        data=b"\x00\x01'",
        duration=-datetime.timedelta(days=3, microseconds=7),
        at=datetime.time(23, 59, 59, 999999),
        big=-(2**63),
        address="2001:db8::1",
    )
    document.at, document.address, document.data = datetime.time(1), "192.0.2.1", b""
    document.duration, document.big = datetime.timedelta(0), 2**63 - 1
    document.save()


@form
def save_twelve_columns(world: World) -> None:
    Wide.objects.create(title="t", body="b", first=datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC))


@form
def save_moments_of_another_zone(world: World) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    world.a.created = datetime.datetime(2026, 3, 1, 2, 3, 4, 5, tzinfo=zone)
    world.a.save()


@form
def save_a_weird_table(world: World) -> None:
    world.odd.select, world.odd.tag = 2, world.green
    world.odd.save()


@form
def save_rows_that_point_at_each_other(world: World) -> None:
    parent = Parent.objects.create(name="p")
    child = Child.objects.create(name="c", parent=parent)
    parent.favourite = child
    parent.save()


@form
def create_a_multi_table_child(world: World) -> None:
    Bistro.objects.create(name="n", city="z", stars=3, is_cosy=False)


@form
def save_a_multi_table_child(world: World) -> None:
    world.bistro.name, world.bistro.stars, world.bistro.is_cosy = "n", 5, False
    world.bistro.save()


@form
def save_a_parents_field_of_a_multi_table_child(world: World) -> None:
    world.bistro.city = "n"
    world.bistro.save(update_fields=["city"])


@form
def save_the_parent_of_a_multi_table_child(world: World) -> None:
    place = Place.objects.get(pk=world.bistro.pk)
    place.name = "n"
    place.save()


@form
def make_a_child_of_a_row_that_is_there(world: World) -> None:
    child = Restaurant(place_ptr=world.place, stars=4)
    child.__dict__.update({name: getattr(world.place, name) for name in ("name", "city")})
    child.save()


@form
def make_a_child_of_a_row_without_touching_it(world: World) -> None:
    Restaurant(place_ptr=world.place, stars=4).save_base(raw=True)


@form
def get_or_create(world: World) -> None:
    Tag.objects.get_or_create(name="red")
    Tag.objects.get_or_create(name="new")


@form
def update_or_create(world: World) -> None:
    Article.objects.update_or_create(title="a", defaults={"views": 77})
    Article.objects.update_or_create(title="new", defaults={"views": 78})


@form
def save_asynchronously(world: World) -> None:
    async def work() -> None:
        made = await Author.objects.acreate(name="async")
        made.name = "again"
        await made.asave()
        await Tag.objects.aget_or_create(name="async")
        await Tag.objects.aupdate_or_create(name="async", defaults={"name": "later"})
        await made.adelete()

    async_to_sync(work)()


@form
def save_through_a_form(world: World) -> None:
    make_form = modelform_factory(Article, fields=["title", "price", "tags"])
    bound = make_form({"title": "n", "price": "3.1", "tags": [world.blue.pk]}, instance=world.a)
    assert bound.is_valid()
    bound.save()


@form
def save_what_was_deserialized(world: World) -> None:
    world.a.views, world.a.body = 12, "from text"
    text = serializers.serialize("json", [world.a])
    for item in serializers.deserialize("json", text.replace(f"[{world.red.pk}", f"[{world.blue.pk}")):
        item.save()


@form
def load_a_fixture(world: World) -> None:
    world.a.body = "from a fixture"
    data = json.loads(serializers.serialize("json", [world.a, world.bistro, world.bistro.restaurant_ptr]))
    data += [{"model": "testapp.comment", "pk": 5000, "fields": {"article": world.a.pk, "text": "new"}}]
    data += [{"model": "testapp.tag", "pk": world.red.pk, "fields": {"name": "crimson"}}]
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(data, file)
        file.flush()
        call_command("loaddata", file.name, verbosity=0)


@form
def save_with_values_remembered(world: World) -> None:
    with override_settings(SIGNALS_AUDIT={"MODELS": {"testapp.*": {"before": "memory"}}}):
        remembered = Remembered.objects.get()
        remembered.name, remembered.price = "n", Decimal("1.1")
        remembered.meta["k"].append(2)
        remembered.save()
        remembered.views = F("views") + 1
        remembered.save()
        remembered.views = 5
        remembered.save()
        Remembered.objects.create(name="new").save()


def new_savepoint() -> str:
    """Begin a savepoint by hand, under either of its names."""
    begin = getattr(transaction, "savepoint_create", None) or transaction.savepoint
    return str(begin())


@form
def save_in_a_savepoint_that_is_kept_and_one_that_is_not(world: World) -> None:
    with transaction.atomic():
        world.a.views = 10
        world.a.save()
        with transaction.atomic():
            world.b.views = 11
            world.b.save()
            transaction.set_rollback(True)
        sid = new_savepoint()
        world.c.delete()
        transaction.savepoint_rollback(sid)
        world.a.views = 12
        world.a.save()


@silent
def save_nothing_new(world: World) -> None:
    for row in (world.a, world.bistro, world.seat, world.product, world.document, world.odd, world.ticket):
        row.save()


@silent
def save_the_same_value_in_another_spelling(world: World) -> None:
    world.a.views, world.a.price, world.a.day = "1", "1.5", "2026-01-02"
    world.a.token, world.a.ratio, world.a.is_open = str(world.a.token), "0.1", 1
    world.a.save()


@silent
def save_an_expression_that_changes_nothing(world: World) -> None:
    world.a.views = F("views") * 1
    world.a.save()


@silent
def save_no_fields(world: World) -> None:
    world.a.title = "n"
    world.a.save(update_fields=[])


@silent
def save_what_the_database_refuses(world: World) -> None:
    for refused in (Article(title="a"), Comment(article_id=None, text="x")):
        try:
            with transaction.atomic():
                refused.save()
        except IntegrityError:
            continue
        raise AssertionError("it was not refused")


@silent
def save_a_row_that_is_gone_with_a_forced_update(world: World) -> None:
    try:
        with transaction.atomic():
            Tag(pk=987654, name="gone").save(force_update=True)
    except DatabaseError:
        return
    raise AssertionError("it was not refused")


@silent
def save_in_a_block_that_is_rolled_back(world: World) -> None:
    with transaction.atomic():
        world.a.views = 10
        world.a.save()
        world.b.delete()
        Author.objects.update(name=Concat("name", Value("!")))
        transaction.set_rollback(True)
