"""Values of every kind: the entry has what the database stored, with its type, and a replay gives it back."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import JSONField, Value

from signals_audit.values import decode
from tests.testapp.models import Article, Country, Document, Product, Tag, Ticket, Wide

from .log import entries, heard, image, make, updated

pytestmark = pytest.mark.django_db

UTC = datetime.UTC
PARIS = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize(
    ("model", "name", "values"),
    [
        (Article, "views", [0, -5, 2**31 - 1]),
        (Article, "price", [Decimal("0.01"), Decimal("-999999.99"), Decimal("7")]),
        (Article, "ratio", [0.1, -1e300, 5e-324, 3.0, None]),
        (Article, "is_open", [True, False]),
        (Article, "body", ["", "é", "日本", "🎉", "a\r\nb\tc", "null", "{}", "'\"%s%%", "\\u0000"]),
        (Article, "meta", [{}, [], "text", 0, False, 1.5, {"k": [None, {"é": "🎉"}]}, {"a": 10**20}]),
        (Article, "day", [datetime.date(2026, 11, 22), datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
        (Article, "created", [datetime.datetime(2026, 11, 22, 9, 30, 1, 123456, UTC)]),
        (Document, "data", [b"", b"\0\xff" * 10, b"text"]),
        (
            Document,
            "duration",
            [datetime.timedelta(0), datetime.timedelta(-5, 3, 7), datetime.timedelta(1000)],
        ),
        (Document, "at", [datetime.time(0), datetime.time(23, 59, 59, 999999)]),
        (Document, "big", [2**53 - 1, 2**53, 2**63 - 1, -(2**63)]),
        (Document, "address", ["127.0.0.1", "2001:db8::1", None]),
        (Wide, "key", [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)]),
        (Wide, "first", [datetime.datetime(2026, 3, 29, 2, 30, tzinfo=PARIS), None]),
    ],
)
def test_a_value_is_recorded_as_loading_it_gives_it(model: Any, name: str, values: list[Any]) -> None:
    required = {Article: {"title": "a"}, Wide: {"title": "a", "body": ""}}.get(model, {})
    made = make(model, **required)
    previous = getattr(made, name)
    for value in values:
        with heard() as events:
            model.objects.filter(pk=made.pk).update(**{name: value})
        loaded = getattr(model.objects.get(pk=made.pk), name)
        if same(previous, loaded):
            assert events == []
            continue
        before, after = (decode(encoded) for encoded in entries()[-1].changes[name])
        assert (typed(before), typed(after)) == (typed(previous), typed(loaded))
        assert [typed(part) for part in events[0].changes[name]] == [typed(previous), typed(loaded)]
        previous = loaded


def same(one: Any, two: Any) -> bool:
    return typed(one) == typed(two)


def typed(value: Any) -> tuple[type, Any]:
    """Return a value so that 1, True and 1.0 differ."""
    return type(value), value


def test_every_column_of_a_row_can_be_put_back_from_its_creation() -> None:
    document = Document.objects.create(
        file="documents/a.txt",
        data=b"\0\x01",
        duration=datetime.timedelta(hours=1),
        at=datetime.time(12, 30),
        big=2**60,
        address="::1",
    )
    loaded = Document.objects.get()
    restored = Document(**{name: decode(after) for name, (_before, after) in entries()[0].changes.items()})
    for field in Document._meta.concrete_fields:
        assert typed(getattr(restored, field.attname)) == typed(getattr(loaded, field.attname))
    assert document.pk == restored.pk


def test_a_decimal_is_recorded_as_the_column_holds_it() -> None:
    product = Product.objects.create(name="Tea", price=Decimal("1.005"))
    stored = Product.objects.get(pk=product.pk).price
    assert stored in (Decimal("1.00"), Decimal("1.01"))
    assert entries()[0].changes["price"] == [None, {"decimal": str(stored)}]


def test_an_aware_time_is_recorded_in_utc_whatever_its_zone() -> None:
    wide = make(Wide, title="a", body="")
    wide.first = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=PARIS)
    wide.save()
    assert entries() == [updated(wide, {"first": [None, {"datetime": "2026-11-22T10:00:00+00:00"}]})]


def test_the_same_moment_in_another_zone_is_no_change() -> None:
    wide = make(Wide, title="a", body="", first=datetime.datetime(2026, 11, 22, 10, 0, tzinfo=UTC))
    wide.first = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=PARIS)
    wide.save()
    assert entries() == []


def test_an_uploaded_file_is_recorded_by_its_name() -> None:
    document = Document()
    document.file.save("a.txt", ContentFile(b"one"))
    first = document.file.name
    document.file = ContentFile(b"two", name="b.txt")
    document.save()
    assert [entry.changes["file"] for entry in entries()] == [[None, first], [first, document.file.name]]
    assert document.file.name.startswith("documents/b")


def test_deleting_a_file_is_recorded() -> None:
    document = Document.objects.create()
    document.file.save("a.txt", ContentFile(b"one"))
    name = document.file.name
    document.file.delete()
    assert entries()[-1].changes == {"file": [name, ""]}


def test_sql_null_and_json_null_are_told_apart() -> None:
    article = make(Article, title="a", meta=None)
    Article.objects.update(meta=Value(None, JSONField()))
    Article.objects.update(meta=None)
    assert entries() == [
        updated(article, {"meta": [None, {"json": None}]}, 1, source="update"),
        updated(article, {"meta": [{"json": None}, None]}, 2, source="update"),
    ]


def test_json_that_looks_like_a_mark_is_only_json() -> None:
    article = make(Article, title="a")
    article.meta = {"masked": True}
    article.save()
    assert entries() == [updated(article, {"meta": [{"json": {}}, {"json": {"masked": True}}]})]


def test_the_order_of_keys_in_json_is_no_change() -> None:
    article = make(Article, title="a", meta={"a": 1, "b": 2})
    article.meta = {"b": 2, "a": 1}
    article.save()
    assert entries() == []


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (0, False), (1, 1.0), ("1", 1), ([], {}), ("", None)]
)
def test_json_values_of_different_types_are_different(before: Any, after: Any) -> None:
    article = make(Article, title="a", meta={"k": before})
    article.meta = {"k": after}
    article.save()
    stored = Article.objects.get().meta["k"]
    expected = [updated(article, {"meta": [{"json": {"k": before}}, {"json": {"k": stored}}]})]
    assert entries() == (expected if typed(stored) != typed(before) else [])


def test_keys_that_differ_in_case_are_different_objects() -> None:
    if connection.vendor == "mysql":  # its default collation takes them for one key
        Country.objects.create(code="a", name="x")
        Country.objects.create(code="b", name="x")
        assert [entry.object_id for entry in entries()] == ["a", "b"]
    else:
        Country.objects.create(code="a", name="x")
        Country.objects.create(code="A", name="x")
        assert [entry.object_id for entry in entries()] == ["a", "A"]
        assert [entry.object_id for entry in entries(object_id="A")] == ["A"]


def test_a_text_that_differs_in_case_or_accent_alone_is_a_change() -> None:
    tag = make(Tag, name="resume")
    for name in ("Resume", "Resumé", "Resumé "):
        tag.name = name
        tag.save()
    assert [entry.changes["name"] for entry in entries()] == [
        ["resume", "Resume"],
        ["Resume", "Resumé"],
        ["Resumé", "Resumé "],
    ]


def test_a_text_of_ten_million_characters_is_recorded_whole() -> None:
    article = make(Article, title="a")
    article.body = "é" * 5_000_000
    article.save()
    assert entries() == [updated(article, {"body": ["", "é" * 5_000_000]})]


def test_key_values_are_typed_in_events() -> None:
    with heard() as events:
        ticket = Ticket.objects.create(title="a")
        ticket.delete()
    assert [typed(event.pk) for event in events] == [(uuid.UUID, events[0].pk)] * 2


def test_an_image_holds_every_column() -> None:
    article = Article.objects.create(title="a")
    assert entries()[0].changes.keys() == image(article).keys()
