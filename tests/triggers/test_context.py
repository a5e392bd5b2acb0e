"""Who acts: said to the database by Django's side, unknown where somebody else writes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from signals_audit import Actor, ActorKind, audit_context, disabled, object_created, on_create, triggers
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.types import Cause, EntryAddress, Timing
from tests.capture.log import connected, orphans, statements
from tests.testapp.models import Author, Tag

from .clients import run_sql
from .conftest import Triggered

ANN = Actor(ActorKind.USER, "7", "ann")
BEN = Actor(ActorKind.USER, "8", "ben")


def log() -> list[tuple[str, str, str]]:
    """Return action, actor and place of all entries, in order."""
    found = AuditEntry.objects.order_by("id").select_related("change_set")
    return [(entry.action, entry.change_set.actor_repr, f"{entry.actor_id}/{entry.seq}") for entry in found]


def raw(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.django_db(transaction=True)
def test_one_transaction_of_an_actor_is_one_change_set_with_all_that_is_known(triggered: Triggered) -> None:
    triggered(Tag)
    facts: dict[str, Any] = {"reason": "why", "correlation_id": "c-1", "remote_addr": "10.0.0.1"}
    with audit_context(actor=ANN, path="/x", ticket="A-1", **facts), transaction.atomic():
        tag = Tag.objects.create(name="a")
        Tag.objects.filter(pk=tag.pk).update(name="b")
        tag.delete()
    made = ChangeSet.objects.get()
    assert (made.actor_kind, made.actor_id, made.actor_repr) == ("user", "7", "ann")
    assert (made.reason, made.correlation_id, made.remote_addr, made.path) == ("why", "c-1", "10.0.0.1", "/x")
    assert (made.extra, made.id.version, made.id.variant) == ({"ticket": "A-1"}, 7, uuid.RFC_4122)
    assert log() == [("create", "ann", "7/1"), ("update", "ann", "7/2"), ("delete", "ann", "7/3")]
    entry = AuditEntry.objects.order_by("id")[0]
    assert (entry.source, entry.object_repr) == ("trigger", f"testapp.Tag {tag.pk or entry.object_id}")


@pytest.mark.django_db(transaction=True)
def test_in_autocommit_every_statement_says_who_acts(triggered: Triggered) -> None:
    triggered(Tag)
    with audit_context(actor=ANN):
        tag = Tag.objects.create(name="a")
        tag.name = "b"
        tag.save()
        Tag.objects.update(name="c")
        raw("UPDATE testapp_tag SET name = %s", "d")
    with audit_context(actor=BEN):
        Tag.objects.all().delete()
    assert log() == [
        ("create", "ann", "7/1"),
        ("update", "ann", "7/1"),
        ("update", "ann", "7/1"),
        ("update", "ann", "7/1"),
        ("delete", "ben", "8/1"),
    ]


@pytest.mark.django_db(transaction=True)
def test_raw_sql_in_a_transaction_is_never_somebody_elses(triggered: Triggered) -> None:
    triggered(Tag)
    with transaction.atomic():
        with audit_context(actor=ANN):
            Tag.objects.create(name="a")
        with audit_context(actor=BEN):
            raw("UPDATE testapp_tag SET name = %s", "b")
        raw("UPDATE testapp_tag SET name = %s", "c")
        with audit_context(actor=ANN):
            raw("DELETE FROM testapp_tag")
    assert log() == [
        ("create", "ann", "7/1"),
        ("update", "ben", "8/1"),
        ("update", "system", "/1"),
        ("delete", "ann", "7/2"),
    ]
    assert (ChangeSet.objects.count(), orphans()) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_nothing_and_what_follows_is_whole(triggered: Triggered) -> None:
    triggered(Tag)
    with audit_context(actor=ANN), transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Tag.objects.create(name="a")
            raise ZeroDivisionError
        Tag.objects.create(name="b")
        with pytest.raises(ZeroDivisionError), audit_context(actor=BEN), transaction.atomic():
            Tag.objects.create(name="c")
            raise ZeroDivisionError
        Tag.objects.create(name="d")
        with audit_context(actor=BEN):
            Tag.objects.create(name="e")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Tag.objects.create(name="f")
        raise ZeroDivisionError
    Tag.objects.create(name="g")
    assert log() == [
        ("create", "ann", "7/1"),
        ("create", "ann", "7/2"),
        ("create", "ben", "8/1"),
        ("create", "system", "/1"),
    ]
    assert (ChangeSet.objects.count(), orphans()) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_disabled_models_are_not_recorded(triggered: Triggered) -> None:
    triggered(Tag, Author)
    with transaction.atomic():
        with disabled("testapp.Tag"):
            tag = Tag.objects.create(name="a")
            Author.objects.create(name="x")
        Tag.objects.filter(pk=tag.pk).update(name="b")
        with disabled():
            raw("UPDATE testapp_tag SET name = %s", "c")
            Author.objects.all().delete()
    with disabled(Tag):
        Tag.objects.update(name="d")
    assert list(AuditEntry.objects.order_by("id").values_list("action", "model")) == [
        ("create", "testapp.Author"),
        ("update", "testapp.Tag"),
    ]


@pytest.mark.django_db(transaction=True)
def test_entries_name_what_caused_them(triggered: Triggered) -> None:
    triggered(Tag)
    address = EntryAddress(uuid.uuid4(), 3)
    with transaction.atomic():
        with audit_context(cause=Cause("hook", address)):
            Tag.objects.create(name="a")
        with audit_context(cause=Cause("other", None)):
            Tag.objects.create(name="b")
        Tag.objects.create(name="c")
    columns = ("caused_by", "caused_by_change_set", "caused_by_seq", "seq")
    assert list(AuditEntry.objects.order_by("id").values_list(*columns)) == [
        ("hook", address.change_set, 3, 1),
        ("other", None, None, 2),
        ("", None, None, 3),
    ]


@pytest.mark.django_db(transaction=True)
def test_other_clients_go_on_writing_and_are_recorded_as_unknown(triggered: Triggered) -> None:
    triggered(Tag)
    with audit_context(actor=ANN):
        Tag.objects.create(name="a")
    run_sql("INSERT INTO testapp_tag (name) VALUES ('b'); UPDATE testapp_tag SET name = 'c' WHERE name = 'b'")
    with audit_context(actor=ANN):
        Tag.objects.create(name="d")
    assert [entry[:2] for entry in log()] == [
        ("create", "ann"),
        ("create", ""),
        ("update", ""),
        ("create", "ann"),
    ]
    unknown = ChangeSet.objects.filter(actor_repr="")
    assert {(made.actor_kind, made.actor_id, made.correlation_id) for made in unknown} == {("system", "", "")}
    assert orphans() == []


@pytest.mark.django_db(transaction=True)
def test_signals_and_hooks_hear_of_what_django_writes_and_there_is_one_entry(triggered: Triggered) -> None:
    triggered(Tag)
    heard = []
    on_create("testapp.Tag", timing=Timing.IN_TRANSACTION)(lambda event: heard.append(event.object_repr))
    with connected(object_created, lambda event, **_: heard.append(event.changes["name"].after), Tag):
        Tag.objects.create(name="a")
    assert heard == ["a", "a"]
    assert log() == [("create", "system", "/1")]


@pytest.mark.django_db(transaction=True)
def test_where_triggers_are_not_up_djangos_side_records(triggered: Triggered) -> None:
    triggered(Tag)
    with transaction.atomic():
        Tag.objects.create(name="a")
    triggers.uninstall(connection.alias)
    Tag.objects.create(name="b")
    assert [entry.source for entry in AuditEntry.objects.order_by("id")] == ["trigger", "save"]


if connection.features.can_rollback_ddl:

    @pytest.mark.django_db
    def test_triggers_that_go_up_amid_a_transaction_take_over_until_that_is_rolled_back(
        triggered: Triggered,
    ) -> None:
        triggered(Tag)
        triggers.uninstall(connection.alias)
        Tag.objects.create(name="a")
        with transaction.atomic():
            triggers.install(connection.alias)
            Tag.objects.create(name="b")
            assert [entry.source for entry in AuditEntry.objects.order_by("id")] == ["save", "trigger"]
            transaction.set_rollback(True)
        Tag.objects.create(name="c")
        assert [entry.source for entry in AuditEntry.objects.order_by("id")] == ["save", "save"]


@pytest.mark.django_db(transaction=True)
def test_what_is_said_is_no_query_of_the_projects(triggered: Triggered) -> None:
    triggered(Tag)
    with statements() as run, transaction.atomic():
        Tag.objects.create(name="a")
        Tag.objects.create(name="b")
    assert [one for one in run if one not in ("BEGIN", "COMMIT")] == ["INSERT testapp_tag"] * 2


@pytest.mark.django_db(transaction=True)
def test_many_contexts_of_one_transaction_are_kept_apart(triggered: Triggered) -> None:
    triggered(Tag)
    with transaction.atomic():
        for number in [*range(10), 9, 3, 0]:
            with audit_context(actor=Actor(ActorKind.USER, str(number), f"u{number}")):
                Tag.objects.create(name=f"{number} {Tag.objects.count()}")
    assert [place for _action, _actor, place in log()] == [f"{number}/1" for number in range(10)] + [
        "9/2",
        "3/2",
        "0/1",  # forgotten by then: the oldest of eight gives way
    ]
    assert orphans() == []


if connection.vendor == "postgresql":
    from psycopg.sql import SQL

    @pytest.mark.django_db(transaction=True)
    def test_what_a_function_or_a_composed_statement_writes_is_never_somebody_elses(
        triggered: Triggered,
    ) -> None:
        triggered(Tag)
        function = (
            "pg_temp.add(text) RETURNS void LANGUAGE sql AS 'INSERT INTO testapp_tag (name) VALUES ($1)'"
        )
        with transaction.atomic():
            raw(f"CREATE FUNCTION {function}")
            with audit_context(actor=ANN):
                Tag.objects.create(name="a")
                raw("SELECT pg_temp.add('b')")
            raw("SELECT pg_temp.add('c')")
            with audit_context(actor=BEN), connection.cursor() as cursor:
                cursor.execute(SQL("UPDATE testapp_tag SET name = 'd' WHERE name = 'c'"))
        assert log() == [
            ("create", "ann", "7/1"),
            ("create", "ann", "7/2"),
            ("create", "system", "/1"),
            ("update", "ben", "8/1"),
        ]
