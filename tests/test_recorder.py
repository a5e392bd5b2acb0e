"""Writing entries: whole, in the transaction of the change, in as few statements as can be, or not at all."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals_audit import Actor, ActorKind, audit_context, disabled, recorder
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.types import Cause, EntryAddress
from tests.capture.log import ENTRY, entries, first_entry, make, orphans, statements
from tests.testapp.models import Article, Comment, Person, Tag

pytestmark = pytest.mark.django_db

ADDRESS = EntryAddress(uuid.uuid4(), 7)
ACTOR = Actor(ActorKind.USER, "42", "Ada")


def test_an_entry_and_its_change_set_hold_everything_that_is_known() -> None:
    before = timezone.now()
    with audit_context(
        actor=ACTOR,
        reason="because",
        correlation_id="c-1",
        remote_addr="::1",
        path="/p",
        cause=Cause("app.hook", ADDRESS),
        ticket=7,
    ):
        article = Article.objects.create(title="a")
    change_set = ChangeSet.objects.values().get()
    entry = AuditEntry.objects.values().get()
    assert before <= entry["created_at"] == change_set["created_at"] <= timezone.now()
    assert change_set == {
        "id": change_set["id"],
        "actor_kind": "user",
        "actor_id": "42",
        "actor_repr": "Ada",
        "remote_addr": "::1",
        "correlation_id": "c-1",
        "reason": "because",
        "path": "/p",
        "extra": {"ticket": 7},
        "created_at": entry["created_at"],
    }
    assert entry.pop("changes")["title"] == [None, "a"]
    assert entry == {
        "id": entry["id"],
        "change_set_id": change_set["id"],
        "seq": 1,
        "actor_id": "42",
        "action": "create",
        "model": "testapp.Article",
        "using": "default",
        "object_id": str(article.pk),
        "object_repr": "a",
        "source": "save",
        "caused_by": "app.hook",
        "caused_by_change_set": ADDRESS.change_set,
        "caused_by_seq": 7,
        "created_at": entry["created_at"],
    }


def test_what_nobody_said_is_empty() -> None:
    Article.objects.create(title="a")
    change_set = ChangeSet.objects.get()
    assert (change_set.actor_kind, change_set.actor_id, change_set.actor_repr) == ("system", "", "system")
    texts = (change_set.remote_addr, change_set.correlation_id, change_set.reason, change_set.path)
    assert (texts, change_set.extra) == (("", "", "", ""), {})
    entry = AuditEntry.objects.get()
    assert (entry.caused_by, entry.caused_by_change_set, entry.caused_by_seq) == ("", None, None)


def test_the_id_of_a_change_set_begins_with_its_time() -> None:
    Tag.objects.create(name="a")
    change_set = ChangeSet.objects.get()
    milliseconds = change_set.id.int >> 80
    assert change_set.id.version == 7
    assert abs(milliseconds / 1000 - change_set.created_at.timestamp()) < 60


def test_the_time_is_stored_in_utc(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    Article.objects.create(title="a")
    stored = AuditEntry.objects.get().created_at
    assert abs(stored - timezone.now()) < datetime.timedelta(minutes=5)


def test_the_time_is_stored_where_the_project_uses_no_time_zones(settings: Any) -> None:
    settings.USE_TZ = False
    Tag.objects.create(name="a")
    stored = AuditEntry.objects.get().created_at
    assert abs(stored - timezone.now()) < datetime.timedelta(minutes=5)


@pytest.mark.parametrize(
    "write",
    [
        lambda: Article.objects.create(title="b"),
        lambda: Article.objects.update(views=9),
        lambda: changed(Article.objects.get()).save(),
        lambda: Article.objects.get().delete(),
        lambda: Article.objects.bulk_create([Article(title="b"), Article(title="c")]),
        lambda: Article.objects.get().tags.add(Tag.objects.get()),
    ],
    ids=["create", "update", "save", "delete", "bulk_create", "add"],
)
@pytest.mark.parametrize("in_block", [False, True], ids=["autocommit", "block"])
@pytest.mark.django_db(transaction=True)
def test_a_write_whose_entry_cannot_be_written_is_not_made(write: Callable[[], Any], in_block: bool) -> None:
    article = make(Article, title="a")
    make(Comment, article=article, text="c")
    Tag.objects.create(name="t")
    rows, log = table_rows(), entries()
    with without_table(AuditEntry), pytest.raises(DatabaseError):
        if in_block:
            with transaction.atomic():
                write()
        else:
            write()
    assert table_rows() == rows
    assert (entries(), orphans()) == (log, [])
    write()
    assert len(entries()) > len(log)
    assert orphans() == []


def changed(article: Article) -> Article:
    article.title = "changed"
    return article


def table_rows() -> list[Any]:
    models: list[Any] = [Article, Comment, Tag, Article.tags.through]
    return [list(model._base_manager.order_by("pk").values()) for model in models]


@contextmanager
def without_table(model: Any) -> Iterator[None]:
    """Have a table missing for a while, under another name."""
    name, hidden = model._meta.db_table, f"{model._meta.db_table}_hidden"

    def rename(old: str, new: str) -> None:
        with connection.schema_editor() as editor:
            editor.alter_db_table(model, old, new)

    rename(name, hidden)
    try:
        yield
    finally:
        rename(hidden, name)


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_cannot_be_written_takes_its_inner_block_alone() -> None:
    with transaction.atomic():
        tag = Tag.objects.create(name="kept")
        with pytest.raises(DatabaseError), transaction.atomic(), wrong_entries():
            Tag.objects.create(name="lost")
    assert list(Tag.objects.all()) == [tag]
    assert [entry.object_id for entry in entries()] == [str(tag.pk)]
    assert orphans() == []


@contextmanager
def wrong_entries() -> Iterator[None]:
    """Have the database refuse entries."""

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if AuditEntry._meta.db_table in sql:
            return execute("INSERT INTO no_such_table VALUES (1)", None, *rest[1:])
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def test_one_change_set_and_one_statement_of_entries_serve_a_whole_bulk() -> None:
    with statements() as ran:
        Tag.objects.bulk_create([Tag(name=str(number)) for number in range(40)])
    assert [statement for statement in ran if "signals_audit" in statement] == first_entry()


def test_many_large_rows_are_deleted_and_recorded() -> None:
    with disabled():
        Article.objects.bulk_create(
            (Article(title=str(number), body="x" * 1_000_000) for number in range(30)), batch_size=5
        )
    assert Article.objects.all()._raw_delete("default") == 30
    found = AuditEntry.objects.order_by("id").values_list("seq", flat=True)
    assert list(found) == list(range(1, 31))


def test_what_many_entries_share_is_sent_once() -> None:
    keys = [make(Article, title=str(number)).pk for number in range(3)]
    long = "x" * 50_000
    with CaptureQueriesContext(connection) as captured:
        Article.objects.update(body=long)
    sent = [query["sql"] for query in captured if "signals_audit_auditentry" in query["sql"]]
    assert [sql.count(long) for sql in sent] == [1]
    found = AuditEntry.objects.order_by("seq").values_list("seq", "object_id", "changes")
    assert list(found) == [
        (number, str(key), {"body": ["", long]}) for number, key in enumerate(keys, start=found[0][0])
    ]


@pytest.mark.parametrize(("length", "number"), [(1_000, 1), (400_000, 1), (recorder.CHARACTERS, 3)])
def test_what_entries_share_counts_for_the_length_of_their_statement(length: int, number: int) -> None:
    insert = recorder.Insert(AuditEntry, connection)
    fields = AuditEntry._meta.local_concrete_fields[1:]
    shared = ["x" * length if field.name == "changes" else "" for field in fields]
    rows = [
        [name if field.name == "seq" else value for field, value in zip(fields, shared, strict=True)]
        for name in "abc"
    ]
    assert len(list(insert.statements(rows))) == number


def test_the_change_set_is_written_once_for_a_transaction_and_context() -> None:
    with statements() as ran:
        for name in "abc":
            Tag.objects.create(name=name)
        with audit_context(reason="another"):
            Tag.objects.create(name="d")
    writes = [statement for statement in ran if "signals_audit" in statement]
    assert writes == [*first_entry(), ENTRY, ENTRY, *first_entry()]


def test_long_and_strange_texts_of_actors_and_objects_fit() -> None:
    with audit_context(actor="x\0" * 500, reason="r\0\ud800" * 2000):
        Person.objects.create(name="n")
        Article.objects.create(title="é" * 200)
    change_set = ChangeSet.objects.get()
    assert len(change_set.actor_repr) == 255
    assert "\0" not in change_set.actor_repr + change_set.reason
    assert AuditEntry.objects.get(model="testapp.Article").object_repr == "é" * 200


def test_entries_are_written_without_asking_for_anything() -> None:
    tag = make(Tag, name="a")
    tag.name = "b"
    with statements() as ran:
        tag.save()
    assert not any(statement.startswith("SELECT") and "signals_audit" in statement for statement in ran)
