"""What the database spells is what Python spells: whole rows and differences, with values of every kind."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from signals_audit.types import Action
from tests.testapp.models import (
    Article,
    Author,
    Country,
    Document,
    Odd,
    Product,
    Seat,
    Tag,
    Ticket,
    Wide,
)

from .conftest import Spelled, exactly, quoted, run, spelling_of, update, whole
from .values import ARTICLES, DOCUMENTS, MOMENT

# MariaDB ends a transaction when a function is made.
pytestmark = [
    pytest.mark.django_db(transaction=connection.vendor == "mysql"),
    pytest.mark.usefixtures("functions"),
]
PLAIN_ARTICLE: dict[str, Any] = {
    "title": "u", "body": "b", "views": 1, "price": 3, "ratio": None, "meta": {"plain": 1}, "is_open": True,
    "created": MOMENT.replace(year=2025), "day": None, "status": "draft",
}  # fmt: skip
PLAIN_DOCUMENT: dict[str, Any] = {
    "file": "f", "data": b"0", "duration": None, "at": None, "big": -1, "address": None
}  # fmt: skip


def assert_right(told: Spelled, *, differs: bool = True) -> None:
    assert exactly(told.changes) == exactly(told.expected)
    assert (told.key, told.differs) == (told.expected_key, differs)


def assert_every_action(model: type[Model], plain: dict[str, Any], values: dict[str, Any]) -> None:
    """Assert how a row is spelled that has the values, gets them, keeps them and loses them."""
    for action in (Action.CREATE, Action.DELETE):
        assert_right(whole(model, action))
    assert_right(update(model, **plain))
    told = update(model, **values)
    assert_right(told, differs=bool(told.expected))
    assert_right(update(model, **values), differs=False)
    assert_right(update(model, **plain), differs=bool(told.expected))


@pytest.mark.parametrize("values", ARTICLES, ids=lambda values: str(values)[:60])
def test_articles(values: dict[str, Any]) -> None:
    Article.objects.create(**{"title": "t", **values})
    assert_every_action(Article, PLAIN_ARTICLE, values or {"views": 1})


@pytest.mark.parametrize("values", DOCUMENTS, ids=lambda values: str(values)[:60])
def test_documents(values: dict[str, Any]) -> None:
    Document.objects.create(**values)
    assert_every_action(Document, PLAIN_DOCUMENT, values or {"big": -1})


@pytest.mark.parametrize("model", [Product, Ticket, Wide], ids=lambda model: model.__name__)
def test_rows_of_other_tables(model: type[Model]) -> None:
    model._base_manager.create()
    name = "name" if model is Product else "title"
    assert_every_action(model, {name: "Abc"}, {name: "abc"})


def test_composite_keys() -> None:
    Seat.objects.create(row='A"', number=3, guest="g")
    assert_right(whole(Seat, Action.CREATE))
    assert_right(update(Seat, guest="h"))


def test_odd_names_and_references_that_are_no_keys() -> None:
    Odd.objects.create(select=1, tag=Tag.objects.create(name="t"))
    assert_right(whole(Odd, Action.DELETE))
    assert_right(update(Odd, select=2, tag=None))


KEYS = ["DE", "ä\"\\'\n", "x" * 255]
if connection.vendor != "sqlite":  # which has no digests
    KEYS += ["x" * 256, 'ä"\n\x1f/' * 60, "y#" + "0f" * 32]


@pytest.mark.parametrize("code", KEYS, ids=lambda code: f"{code[:5]}-{len(code)}")
def test_text_keys(code: str) -> None:
    Country.objects.create(code=code, name="n")
    assert_right(whole(Country, Action.CREATE))
    assert_right(update(Country, name="m"))


def test_masked_values() -> None:
    Author.objects.create(name="n", email="e@f.example", password="hunter2")
    made, told = whole(Author, Action.CREATE), update(Author, password="hunter3")
    assert_right(made)
    assert_right(told)
    assert told.changes == {"password": [{"masked": True}, {"masked": True}]}


def test_floats_of_all_sizes() -> None:
    numbers = Random(3)
    mixed = [numbers.uniform(-10, 10) * 10.0 ** numbers.randrange(-30, 31) for _ in range(300)]
    floats = mixed + [float(numbers.randrange(10**18)) for _ in range(300)]
    if connection.vendor == "sqlite":  # whose 16th and 17th digits may be others
        floats = [float(f"{number:.14e}") for number in floats]
    Wide.objects.bulk_create(Wide(title=repr(number), body="", ratio=number) for number in floats)
    sql, table = spelling_of(Wide), quoted(Wide._meta.db_table)
    found = [
        json.loads(changes) for (changes,) in run(f"SELECT {sql.changes(Action.CREATE)} FROM {table} AS NEW")
    ]
    assert [row["ratio"] for row in found] == [[None, {"float": row["title"][1]}] for row in found]
    assert len(found) == 600


if connection.vendor == "postgresql":

    def test_json_that_is_nested_deeply() -> None:
        # Goes through every function that calls another one, among those of the session.
        deep: Any = ["ä😀\x7f", 1e15, 0.1, 7, None, True, {"b": [], "a": 1e-7}]
        for _ in range(20):
            deep = {"n": deep}
        Article.objects.create(title="t", meta=deep)
        made = whole(Article, Action.CREATE)
        assert_right(made)
        assert list(made.changes["meta"][1]) == ["json_text"]
        assert_right(update(Article, meta={"n": deep}))
