"""Values that hurt: a write ends as it would without the app, and what was written is recorded."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from signals_audit import audit_context, disabled
from signals_audit.models import AuditEntry
from signals_audit.values import decode
from tests.testapp.models import Article, Author, Comment, Country, Document, Rude, Tag, Wide

from .log import entries, make, orphans, statements

pytestmark = pytest.mark.django_db

NASTY = {
    "nul": "a\0b",
    "surrogate": "a\ud800b",
    "emoji": "🎉👩‍👩‍👧‍👦",
    "rtl": "\u202eabc\u2066",
    "bom": "\ufeff",
    "non-character": "\uffff\U0010ffff",
    "script": "<script>alert(1)</script>",
    "percent": "%s %(a)s %% {} {0}",
    "quotes": "'; DROP TABLE signals_audit_auditentry; --\"`\\",
    "json": '{"masked": true}',
    "escapes": "\\u0000 \\ud800 \\",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029",
    "combining": "e\u0301" * 20,
    "newlines": "\r\n\n\r",
    "spaces": "  \t ",
}
NUMBERS = [float("nan"), float("inf"), float("-inf"), -0.0, 1e308, 5e-324]
DECIMALS = [Decimal("NaN"), Decimal("Infinity"), Decimal("-0"), Decimal("1E+5"), Decimal("9999999999")]
DOCUMENTS = {
    "nan": {"k": float("nan")},
    "infinity": [float("inf"), float("-inf")],
    "nul": {"k": "a\0b"},
    "nul in a key": {"a\0b": 1},
    "surrogate": {"k": "\ud800"},
    "big": {"k": 10**40},
    "deep": None,
    "mark": {"masked": True},
    "script": {"<script>": "</script>"},
    "empty key": {"": {"": []}},
    "duplicate after text": {1: "a", "1": "b"},
    "float": {"k": 1e400},
    "scalar": "text",
}
for _level in range(40):
    DOCUMENTS["deep"] = {"k": DOCUMENTS["deep"]}


def outcome(write: Callable[[], Any], read: Callable[[], Any]) -> tuple[Any, Any]:
    """Return how a write ends, and what is there afterwards; then undo it."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                write()
            result: Any = "written"
        except Exception as error:
            result = type(error)
        found = repr(read())
        transaction.set_rollback(True)
    return result, found


def assert_same_as_plain(write: Callable[[], Any], read: Callable[[], Any]) -> None:
    """Assert that a write ends as it does without the app, and that it is recorded if it was made."""
    with disabled():
        plain = outcome(write, read)
    assert outcome(write, read) == plain
    if plain[0] == "written":
        write()
        assert len(entries()) == 1
    assert orphans() == []


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_texts_are_written_as_ever_and_read_back_from_the_entry(text: str) -> None:
    assert_same_as_plain(
        lambda: Article.objects.create(title=text, body=text),
        lambda: list(Article.objects.values_list("title", "body")),
    )
    for entry in entries():
        article = Article.objects.get()
        assert (decode(entry.changes["title"][1]), decode(entry.changes["body"][1])) == (
            article.title,
            article.body,
        )


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_texts_as_keys_are_written_as_ever_and_found_again(text: str) -> None:
    assert_same_as_plain(
        lambda: Country.objects.create(code=text, name="x"), lambda: list(Country.objects.values_list("code"))
    )
    for country in Country.objects.all():
        assert AuditEntry.objects.for_object(country).count() == 1
        assert decode(entries()[0].changes["code"][1]) == country.code


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_floats_are_written_as_ever_and_recorded_as_they_load(number: float) -> None:
    assert_same_as_plain(
        lambda: Article.objects.create(title="a", ratio=number),
        lambda: list(Article.objects.values_list("ratio", flat=True)),
    )
    for entry in entries():
        assert repr(decode(entry.changes["ratio"][1])) == repr(Article.objects.get().ratio)


@pytest.mark.parametrize("number", DECIMALS, ids=str)
def test_decimals_are_written_as_ever_and_recorded_as_they_load(number: Decimal) -> None:
    def read() -> list[Any]:
        try:
            return list(Wide.objects.values_list("price", flat=True))
        except Exception as error:  # some databases keep what Django cannot read
            return [type(error)]

    assert_same_as_plain(lambda: Wide.objects.create(title="a", body="", price=number), read)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_json_is_written_as_ever_and_read_back_from_the_entry(document: Any) -> None:
    assert_same_as_plain(
        lambda: Article.objects.create(title="a", meta=document),
        lambda: list(Article.objects.values_list("meta", flat=True)),
    )
    for entry in entries():
        assert repr(decode(entry.changes["meta"][1])) == repr(Article.objects.get().meta)


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_json_is_updated_and_deleted_as_ever(document: Any) -> None:
    make(Article, title="a")

    def write() -> None:
        Article.objects.filter(title="a").update(meta=document)

    with disabled():
        plain = outcome(write, lambda: list(Article.objects.values_list("meta", flat=True)))
    assert outcome(write, lambda: list(Article.objects.values_list("meta", flat=True))) == plain
    if plain[0] == "written":
        write()
        Article.objects.all().delete()
        assert Article.objects.count() == 0
        assert [entry.action for entry in entries()][-1] == "delete"


@pytest.mark.parametrize(
    "data", [b"\0", bytes(range(256)), b"\xff" * 100_000, memoryview(b"abc"), bytearray(b"x")]
)
def test_bytes_are_written_as_ever(data: Any) -> None:
    assert_same_as_plain(
        lambda: Document.objects.create(data=data),
        lambda: [bytes(row.data) for row in Document.objects.all()],
    )
    assert decode(entries()[0].changes["data"][1]) == bytes(data)


def test_a_text_of_ten_megabytes_is_written_changed_and_deleted() -> None:
    article = Article.objects.create(title="a", body="x" * 10_000_000)
    article.body = "y" * 10_000_000
    article.save()
    article.delete()
    assert [entry.action for entry in entries()] == ["create", "update", "delete"]
    before, after = entries()[1].changes["body"]
    if connection.vendor == "mysql":  # which takes 16 MB at once
        assert (before["repr"][:10], after["repr"][:10]) == ('"xxxxxxxxx', '"yyyyyyyyy')
    else:
        assert (before, after) == ("x" * 10_000_000, "y" * 10_000_000)


@pytest.mark.parametrize("value", ["abc", [], object(), "1" * 5000])
def test_a_value_that_the_field_refuses_is_refused_in_the_same_way(value: Any) -> None:
    assert_same_as_plain(lambda: Article.objects.create(title="a", views=value), Article.objects.count)
    assert_same_as_plain(lambda: Article.objects.update(views=value), Article.objects.count)


@pytest.mark.parametrize("value", ["x" * 300, None])
def test_a_value_that_the_database_refuses_is_refused_in_the_same_way(value: Any) -> None:
    assert_same_as_plain(lambda: Tag.objects.create(name=value), Tag.objects.count)


def test_an_object_whose_text_fails_is_recorded_under_its_label() -> None:
    rude = Rude.objects.create(name="a")
    rude.name = "b"
    rude.save()
    rude.delete()
    key = AuditEntry.objects.values_list("object_id", flat=True)[0]
    assert set(AuditEntry.objects.values_list("object_repr", flat=True)) == {f"testapp.Rude {key}"}
    assert AuditEntry.objects.count() == 3


class Texts:
    """What `__str__` may do."""

    @staticmethod
    def not_a_text(_self: Any) -> Any:
        return 5

    @staticmethod
    def recursion(self: Any) -> str:
        return str(self)

    @staticmethod
    def missing(self: Any) -> str:
        return str(self.no_such_attribute)

    @staticmethod
    def lazy(self: Any) -> str:
        return "\0\ud800" * 200

    @staticmethod
    def long(self: Any) -> str:
        return "x" * 1_000_000

    @staticmethod
    def asks(self: Any) -> str:
        return str(Article.objects.count())

    @staticmethod
    def asks_many(self: Any) -> str:
        return ", ".join(str(row) for row in Author.objects.all())

    @staticmethod
    def writes(self: Any) -> str:
        Tag.objects.update(name="written by a text")
        return "wrote"

    @staticmethod
    def saves(self: Any) -> str:
        Tag.objects.create(name="saved by a text")
        return "saved"

    @staticmethod
    def opens_a_block(self: Any) -> str:
        with transaction.atomic():
            return str(Article.objects.count())

    @staticmethod
    def exits(self: Any) -> str:
        raise RuntimeError


@pytest.mark.parametrize("name", [name for name in vars(Texts) if not name.startswith("_")])
@pytest.mark.django_db(transaction=True)
def test_whatever_str_does_the_write_is_made_and_recorded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make(Tag, name="t")
    monkeypatch.setattr(Author, "__str__", vars(Texts)[name].__func__)
    for write in (
        lambda: Author.objects.create(name="a"),
        lambda: Author.objects.update(name="b"),
        lambda: Author.objects.all().delete(),
    ):
        with transaction.atomic():
            write()
        write()
    assert Author.objects.count() == 0
    authors = [entry for entry in entries() if entry.model == "testapp.Author"]
    assert [entry.action for entry in authors] == ["create", "create", "update", "update", "delete", "delete"]
    assert {len(text) <= 255 for text in AuditEntry.objects.values_list("object_repr", flat=True)} == {True}
    assert [tag.name for tag in Tag.objects.all()] == ["t"]


def test_a_text_that_asks_the_database_costs_no_query() -> None:
    article = make(Article, title="a")
    with disabled():
        Comment.objects.bulk_create(Comment(article=article, text=str(number)) for number in range(50))
    with statements() as ran:
        Comment.objects.update(text="x")
    assert len(ran) <= 5
    assert AuditEntry.objects.filter(object_repr__startswith="testapp.Comment ").count() == 50


def test_a_text_whose_relation_is_loaded_already_is_used() -> None:
    article = make(Article, title="a")
    Comment.objects.create(article=article, text="c")
    assert AuditEntry.objects.get().object_repr == "c on a"


def test_secret_values_are_struck_out_of_the_text(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Author": {"mask": ["name"]}}}
    author = Author.objects.create(name="Ada")
    author.email = "ada@example.com"
    author.save()
    assert "Ada" not in "".join(AuditEntry.objects.values_list("object_repr", flat=True))


def test_hostile_contexts_do_not_break_a_write() -> None:
    def fails() -> Any:
        raise RuntimeError

    for actor in (fails, "\0" * 1000, object, lambda: None):
        with audit_context(
            actor=actor, reason="\ud800", path="\0" * 5000, extra=float("nan"), other={"\0": object()}
        ):
            Tag.objects.create(name=str(Tag.objects.count()))
    assert len(entries()) == Tag.objects.count() == 4
