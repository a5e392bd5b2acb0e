"""Upserts: created and updated rows are told apart, and what changes nothing leaves no entry."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.testapp.models import Product, Tag, Ticket

from .log import entries

pytestmark = pytest.mark.django_db


def conflicts(*names: str) -> dict[str, Any]:
    """Return the arguments of an upsert; MySQL and MariaDB know what is unique by themselves."""
    named = (
        {"unique_fields": list(names)} if connection.features.supports_update_conflicts_with_target else {}
    )
    return {"update_conflicts": True, **named}


def told() -> list[tuple[Any, ...]]:
    return [(entry.action, entry.object_id, entry.changes, entry.source) for entry in entries()]


def test_an_upsert_records_what_it_creates_and_what_it_updates() -> None:
    kept = Ticket.objects.create(title="a")
    same = Ticket.objects.create(title="b")
    new = Ticket(title="c")
    before = len(told())
    Ticket.objects.bulk_create(
        [Ticket(id=kept.id, title="A"), Ticket(id=same.id, title="b"), new],
        update_fields=["title"],
        **conflicts("id"),
    )
    assert sorted(told()[before:], key=str) == sorted(
        [
            ("update", str(kept.id), {"title": ["a", "A"]}, "bulk_create"),
            (
                "create",
                str(new.id),
                {"id": [None, {"uuid": str(new.id)}], "title": [None, "c"]},
                "bulk_create",
            ),
        ],
        key=str,
    )


def test_an_upsert_by_another_unique_column_is_recorded_under_the_keys_of_the_rows() -> None:
    tag = Tag.objects.create(name="a")
    before = len(told())
    Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")], update_fields=["name"], **conflicts("name"))
    new = Tag.objects.get(name="b")
    assert told()[before:] == [
        ("create", str(new.pk), {"id": [None, new.pk], "name": [None, "b"]}, "bulk_create")
    ]
    assert Tag.objects.get(name="a").pk == tag.pk


def test_an_upsert_tells_what_the_database_computed() -> None:
    product = Product.objects.create(name="Chair", amount=1)
    before = len(told())
    Product.objects.bulk_create(
        [Product(id=product.pk, name="Table", amount=5)],
        update_fields=["name", "amount"],
        **conflicts("id"),
    )
    assert [(action, changes) for action, _, changes, _ in told()[before:]] == [
        (
            "update",
            {"name": ["Chair", "Table"], "amount": [1, 5], "total": [2, 10], "slug": ["chair", "table"]},
        )
    ]


def test_an_upsert_of_nothing_new_leaves_no_entry() -> None:
    tag = Tag.objects.create(name="a")
    before = len(told())
    Tag.objects.bulk_create([Tag(id=tag.pk, name="a")], update_fields=["name"], **conflicts("id"))
    assert told()[before:] == []


def test_the_objects_of_an_upsert_get_what_django_gives_them() -> None:
    Tag.objects.create(name="a")
    made = Tag.objects.bulk_create(
        [Tag(name="a"), Tag(name="b")], update_fields=["name"], **conflicts("name")
    )
    assert [tag.pk for tag in made] == [Tag.objects.get(name=tag.name).pk for tag in made]
