"""Forms that write many rows at once: `update()`, `bulk_create()`, `bulk_update()` and their kin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from asgiref.sync import async_to_sync
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.migrations.state import ProjectState
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Concat, Length, Now, Upper

from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Comment,
    Country,
    Hidden,
    Membership,
    Odd,
    Place,
    Product,
    PublishedArticle,
    Restaurant,
    Review,
    Seat,
    Tag,
    Ticket,
    Unaudited,
    Vote,
    Wide,
)

from .forms import form, silent
from .world import World

FIRST = Q(title__in=["a", "b"])


@form
def update_with_constants(world: World) -> None:
    Article.objects.update(views=9, price=Decimal("0.1"), meta={"n": None}, author=world.bob)


@form
def update_with_expressions(world: World) -> None:
    Article.objects.filter(FIRST).update(views=F("views") * 2 + 1, title=Concat(F("title"), Value("x")))


@form
def update_columns_from_each_other(world: World) -> None:
    Article.objects.update(body=F("title"), title=Concat(Value("t"), F("views")))


@form
def update_with_cases(world: World) -> None:
    Article.objects.update(views=Case(When(title="a", then=5), When(ratio=None, then=F("views")), default=6))


@form
def update_with_a_subquery(world: World) -> None:
    first = Comment.objects.filter(article=OuterRef("pk")).order_by("pk").values("text")[:1]
    Article.objects.update(body=Coalesce(Subquery(first), Value("none")))


@form
def update_with_the_databases_clock(world: World) -> None:
    Article.objects.update(created=Now())


@form
def update_rows_out_of_their_own_filter(world: World) -> None:
    Article.objects.filter(views__lt=3).update(views=100)


@form
def update_rows_found_by_a_join(world: World) -> None:
    Article.objects.filter(author__name="Ada", comments__text="1").update(views=100)


@form
def update_rows_found_by_existence(world: World) -> None:
    Article.objects.filter(Exists(Review.objects.filter(article=OuterRef("pk")))).update(is_open=False)


@form
def update_rows_found_by_an_annotation(world: World) -> None:
    Article.objects.annotate(n=Count("comments")).filter(n__gt=1).update(views=100)


@form
def update_with_an_annotation(world: World) -> None:
    Article.objects.annotate(n=Length("title")).update(views=F("n") + 10)


@form
def update_what_a_slice_found(world: World) -> None:
    keys = list(Article.objects.order_by("-views").values_list("pk", flat=True)[:2])
    Article.objects.filter(pk__in=keys).update(views=100)


@form
def update_rows_not_excluded(world: World) -> None:
    Article.objects.exclude(tags=world.red).exclude(title="c").update(views=100)


@form
def update_in_an_order(world: World) -> None:
    Article.objects.order_by("-title").update(views=F("views") + 1)


@form
def update_distinct_rows(world: World) -> None:
    Article.objects.filter(tags__name__in=["red", "green"]).distinct().update(views=100)


@form
def update_a_proxy(world: World) -> None:
    PublishedArticle.objects.filter(title="a").update(views=100)


@form
def update_through_the_base_manager(world: World) -> None:
    Hidden._base_manager.create(name="a", is_deleted=True)
    Hidden._base_manager.update(name="b")


@form
def update_through_a_bare_queryset(world: World) -> None:
    QuerySet(Article).filter(title="a").update(views=100)


@form
def update_asynchronously(world: World) -> None:
    async_to_sync(Article.objects.filter(title="a").aupdate)(views=100)


@form
def update_an_instances_row_the_way_save_does(world: World) -> None:
    field = Article._meta.get_field("views")
    Article._base_manager.filter(pk=world.a.pk)._update([(field, None, 100)])


@form
def update_a_part_of_json(world: World) -> None:
    Article.objects.filter(meta__k__0=1).update(meta={"k": [2]})


@form
def update_to_null_and_back(world: World) -> None:
    Article.objects.filter(title="a").update(ratio=None, author=None, meta=None)
    null = Value(None, Article._meta.get_field("meta"))
    Article.objects.filter(title="a").update(ratio=2, author=world.ada, meta=null)


@form
def update_all_tables_of_a_child(world: World) -> None:
    Bistro.objects.filter(city="y").update(name="n", stars=9, is_cosy=False)


@form
def update_a_parents_field_through_its_child(world: World) -> None:
    Restaurant.objects.update(name="n")


@form
def update_a_parents_field_found_by_the_childs(world: World) -> None:
    Restaurant.objects.filter(stars=2, city="y").update(city="n", stars=F("stars") + 1)


@form
def update_the_parents_table_alone(world: World) -> None:
    Place.objects.filter(restaurant__bistro__is_cosy=True).update(name="n")


@form
def update_a_primary_key(world: World) -> None:
    Country.objects.filter(code="at").update(code="de")


@form
def update_several_primary_keys(world: World) -> None:
    Vote.objects.update(id=F("id") + 1000)
    Review.objects.update(id=F("id") + 1000, stars=F("stars") + 1)


@form
def update_several_parts_of_composite_keys(world: World) -> None:
    Seat.objects.filter(number__gt=1).update(number=F("number") + 10)


@form
def update_composite_keys(world: World) -> None:
    Seat.objects.filter(number__gt=1).update(guest="g")


@form
def update_what_generated_columns_depend_on(world: World) -> None:
    Product.objects.update(amount=F("amount") + 1, name=Upper("name"))


@form
def update_a_weird_table(world: World) -> None:
    Odd.objects.filter(tag__name="named").update(select=F("select") + 1, tag=None)


@form
def update_a_secret(world: World) -> None:
    Author.objects.update(password=Concat("password", Value("x")), name=Upper("name"))


@form
def update_a_through_table(world: World) -> None:
    Article.tags.through.objects.filter(tag=world.red).update(tag=world.blue)


@form
def update_a_through_table_to_another_owner(world: World) -> None:
    Article.tags.through.objects.filter(tag=world.red).update(article=world.c)


@form
def update_a_through_model_of_ones_own(world: World) -> None:
    Membership.objects.filter(group__name="club").update(role="chair", person=world.max)


@form
def update_what_values_chose(world: World) -> None:
    Article.objects.values("title").filter(title="a").update(views=100)


@form
def update_users(world: World) -> None:
    type(world.user).objects.update(first_name="F", last_login=Now())


@form
def bulk_create(world: World) -> None:
    Article.objects.bulk_create([Article(title="n", meta=[1]), Article(title="m", author=world.ada)])


@form
def bulk_create_with_keys(world: World) -> None:
    Tag.objects.bulk_create([Tag(pk=5001, name="n"), Tag(name="m"), Tag(pk=5002, name="l")])


@form
def bulk_create_in_batches(world: World) -> None:
    Tag.objects.bulk_create([Tag(name=str(number)) for number in range(7)], batch_size=3)


@form
def bulk_create_where_rows_are_there(world: World) -> None:
    new = [Tag(name="red"), Tag(name="new"), Tag(name="blue"), Tag(name="newer")]
    Tag.objects.bulk_create(new, ignore_conflicts=True)


@form
def bulk_create_with_a_key_that_is_there(world: World) -> None:
    Country.objects.bulk_create([Country(code="at"), Country(code="fr")], ignore_conflicts=True)


@form
def bulk_create_what_the_database_computes(world: World) -> None:
    Product.objects.bulk_create([Product(name="ONE"), Product(name="Two", amount=3)])


@form
def bulk_create_expressions(world: World) -> None:
    Wide.objects.bulk_create([Wide(title=Upper(Value("t")), body="b", first=Now())])


@form
def bulk_create_keys_of_other_types(world: World) -> None:
    Ticket.objects.bulk_create([Ticket(title="n"), Ticket(title="m")])
    Seat.objects.bulk_create([Seat(row="C", number=1), Seat(row="C", number=2, guest="g")])
    Country.objects.bulk_create([Country(code="fr"), Country(code="es")])


@form
def bulk_create_proxies(world: World) -> None:
    PublishedArticle.objects.bulk_create([PublishedArticle(title="n")])


@form
def bulk_create_through_rows(world: World) -> None:
    through = Article.tags.through
    through.objects.bulk_create(
        [through(article=world.c, tag=world.red), through(article=world.c, tag=world.blue)]
    )


@form
def bulk_create_through_rows_that_are_there(world: World) -> None:
    through = Article.tags.through
    rows = [through(article=world.a, tag=tag) for tag in (world.red, world.blue)]
    through.objects.bulk_create(rows, ignore_conflicts=True)


@form
def bulk_update(world: World) -> None:
    world.a.views, world.b.views, world.c.title = 10, 11, "not named"
    world.a.meta, world.b.price = None, Decimal("7.77")
    Article.objects.bulk_update([world.a, world.b, world.c], ["views", "meta", "price"])


@form
def bulk_update_in_batches(world: World) -> None:
    for number, article in enumerate([world.a, world.b, world.c], 20):
        article.views = number
    Article.objects.bulk_update([world.a, world.b, world.c], ["views"], batch_size=2)


@form
def bulk_update_with_expressions(world: World) -> None:
    world.a.views, world.b.views = F("views") + 5, Length("title")
    Article.objects.bulk_update([world.a, world.b], ["views"])


@form
def bulk_update_a_parents_field(world: World) -> None:
    world.restaurant.name, world.bistro.stars, world.bistro.name = "n", 9, "m"
    Restaurant.objects.bulk_update([world.restaurant], ["name", "stars"])
    Bistro.objects.bulk_update([world.bistro], ["name", "stars"])


@form
def bulk_update_composite_keys(world: World) -> None:
    seats = list(Seat.objects.order_by("number"))
    for seat in seats:
        seat.guest = f"g{seat.number}"
    Seat.objects.bulk_update(seats, ["guest"])


@form
def bulk_write_asynchronously(world: World) -> None:
    async def work() -> None:
        made = await Tag.objects.abulk_create([Tag(name="n"), Tag(name="m")])
        made[0].name = "l"
        await Tag.objects.abulk_update(made, ["name"])

    async_to_sync(work)()


@form
def set_an_order(world: World) -> None:
    keys = list(world.a.get_ordered_order())
    world.a.set_ordered_order(reversed(keys))


@form
def write_through_historical_models(world: World) -> None:
    past = ProjectState.from_apps(apps).apps
    article: Any = past.get_model("testapp", "Article")
    tag: Any = past.get_model("testapp", "Tag")
    old = article.objects.get(title="a")
    old.views, old.body = 50, "past"
    old.save()
    article.objects.create(title="n", author_id=world.ada.pk)
    article.objects.filter(title="b").update(views=F("views") + 50)
    article.objects.bulk_create([article(title="m"), article(title="l")])
    tag.objects.bulk_update([tag(pk=world.red.pk, name="past")], ["name"])
    old.tags.add(tag.objects.get(name="blue"))
    old.tags.remove(tag.objects.get(name="green"))
    past.get_model("testapp", "Comment").objects.filter(text="1").delete()
    past.get_model("testapp", "Bistro").objects.update(name="past", stars=8)
    tag.objects.get(name="past").delete()
    article.objects.get(title="b").delete()


@silent
def update_nothing(world: World) -> None:
    Article.objects.none().update(views=1)
    Article.objects.filter(pk__in=[]).update(views=1)
    Article.objects.filter(title="nobody").update(views=1)
    Article.objects.filter(author__name="nobody").update(views=1)


@silent
def update_to_the_same_values(world: World) -> None:
    Article.objects.update(views=F("views"), title=F("title"))
    Article.objects.filter(title="a").update(price="1.5", meta={"k": [1, None]})
    Bistro.objects.update(name="bistro", is_cosy=True)
    Article.objects.bulk_update([world.a, world.b], ["views", "meta", "price", "created"])
    world.a.set_ordered_order(list(world.a.get_ordered_order()))


@silent
def update_by_less_than_the_column_can_hold(world: World) -> None:
    Article.objects.update(price=F("price") + Decimal("0.001"))
    Article.objects.filter(FIRST).update(price=Decimal("1.5"))


@silent
def update_a_model_that_is_not_audited(world: World) -> None:
    type(world.user).objects.update(last_login=Now())


@silent
def bulk_create_nothing(world: World) -> None:
    Tag.objects.bulk_create([])
    Tag.objects.bulk_create([Tag(name="red")], ignore_conflicts=True)


@silent
def write_sets_that_the_database_refuses(world: World) -> None:
    for refused in (
        lambda: Tag.objects.update(name="same"),
        lambda: Tag.objects.bulk_create([Tag(name="new"), Tag(name="red")]),
        lambda: Article.objects.bulk_update([Article(pk=world.a.pk, title="b")], ["title"]),
    ):
        try:
            with transaction.atomic():
                refused()
        except IntegrityError:
            continue
        raise AssertionError("it was not refused")


@silent
def read_in_every_way(world: World) -> None:
    Article.objects.in_bulk([world.a.pk])
    Article.objects.aggregate(Sum("views"))
    with transaction.atomic():
        list(Article.objects.select_for_update().select_related(None))
    list(Article.objects.prefetch_related("tags", "comments").iterator(100))
    Article.objects.only("title").get(pk=world.a.pk).refresh_from_db()
    Unaudited.objects.exists()
