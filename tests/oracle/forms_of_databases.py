"""Forms of Django 6.1: what the database itself does to other rows when a row goes."""

from __future__ import annotations

import django
from django.db import connection

from .forms import form, silent
from .triggers import cascading_to
from .world import World

if django.VERSION >= (6, 1):
    from tests.testapp.models import Customer, Jar, Shelfful, Shop

    def shops() -> list[Shop]:
        """Return two shops with everything that hangs on them, made in front of the log."""
        found = []
        for name in ("x", "y"):
            shop = Shop.objects.create(name=name)
            shelves = [Shelfful.objects.create(shop=shop, name=f"{name}{number}") for number in range(2)]
            Jar.objects.bulk_create([Jar(shelf=shelf, name=f"j{shelf.name}") for shelf in shelves])
            Customer.objects.create(name=name, favourite=shop)
            found.append(shop)
        return found

    @form
    def delete_where_the_database_cascades(world: World) -> None:
        shop, _other = shops()
        with cascading_to(Shelfful, Jar, Customer):
            shop.delete()

    @form
    def delete_a_set_where_the_database_cascades(world: World) -> None:
        shops()
        with cascading_to(Shelfful, Jar, Customer):
            Shop.objects.filter(name="y").delete()

    @form
    def delete_in_the_middle_of_what_the_database_cascades(world: World) -> None:
        shops()
        with cascading_to(Jar):
            Shelfful.objects.filter(name__endswith="0").delete()

    @form
    def delete_raw_where_the_database_cascades(world: World) -> None:
        shops()
        rows = Shop.objects.filter(name="x")
        with cascading_to(Shelfful, Jar, Customer):
            rows._raw_delete(rows.db)

    @form
    def delete_everything_that_the_database_cascades(world: World) -> None:
        shops()
        with cascading_to(Shelfful, Jar, Customer):
            Shop.objects.all().delete()
        Customer.objects.all().delete()

    @silent
    def delete_nothing_that_the_database_would_cascade(world: World) -> None:
        Shop.objects.filter(name="nobody").delete()

    if connection.vendor != "mysql":  # which has no SET DEFAULT
        from tests.testapp.models import Guest

        @form
        def delete_where_the_database_sets_a_default(world: World) -> None:
            home = Shop.objects.create(pk=-1, name="home")
            shop, other = shops()
            for number, favourite in enumerate([home, shop, other, shop]):
                Guest.objects.create(favourite=favourite, name=str(number))
            shop.delete()
            Shop.objects.filter(name="y").delete()
