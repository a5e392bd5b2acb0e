"""Forms that insert rows or, where they are there already, update them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Model

from tests.testapp.models import Article, Country, Product, PublishedArticle, Seat, Tag

from .forms import form, silent
from .world import World


def upsert(objs: list[Any], update: list[str], unique: list[str], **options: Any) -> list[Any]:
    """Insert or update; MariaDB takes every unique constraint, and none by its name."""
    model: type[Model] = type(objs[0])
    if connection.features.supports_update_conflicts_with_target:
        options["unique_fields"] = unique
    return list(model._base_manager.bulk_create(objs, update_conflicts=True, update_fields=update, **options))


@form
def upsert_new_and_old_rows(world: World) -> None:
    new = [Article(title="a", views=50, body="x"), Article(title="n", views=51), Article(title="b", views=52)]
    upsert(new, ["views", "body"], ["title"])


@form
def upsert_new_rows_alone(world: World) -> None:
    upsert([Article(title="n"), Article(title="m")], ["views"], ["title"])


@form
def upsert_old_rows_alone(world: World) -> None:
    upsert([Article(title="a", views=50), Article(title="b", views=2)], ["views"], ["title"])


@form
def upsert_values_of_every_kind(world: World) -> None:
    article = Article(title="a", meta=None, price=Decimal("1.005"), ratio=None, author=world.bob, day=None)
    upsert([article], ["meta", "price", "ratio", "author", "day", "token"], ["title"])


@form
def upsert_by_primary_key(world: World) -> None:
    upsert([Country(code="at", name="n"), Country(code="fr", name="m")], ["name"], ["code"])


@form
def upsert_by_an_automatic_key(world: World) -> None:
    upsert([Tag(pk=world.red.pk, name="n"), Tag(pk=7001, name="m")], ["name"], ["id"])


@form
def upsert_composite_keys(world: World) -> None:
    rows = [Seat(row="A", number=1, guest="n"), Seat(row="Z", number=1, guest="m")]
    upsert(rows, ["guest"], ["row", "number"])


@form
def upsert_in_batches(world: World) -> None:
    rows = [Article(title=title, views=60) for title in ("n", "a", "m", "b", "c")]
    upsert(rows, ["views"], ["title"], batch_size=2)


@form
def upsert_what_the_database_computes(world: World) -> None:
    upsert([Product(pk=world.product.pk, name="N", amount=9)], ["name", "amount"], ["id"])
    upsert([Product(pk=8001, name="L")], ["name"], ["id"])


@form
def upsert_a_proxy(world: World) -> None:
    upsert([PublishedArticle(title="a", views=50), PublishedArticle(title="n")], ["views"], ["title"])


@form
def upsert_asynchronously(world: World) -> None:
    async def work() -> None:
        by_name = connection.features.supports_update_conflicts_with_target
        target = {"unique_fields": ["title"]} if by_name else {}
        rows = [Article(title="a", views=50), Article(title="n")]
        await Article.objects.abulk_create(rows, update_conflicts=True, update_fields=["views"], **target)

    async_to_sync(work)()


@form
def upsert_one_row_twice(world: World) -> None:
    for views in (50, 51):
        upsert([Article(title="n", views=views)], ["views"], ["title"])
    Article.objects.filter(title="n").update(views=F("views") + 1)


@form
def upsert_rows_that_meet_each_other(world: World) -> None:
    rows = [Article(title="n", views=50), Article(title="a", views=51)]
    if connection.vendor != "postgresql":  # which refuses to update a row twice
        rows += [Article(title="n", views=52), Article(title="a", views=53)]
    upsert(rows, ["views"], ["title"])


@form
def upsert_the_key_that_conflicts(world: World) -> None:
    upsert([Tag(name="red"), Tag(name="n")], ["name"], ["name"])


@silent
def upsert_what_is_there(world: World) -> None:
    rows = [Article(title="a", views=1), Article(title="b", views=2)]
    upsert(rows, ["views"], ["title"])


@silent
def upsert_what_the_database_refuses(world: World) -> None:
    try:
        with transaction.atomic():
            upsert([Tag(pk=world.red.pk, name="blue")], ["name"], ["id"])
    except IntegrityError:
        return
    raise AssertionError("it was not refused")
