"""What triggers write is what Django's side writes: the same statement is captured both ways and compared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from signals_audit.models import AuditEntry
from signals_audit.spelling import sqlite_values
from signals_audit.spelling.columns import Column
from signals_audit.spelling.kinds import Kind
from signals_audit.spelling.mysql_values import FUNCTIONS
from signals_audit.triggers import State, status
from tests.testapp.models import (
    ApiToken,
    Article,
    Author,
    Country,
    Document,
    Note,
    Odd,
    Person,
    Product,
    Restaurant,
    Seat,
    Tag,
    Ticket,
    Wide,
)

from ..spelling.values import ARTICLES, DOCUMENTS, MOMENT
from .conftest import Triggered

# MariaDB ends a transaction when a trigger is made.
pytestmark = pytest.mark.django_db(transaction=connection.vendor == "mysql")

Told = tuple[str, str, str, str, Any]


def told(*, by_triggers: bool) -> list[Told]:
    """Return what the entries of one side say, in an order that both share."""
    found = AuditEntry.objects.all()
    found = found.filter(source="trigger") if by_triggers else found.exclude(source="trigger")
    columns = ("action", "model", "object_id", "using", "changes")
    rows = list(found.order_by("id").values_list(*columns))
    return sorted(rows, key=lambda row: (row[1], row[2], row[0], str(sorted(row[4]))))


def assert_same(number: int) -> None:
    """Assert that both sides told the same, and how much it was."""
    ours, theirs = told(by_triggers=False), told(by_triggers=True)
    assert theirs == ours
    assert len(theirs) == number
    AuditEntry.objects.all().delete()


@pytest.mark.parametrize("values", ARTICLES, ids=lambda values: str(values)[:60])
def test_articles(watched: Triggered, values: dict[str, Any]) -> None:
    watched(Article)
    article = Article.objects.create(title="t")
    assert_same(1)
    Article.objects.filter(pk=article.pk).update(**{"views": 1, **values})
    assert_same(1)
    Article.objects.filter(pk=article.pk).update(title="u", price=3, ratio=None, meta={}, is_open=True)
    assert_same(1)
    created = Article.objects.create(**{"title": "v", **values})  # an expression is read back
    assert_same(1)
    created.delete()
    assert_same(1)


@pytest.mark.parametrize("values", DOCUMENTS, ids=lambda values: str(values)[:60])
def test_documents(watched: Triggered, values: dict[str, Any]) -> None:
    watched(Document)
    document = Document.objects.create(**values)
    assert_same(1)
    Document.objects.filter(pk=document.pk).update(
        file="f", data=b"0", duration=None, at=None, big=-1, address=None
    )
    assert_same(1)
    Document.objects.filter(pk=document.pk).update(**{"big": 3, **values})
    assert_same(1)
    document.delete()
    assert_same(1)


def test_generated_values(watched: Triggered) -> None:
    watched(Product)
    product = Product.objects.create(name="ABC", price="1.5")
    assert_same(1)
    Product.objects.filter(pk=product.pk).update(name="DEF", amount=8)
    assert_same(1)
    product.delete()
    assert_same(1)


def test_many_columns_and_empty_ones(watched: Triggered) -> None:
    watched(Wide)
    Wide.objects.create(title="a", first=MOMENT, author=Author.objects.create(name="n"))
    Wide.objects.update(second=MOMENT, first=None, ratio=0.5, author=None)
    Author.objects.all().delete()
    Wide.objects.all().delete()
    AuditEntry.objects.filter(model="testapp.Author").delete()
    assert_same(3)


def test_composite_uuid_and_changed_keys(watched: Triggered) -> None:
    watched(Seat, Ticket, Tag)
    Seat.objects.create(row='A"', number=3, guest="g")
    Seat.objects.update(guest="h")
    ticket = Ticket.objects.create(title="t")
    Ticket.objects.filter(pk=ticket.pk).update(title="u")
    Seat.objects.all().delete()
    tag = Tag.objects.create(name="a")
    assert_same(6)
    Tag.objects.filter(pk=tag.pk).update(id=tag.pk + 100)
    assert_same(1)


def test_odd_names_and_references_that_are_no_keys(watched: Triggered) -> None:
    watched(Odd, Tag, Note)
    tag = Tag.objects.create(name="t")
    odd = Odd.objects.create(select=1, tag=tag)
    Odd.objects.filter(pk=odd.pk).update(select=2, tag=None)
    assert_same(3)


def test_parents_of_multi_table_children(watched: Triggered) -> None:
    watched(Restaurant, Restaurant._meta.get_parent_list()[0], Person)
    restaurant = Restaurant.objects.create(name="r", stars=1)
    restaurant.stars, restaurant.city = 2, "c"
    restaurant.save()
    restaurant.delete()
    assert_same(6)


def test_masked_and_excluded_fields_stay_in_the_database(watched: Triggered) -> None:
    watched(Author, mask=["name"], exclude=["email"])
    author = Author.objects.create(name="secretive", email="a@b.example", password="hunter2")
    Author.objects.update(password="hunter3")
    Author.objects.update(email="other@b.example")
    Author.objects.update(name="else")
    author.delete()
    found = str(list(AuditEntry.objects.filter(source="trigger").values_list("changes", "object_repr")))
    assert_same(4)
    assert not any(secret in found for secret in ("secretive", "hunter", "example", "else"))


@pytest.mark.parametrize("model", [Tag, Article])
def test_writes_that_change_nothing_leave_no_entry(watched: Triggered, model: type[Model]) -> None:
    watched(model)
    field = "name" if model is Tag else "title"
    model._base_manager.create(**{field: "same"})
    model._base_manager.update(**{field: "same"})
    model._base_manager.get().save()
    assert_same(1)


SHORT = ["DE", "ä\"\\'\n", "x" * 255]
LONG = ["x" * 256, 'ä"\n\x1f/' * 60, "y#" + "0f" * 32]

if connection.vendor == "sqlite":

    def test_keys_that_need_a_digest_are_left_to_djangos_side_and_that_is_said(triggered: Triggered) -> None:
        triggered(Country, ApiToken)
        assert [told.state for told in status(connection.alias)] == [State.IMPOSSIBLE] * 2
        Country.objects.create(code="x" * 300, name="n")
        ApiToken.objects.create(key="abc", name="n")
        assert [entry.source for entry in AuditEntry.objects.all()] == ["save"] * 2

else:

    def test_text_keys(watched: Triggered) -> None:
        watched(Country)
        keys = [*SHORT, *LONG]
        for key in keys:
            Country.objects.create(code=key, name="n")
        assert_same(len(keys))
        Country.objects.update(name="m")
        assert_same(len(keys))

    def test_secret_keys(watched: Triggered) -> None:
        watched(ApiToken)
        ApiToken.objects.create(key="abc", name="n")
        ApiToken.objects.update(name="m")
        assert_same(2)
        assert not AuditEntry.objects.filter(object_id__contains="abc").exists()

    @pytest.mark.parametrize("ratio", [5e-324, 1234567890123456.7, 1.7976931348623157e308])
    def test_floats_at_the_limits(watched: Triggered, ratio: float) -> None:
        watched(Article)
        Article.objects.create(title="t", ratio=ratio)
        assert_same(1)


def spelled(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


SMALL = ["0.00000000", "0.00000100", "0.00000123", "-0.00000120", "0.00000010", "-0.00000001", "12.50000000"]


@pytest.mark.parametrize("number", SMALL)
def test_small_numbers_of_many_places_are_written_as_python_writes_them(
    triggered: Triggered, number: str
) -> None:
    triggered(Tag)
    column = Column("n", "n", Kind.DECIMAL, places=8)
    expression = {
        "postgresql": lambda: f"signals_audit_decimal('{number}'::numeric(20, 8)::text)",
        "sqlite": lambda: sqlite_values.SPELLINGS[Kind.DECIMAL][1](f"({float(number)!r})", column),
        "mysql": lambda: f"{FUNCTIONS['decimal']}('{number}')",
    }[connection.vendor]()
    assert spelled(f"SELECT {expression}") == str(Decimal(number))
