"""Rows that the database deletes or changes by itself (Django 6.1) are accounted for."""

from __future__ import annotations

from typing import Any

import django
import pytest

from tests.testapp import models, strange

from .log import entries

pytestmark = pytest.mark.django_db

HAS_DATABASE_LEVEL = django.VERSION >= (6, 1)


def told(start: int) -> list[tuple[Any, ...]]:
    return [(one.action, one.model, one.changes, one.source) for one in entries()[start:]]


def world() -> tuple[Any, int]:
    shop = models.Shop.objects.create(name="s")
    shelf = models.Shelfful.objects.create(shop=shop, name="f")
    models.Jar.objects.create(shelf=shelf, name="j")
    models.Customer.objects.create(favourite=shop, name="c")
    return shop, len(entries())


def expected(shop: Any, source: str) -> list[tuple[Any, ...]]:
    shelf, jar, customer = (
        models.Shelfful.objects.get().pk,
        models.Jar.objects.get().pk,
        models.Customer.objects.get().pk,
    )
    del customer
    gone = (
        "delete",
        "testapp.Jar",
        {"id": [jar, None], "shelf": [shelf, None], "name": ["j", None]},
        "database",
    )
    parent = {"id": [shelf, None], "shop": [shop.pk, None], "name": ["f", None]}
    return [
        gone,
        ("delete", "testapp.Shelfful", parent, "database"),
        ("update", "testapp.Customer", {"favourite": [shop.pk, None]}, "database"),
        ("delete", "testapp.Shop", {"id": [shop.pk, None], "name": ["s", None]}, source),
    ]


if HAS_DATABASE_LEVEL:

    def test_what_goes_with_a_deleted_row_and_what_loses_its_reference_is_recorded() -> None:
        shop, start = world()
        wanted = expected(shop, "delete")
        shop.delete()
        assert sorted(told(start), key=str) == sorted(wanted, key=str)

    def test_deleting_by_queryset_is_recorded_the_same() -> None:
        shop, start = world()
        wanted = expected(shop, "delete")
        models.Shop.objects.filter(name="s").delete()
        assert sorted(told(start), key=str) == sorted(wanted, key=str)

    def test_rows_below_a_model_that_is_not_audited_are_recorded(settings: Any) -> None:
        settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Jar": {}, "testapp.Customer": {}}}
        shop, start = world()
        wanted = [one for one in expected(shop, "delete") if one[1] in ("testapp.Jar", "testapp.Customer")]
        shop.delete()
        assert sorted(told(start), key=str) == sorted(wanted, key=str)

    def test_a_delete_that_meets_no_row_tells_of_nothing() -> None:
        _shop, start = world()
        models.Shop.objects.filter(name="nobody").delete()
        assert told(start) == []

    @pytest.mark.parametrize("names", ["ac", "abc", "ab"])
    def test_rows_that_go_with_others_that_the_same_deletion_meets_are_recorded(names: str) -> None:
        top = models.Branch.objects.create(name="a")
        middle = models.Branch.objects.create(name="b", parent=top)
        twig = models.Branch.objects.create(name="c", parent=middle)
        kept = models.Branch.objects.create(name="d")
        start = len(entries())
        models.Branch.objects.filter(name__in=names).delete()
        assert models.Branch.objects.get() == kept
        gone = sorted((entry.object_id, entry.changes["name"]) for entry in entries()[start:])
        assert gone == sorted((str(branch.pk), [branch.name, None]) for branch in (top, middle, twig))

    def test_a_row_whose_key_reads_like_that_of_a_deleted_one_stays() -> None:
        strange.Voucher.objects.create(code=" a", holder="gone")
        strange.Voucher.objects.create(code="a", holder="kept")
        start = len(entries())
        assert strange.Voucher.objects.filter(holder="gone").delete() == (1, {"testapp.Voucher": 1})
        assert list(strange.Voucher.objects.values_list("holder", flat=True)) == ["kept"]
        changes = {"code": ["a", None], "holder": ["gone", None]}
        assert told(start) == [("delete", "testapp.Voucher", changes, "delete")]

else:

    def test_before_6_1_no_relation_is_left_to_the_database() -> None:
        from signals_audit.capture.dependents import dependents

        assert dependents(models.Article) == []
