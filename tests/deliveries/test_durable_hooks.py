"""Hooks that survive the process of the change: kept in its transaction, done after COMMIT, once or again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from signals_audit import (
    Action,
    Actor,
    ActorKind,
    Change,
    ChangeEvent,
    RelationChange,
    Timing,
    audit_context,
    deliveries,
    on_change,
    on_create,
    on_delete,
    on_m2m_change,
)
from signals_audit.capture.pipeline import sinks
from signals_audit.deliveries import GiveUp, claims
from signals_audit.exceptions import ConfigurationError
from signals_audit.models import AuditEntry, ChangeSet, Delivery
from signals_audit.values import MASKED_VALUE
from tests.capture.log import make
from tests.failures.faults import without_table
from tests.testapp.models import Article, Author, Seat, Tag

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Actor(ActorKind.USER, "17", "ada")


@contextmanager
def dying() -> Iterator[None]:
    """Have the process of the change do nothing more after COMMIT, as if it had died there."""
    after_commit, sinks.after_commit = sinks.after_commit, None
    try:
        yield
    finally:
        sinks.after_commit = after_commit


def left_behind(write: Callable[[], Any]) -> Any:
    with dying():
        result = write()
    Delivery.objects.update(due_at=timezone.now())
    return result


def deliver() -> tuple[int, int]:
    done = deliveries.deliver_due("default", limit=100)
    return done.done, done.failed


def state(*names: str) -> list[Any]:
    return list(Delivery.objects.order_by("id").values_list(*names))


def facts(event: ChangeEvent) -> dict[str, Any]:
    names = ("model", "action", "pk", "object_id", "object_repr", "using", "source", "actor", "address")
    return {name: getattr(event, name) for name in (*names, "created_at", "relation")}


def test_a_durable_hook_runs_after_commit_and_is_marked_done() -> None:
    calls: list[Any] = []

    @on_create(Author, durable=True)
    def greet(event: ChangeEvent) -> None:
        calls.append((event.changes["password"].after, transaction.get_connection().in_atomic_block))  # type: ignore[union-attr]

    with transaction.atomic():
        Author.objects.create(name="Ada", password="secret")
        assert (calls, state("state", "attempts")) == ([], [("pending", 0)])
    assert calls == [("secret", True)]
    assert state("kind", "state", "attempts", "error", "claim") == [("hook", "done", 1, "", None)]
    assert Delivery.objects.get().name == (
        "tests.deliveries.test_durable_hooks.test_a_durable_hook_runs_after_commit_and_is_marked_done."
        "<locals>.greet (create of testapp.author )"
    )
    assert deliver() == (0, 0)


def test_what_is_rolled_back_leaves_nothing_to_do() -> None:
    calls: list[Any] = []
    on_create(Author, durable=True)(calls.append)
    with transaction.atomic():
        with transaction.atomic():
            Author.objects.create(name="a")
            transaction.set_rollback(True)
        Author.objects.create(name="b")
    with transaction.atomic():
        Author.objects.create(name="c")
        transaction.set_rollback(True)
    assert [event.object_repr for event in calls] == ["b"]
    assert state("state") == [("done",)]


def test_another_process_gives_the_hook_the_same_event_with_secrets_masked() -> None:
    live: list[ChangeEvent] = []
    late: list[ChangeEvent] = []
    on_create(Author)(live.append)

    @on_create(Author, durable=True)
    def greet(event: ChangeEvent) -> None:
        late.append(event)
        assert event.instance == Author.objects.get()
        assert event.instance.name == "Ada"

    context = {"reason": "why", "correlation_id": "r-1", "ticket": [7]}
    with audit_context(actor=ADA, **context):
        Author.objects.create(name="Ada", password="secret")
    late.clear()
    Delivery.objects.update(state="pending", due_at=timezone.now())
    assert deliver() == (1, 0)
    (was,), (event,) = live, late
    assert facts(event) == facts(was)
    assert event.changes == {**was.changes, "password": Change(None, MASKED_VALUE)}
    assert (event.context.reason, event.context.correlation_id) == ("why", "r-1")
    assert dict(event.context.extra) == {"ticket": [7]}


def test_a_deleted_row_comes_back_as_it_was() -> None:
    seen: list[Any] = []
    seat = make(Seat, row="A", number=3, guest="g")

    @on_delete(Seat, durable=True)
    def tell(event: ChangeEvent) -> None:
        seen.append((event.action, event.pk, event.instance.guest, event.instance.pk))  # type: ignore[union-attr]

    left_behind(seat.delete)
    assert (deliver(), seen) == ((1, 0), [(Action.DELETE, ("A", 3), "g", ("A", 3))])


def test_changes_of_many_to_many_fields_come_back_too() -> None:
    seen: list[Any] = []
    article, tag = make(Article, title="a"), make(Tag, name="t")

    @on_m2m_change(Article, "tags", durable=True)
    def tell(event: ChangeEvent) -> None:
        seen.append((event.relation, event.changes, event.instance))

    left_behind(lambda: tag.articles.add(article))  # type: ignore[attr-defined]
    assert (deliver(), seen) == ((1, 0), [("tags", {"tags": RelationChange((tag.pk,), ())}, article)])


def test_a_model_without_entries_keeps_its_event_with_the_delivery() -> None:
    seen: list[Any] = []

    @on_change(Group, durable=True)
    def tell(event: ChangeEvent) -> None:
        seen.append((event.pk, event.changes, event.actor, event.address, event.object_repr))

    row = make(Group, name="a")
    with audit_context(actor=ADA):
        left_behind(lambda: Group.objects.update(name="b"))
    assert AuditEntry.objects.count() == 0
    assert deliver() == (1, 0)
    assert seen == [(row.pk, {"name": Change("a", "b")}, ADA, None, "b")]


def test_a_hook_that_fails_reaches_nobody_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    @on_create(Author, durable=True, priority=1)
    def fragile(event: ChangeEvent) -> None:
        Tag.objects.create(name=f"tag {len(calls)}")
        calls.append("fragile")
        if len(calls) < 4:
            raise ValueError("not yet")

    on_create(Author)(lambda event: calls.append("other"))
    before = timezone.now()
    Author.objects.create(name="Ada")
    assert calls == ["fragile", "other"]
    (failed,) = Delivery.objects.all()
    assert (failed.state, failed.attempts, failed.claim) == ("pending", 1, None)
    assert failed.error.endswith("ValueError: not yet\n")
    assert timedelta(seconds=10) <= failed.due_at - before < timedelta(seconds=20)
    assert Tag.objects.count() == 0
    assert deliver() == (0, 0)
    Delivery.objects.update(due_at=timezone.now())
    assert deliver() == (0, 1)
    (failed,) = Delivery.objects.all()
    assert (failed.attempts, round((failed.due_at - timezone.now()).total_seconds())) == (2, 20)
    Delivery.objects.update(due_at=timezone.now())
    assert deliver() == (1, 0)
    assert state("state", "attempts", "error") == [("done", 3, "")]
    assert list(Tag.objects.values_list("name", flat=True)) == ["tag 3"]
    assert "ValueError: not yet" in caplog.text


def test_after_the_last_attempt_it_stays_failed(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "DELIVERY": {"ATTEMPTS": 2}}

    @on_create(Author, durable=True)
    def fail(event: ChangeEvent) -> None:
        raise ValueError("never")

    Author.objects.create(name="Ada")
    for _ in range(2):
        Delivery.objects.update(due_at=timezone.now())
        deliver()
    assert state("state", "attempts") == [("failed", 2)]
    assert Delivery.objects.get().finished_at is not None


def test_giving_up_is_for_good() -> None:
    @on_create(Author, durable=True)
    def refuse(event: ChangeEvent) -> None:
        raise GiveUp("no such place")

    Author.objects.create(name="Ada")
    assert state("state", "attempts") == [("failed", 1)]
    assert "no such place" in Delivery.objects.get().error


def test_who_has_lost_its_claim_undoes_what_it_did() -> None:
    @on_create(Author, durable=True)
    def slow(event: ChangeEvent) -> None:
        Tag.objects.create(name="mine")
        claims.deliveries("default").update(claim="0" * 32)  # as whoever takes over does

    Author.objects.create(name="Ada")
    assert Tag.objects.count() == 0
    assert state("state", "attempts") == [("running", 1)]


def test_whoever_dies_each_time_is_given_up(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "DELIVERY": {"ATTEMPTS": 2}}
    calls: list[Any] = []
    on_create(Author, durable=True)(calls.append)
    left_behind(lambda: Author.objects.create(name="Ada"))
    for _ in range(2):
        assert len(claims.claim_due("default", 10)) == 1
        assert claims.claim_due("default", 10) == []  # while the lease lasts
        Delivery.objects.update(due_at=timezone.now())
    assert deliver() == (0, 1)
    assert state("state", "error") == [("failed", "It was tried too often.")]
    assert calls == []


def test_a_process_that_is_told_to_end_gives_back_what_it_holds() -> None:
    @on_create(Author, durable=True)
    def end(event: ChangeEvent) -> None:
        raise SystemExit

    left_behind(lambda: Author.objects.create(name="Ada"))
    with pytest.raises(SystemExit):
        deliver()
    assert state("state", "attempts", "claim") == [("pending", 0, None)]


def test_what_cannot_be_done_any_more_says_why() -> None:
    def gone(event: ChangeEvent) -> None:
        raise AssertionError

    on_create(Author, durable=True)(gone)
    left_behind(lambda: Author.objects.create(name="Ada"))
    ChangeSet.objects.all().delete()
    AuditEntry.objects.all().delete()
    assert deliver() == (0, 1)
    assert state("state") == [("failed",)]
    assert "that this is because of is gone" in Delivery.objects.get().error


def test_a_hook_that_the_code_has_no_more_says_so() -> None:
    left_behind_name = "old.hook (create of testapp.author )"
    body = {"model": "testapp.Author", "causes": [], "pk": 1, "event": {}}
    deliveries.keep([deliveries.Job("hook", left_behind_name, body)], "default")
    Delivery.objects.update(due_at=timezone.now())
    assert deliver() == (0, 1)
    assert f"There is no durable hook {left_behind_name} any more." in Delivery.objects.get().error


def test_a_batch_is_one_call_for_a_transaction_and_for_what_is_left_behind() -> None:
    calls: list[Any] = []

    @on_create(Tag, durable=True, batch=True)
    def gather(events: list[ChangeEvent]) -> None:
        calls.append([event.object_repr for event in events])

    def write() -> None:
        with transaction.atomic():
            Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")])
            Tag.objects.create(name="c")

    write()
    assert calls == [["a", "b", "c"]]
    Tag.objects.all().delete()
    calls.clear()
    left_behind(write)
    assert deliver() == (3, 0)
    assert calls == [["a", "b", "c"]]
    assert set(state("state")) == {("done",)}


def test_a_batch_that_is_a_task_is_one_task(settings: Any) -> None:
    calls: list[Any] = []
    settings.SIGNALS_AUDIT = {
        **settings.SIGNALS_AUDIT,
        "DELIVERY": {"TASKS": "signals_audit.deliveries.deliver"},
    }

    @on_create(Tag, timing=Timing.TASK, batch=True)
    def gather(events: list[ChangeEvent]) -> None:
        calls.append([event.object_repr for event in events])

    Tag.objects.bulk_create([Tag(name=name) for name in "abcd"])
    assert calls == [["a", "b", "c", "d"]]
    assert set(state("state", "attempts")) == {("done", 1)}


def test_what_cannot_be_handed_over_is_due_at_once(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "DELIVERY": {"TASKS": "no.such.path"}}
    calls: list[Any] = []
    on_create(Tag, timing=Timing.TASK)(calls.append)
    Tag.objects.create(name="a")
    assert (len(calls), deliver(), len(calls)) == (0, (1, 0), 1)


def test_a_batch_in_the_transaction_is_one_call_for_a_statement_and_may_refuse_it() -> None:
    calls: list[Any] = []

    @on_create(Tag, timing=Timing.IN_TRANSACTION, batch=True)
    def gather(events: list[ChangeEvent]) -> None:
        calls.append([event.object_repr for event in events])
        if len(events) > 2:
            raise ValueError("too many")

    Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")])
    with pytest.raises(ValueError, match="too many"):
        Tag.objects.bulk_create([Tag(name="c"), Tag(name="d"), Tag(name="e")])
    assert calls == [["a", "b"], ["c", "d", "e"]]
    assert Tag.objects.count() == 2


def test_an_entry_that_a_late_hook_causes_names_it_and_the_chain_goes_on(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "DELIVERY": {"DEPTH": 3}}

    @on_create(Author, durable=True)
    def again(event: ChangeEvent) -> None:
        Author.objects.create(name=event.object_repr + "+")

    with dying():
        Author.objects.create(name="a")
        for _ in range(5):
            Delivery.objects.filter(state="pending").update(due_at=timezone.now())
            deliver()
    assert sorted(Author.objects.values_list("name", flat=True)) == ["a", "a+", "a++", "a+++"]
    assert [bool(name) for (name,) in AuditEntry.objects.order_by("id").values_list("caused_by")] == [
        False, True, True, True,
    ]  # fmt: skip
    assert state("state") == [("done",), ("done",), ("done",), ("failed",)]
    last = Delivery.objects.order_by("id").last()
    assert last is not None
    assert "LoopDetected: Hooks keep setting each other off, more than 3 deep" in last.error


def test_durable_is_for_what_comes_after_commit() -> None:
    with pytest.raises(ConfigurationError, match="cannot be durable"):
        on_create(Author, timing=Timing.IN_TRANSACTION, durable=True)
    with pytest.raises(ConfigurationError, match="always durable"):
        on_create(Author, timing=Timing.TASK, durable=False)


def test_the_command_delivers_what_is_due(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[Any] = []
    on_create(Tag, durable=True)(lambda event: calls.append(event.object_repr))
    left_behind(lambda: Tag.objects.bulk_create([Tag(name=str(number)) for number in range(25)]))
    call_command("audit_deliver", database="default")
    assert capsys.readouterr().out == "25 deliveries done, 0 failed\n"
    assert sorted(calls, key=int) == [str(number) for number in range(25)]
    call_command("audit_deliver", database="default")
    assert capsys.readouterr().out == "0 deliveries done, 0 failed\n"


@pytest.mark.parametrize("policy", ["block", "log"])
def test_what_cannot_be_kept_is_dealt_with_as_an_entry_is(
    policy: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "ON_ERROR": policy}
    caplog.set_level(logging.ERROR)
    on_create(Tag, durable=True)(lambda event: None)
    with without_table(Delivery):
        if policy == "log":
            Tag.objects.create(name="a")
            assert "The reactions to create of testapp.Tag" in caplog.text
        else:
            with pytest.raises(Exception, match="signals_audit_delivery"):
                Tag.objects.create(name="a")
    assert Tag.objects.count() == (1 if policy == "log" else 0)
