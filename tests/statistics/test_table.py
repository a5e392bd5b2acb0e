"""What was measured is written now and then, adds up in the table, and is in nobody's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import django
import pytest
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import OperationalError, connection, transaction
from django.db.models.signals import post_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals_audit.models import AuditEntry, ReceiverStatistics
from signals_audit.receiver_statistics import (
    Point,
    ReceiverTotals,
    flush,
    flush_soon,
    flushing,
    outdated,
    prune,
    totals,
)
from signals_audit.receiver_statistics.table import hour_of
from signals_audit.tracing import seams
from signals_audit.tracing.durations import Durations
from signals_audit.tracing.figures import Failure, Measured, store
from signals_audit.tracing.named import named_signals
from tests.testapp.models import Author

from .conftest import Connect, Watch

HOUR = timedelta(hours=1)
NOW = hour_of(timezone.now())
ABOUT_3: Any = pytest.approx(3.0, rel=0.12)
HEARD = f"{__name__}.heard"
alone = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the hour stay what it is, however near its end may be."""
    moment = NOW + timedelta(minutes=30)
    monkeypatch.setattr(timezone, "now", lambda: moment)


def heard(sender: Any, **named: Any) -> None: ...


def add(signal: str = "post_save", receiver: str = "blog.signals.touch", **measured: Any) -> None:
    store.of(signal, receiver).add(Measured(**measured))


def row(hour: datetime, *, receiver: str = "a.b", seconds: list[float] | None = None, **values: Any) -> None:
    times = seconds or []
    ReceiverStatistics.objects.create(
        hour=hour,
        signal="post_save",
        receiver=receiver,
        calls=len(times),
        total=sum(times),
        maximum=max(times, default=0.0),
        durations=Durations.of(times).as_json(),
        **{"sent": float(len(times)), **values},
    )


def written() -> dict[str, int]:
    return {each.receiver: each.calls for each in ReceiverStatistics.objects.order_by("receiver")}


@contextmanager
def without_table() -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.delete_model(ReceiverStatistics)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(ReceiverStatistics)


# Writing


@pytest.mark.django_db
def test_what_was_measured_is_a_row_for_each_receiver_and_hour() -> None:
    failure = Failure("ValueError: no", "Traceback …", NOW)
    add(calls=2, sent=4.0, total=0.5, maximum=0.4, durations=Durations.of([0.1, 0.4]))
    add(errors=1, failure=failure, queries=3, slow=1, loops=1, loop="a → b → a")
    add("pre_save", calls=1, sent=1.0)
    assert flush() is True
    [first, second] = ReceiverStatistics.objects.order_by("signal").values()
    assert {key: value for key, value in first.items() if key != "id"} == {
        "hour": NOW,
        "signal": "post_save",
        "receiver": "blog.signals.touch",
        "calls": 2,
        "sent": 4.0,
        "total": 0.5,
        "maximum": 0.4,
        "durations": Durations.of([0.1, 0.4]).as_json(),
        "errors": 1,
        "last_error": "ValueError: no",
        "last_traceback": "Traceback …",
        "last_error_at": NOW,
        "queries": 3,
        "slow": 1,
        "loops": 1,
        "last_loop": "a → b → a",
    }
    assert (second["signal"], second["calls"], second["last_error_at"]) == ("pre_save", 1, None)


@pytest.mark.django_db
def test_what_comes_later_is_added_and_the_last_error_stays_the_last() -> None:
    for number, ago in enumerate([1, 0, 2]):
        failure = Failure(f"error {number}", f"traceback {number}", NOW - HOUR * ago)
        seconds = Durations.of([float(number + 1)])
        add(calls=1, sent=1.0, total=1.0, maximum=float(number), durations=seconds, errors=1, failure=failure)
        assert flush() is True
    add(loops=1, loop="loop")
    flush()
    add(calls=1, sent=1.0)
    flush()
    [found] = ReceiverStatistics.objects.all()
    assert (found.calls, found.sent, found.total, found.maximum, found.errors) == (4, 4.0, 3.0, 2.0, 3)
    assert found.durations == Durations.of([1.0, 2.0, 3.0]).as_json()
    assert (found.last_error, found.last_traceback, found.last_loop) == ("error 1", "traceback 1", "loop")


@pytest.mark.django_db
def test_nothing_measured_is_nothing_written() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert flush() is True
    assert len(captured) == 0


@pytest.mark.django_db
def test_several_hundred_receivers_are_written_a_hundred_at_a_time() -> None:
    for number in range(250):
        add(receiver=f"receiver {number:03}", calls=number + 1)
    assert flush() is True
    assert written() == {f"receiver {number:03}": number + 1 for number in range(250)}


@pytest.mark.django_db
def test_names_and_texts_that_no_database_takes_are_written_as_well() -> None:
    long, odd = "x" * 300, "a\0b\ud800"
    add(receiver=long, calls=1)
    add(receiver=long + "y", calls=2)
    add(receiver="Case", calls=4)
    add(receiver="case", calls=5)
    add(receiver=odd, calls=3, errors=1, failure=Failure(odd, odd, NOW), loops=1, loop=odd)
    assert flush() is True
    found = {(len(each.receiver), each.calls) for each in ReceiverStatistics.objects.all()}
    assert found == {(255, 1), (255, 2), (4, 4), (4, 5), (4, 3)}
    [found_odd] = ReceiverStatistics.objects.filter(calls=3)
    assert {found_odd.receiver, found_odd.last_error, found_odd.last_loop} == {"a\ufffdb\ufffd"}


@pytest.mark.django_db
def test_the_log_has_no_entry_of_it(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"*": {}}}
    add(calls=1)
    assert flush() is True
    assert AuditEntry.objects.count() == 0


# When


@alone
def test_nothing_is_written_within_a_transaction() -> None:
    add(calls=1)
    with transaction.atomic():
        assert flush() is False
        flush_soon()
        assert written() == {}
    assert flush() is True
    assert written() == {"blog.signals.touch": 1}


@alone
def test_nothing_is_written_while_autocommit_is_off() -> None:
    add(calls=1)
    connection.set_autocommit(False)
    try:
        assert flush() is False
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    assert (written(), flush(), written()) == ({}, True, {"blog.signals.touch": 1})


@alone
def test_the_end_of_a_request_writes_at_most_every_ten_seconds(
    watch: Watch, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(STATISTICS=1.0)
    connect(heard, Author)
    Author.objects.create(name="ada")
    Client().get("/nowhere/")
    assert written()[HEARD] == 1
    Author.objects.create(name="ben")
    Client().get("/nowhere/")
    assert written()[HEARD] == 1
    later = flushing.monotonic() + flushing.EVERY
    monkeypatch.setattr(flushing, "monotonic", lambda: later)
    Client().get("/nowhere/")
    assert written()[HEARD] == 2
    watch()
    add(receiver="later", calls=1)
    flushing.begin_anew()
    request_finished.send(Client)
    assert "later" not in written()


@pytest.mark.django_db
def test_requests_of_a_test_case_write_nothing(watch: Watch) -> None:
    watch(STATISTICS=1.0)
    add(calls=1)
    Client().get("/nowhere/")
    assert (written(), flush()) == ({}, True)


def test_the_end_of_a_task_writes_too(watch: Watch) -> None:
    def listeners() -> dict[str, bool]:
        ends = [one for one in named_signals() if one.name in ("request_finished", "task_finished")]
        return {
            one.path: flush_soon in [each.receiver for each in seams.connected(one.signal)] for one in ends
        }

    watch(LOOPS="report")
    assert set(listeners().values()) == {True}
    assert ("django.tasks.signals.task_finished" in listeners()) is (django.VERSION >= (6, 0))
    watch()
    assert set(listeners().values()) == {False}


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_each_round_of_audit_deliver_writes_too() -> None:
    add(calls=1)
    call_command("audit_deliver", stdout=StringIO())
    assert written() == {"blog.signals.touch": 1}


@alone
def test_a_connection_that_was_closed_is_closed_again() -> None:
    connection.close()
    was_open = connection.connection is not None  # SQLite's in memory stay
    add(calls=1)
    flush_soon()
    assert (connection.connection is not None) is was_open
    assert written() == {"blog.signals.touch": 1}


# What cannot be written


@alone
def test_a_missing_table_is_waited_for_and_nobody_is_bothered(
    watch: Watch, connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(STATISTICS=1.0)
    connect(heard, Author)
    with without_table():
        for _ in range(3):
            Author.objects.create(name="ada")
            assert Client().get("/nowhere/").status_code == 404
        assert flush() is False
        with transaction.atomic():
            Author.objects.create(name="ben")
            flush_soon()
    told = "Statistics of receivers could not be written, and are kept"
    assert [record.getMessage() for record in caplog.records].count(told) == 2
    assert flush() is True
    assert written()[HEARD] == 4


@alone
def test_a_failure_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    add(calls=1)
    with without_table():
        flush_soon()
    for later, count in ((flushing.EVERY, 0), (flushing.AFTER_FAILURE, 1)):
        moment = flushing._unwritten.next_at - flushing.AFTER_FAILURE + later
        monkeypatch.setattr(flushing, "monotonic", lambda moment=moment: moment)
        flush_soon()
        assert len(written()) == count


@alone
def test_what_is_kept_keeps_its_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    add(calls=1)
    with without_table():
        assert flush() is False
    monkeypatch.setattr(timezone, "now", lambda: NOW + HOUR)
    add(calls=2)
    assert flush() is True
    found = {each.hour: each.calls for each in ReceiverStatistics.objects.all()}
    assert found == {NOW: 1, NOW + HOUR: 2}


@alone
def test_not_too_much_is_kept_and_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flushing, "MOST", 5)
    with without_table():
        for ago in (3, 2, 1, 0):
            monkeypatch.setattr(timezone, "now", lambda ago=ago: NOW - HOUR * ago)
            for name in ("one", "two"):
                add(receiver=name, calls=1)
            assert flush() is False
    assert flush() is True
    assert ReceiverStatistics.objects.count() == 5
    assert sorted(set(ReceiverStatistics.objects.values_list("hour", flat=True))) == [
        NOW - HOUR * ago for ago in (2, 1, 0)
    ]
    assert "2 rows of statistics could not be written, and are lost" in caplog.messages


@alone
def test_threads_that_write_at_once_add_up() -> None:
    def work() -> None:
        for _ in range(20):
            add(calls=1)
            flush()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert flush() is True
    assert written() == {"blog.signals.touch": 80}


# Reading


def of(receiver: str, found: list[ReceiverTotals]) -> ReceiverTotals:
    return next(one for one in found if one.receiver == receiver)


@pytest.mark.django_db
def test_totals_add_up_over_hours() -> None:
    row(NOW - HOUR * 24, seconds=[9.0], errors=9, last_error="too old", last_error_at=NOW)
    row(NOW - HOUR * 23, seconds=[1.0, 2.0], errors=2, last_error="old", last_error_at=NOW - HOUR, slow=2)
    row(NOW - HOUR, seconds=[3.0] * 18, sent=180.0, loops=1, last_loop="first", queries=4)
    row(NOW, errors=1, last_error="new", last_traceback="where", last_error_at=NOW, loops=2, last_loop="last")
    [found] = totals()
    empty = [Point(NOW - HOUR * ago, calls=0, p95=0.0, errors=0) for ago in range(22, 1, -1)]
    assert found == ReceiverTotals(
        signal="post_save",
        receiver="a.b",
        calls=20,
        share=20 / 182,
        total=57.0,
        p50=ABOUT_3,
        p95=ABOUT_3,
        maximum=3.0,
        errors=3,
        last_error="new",
        last_traceback="where",
        last_error_at=NOW,
        queries=4,
        slow=2,
        loops=3,
        last_loop="last",
        recent=(
            Point(NOW - HOUR * 23, calls=2, p95=pytest.approx(2.0, rel=0.12), errors=2),
            *empty,
            Point(NOW - HOUR, calls=18, p95=ABOUT_3, errors=0),
            Point(NOW, calls=0, p95=0.0, errors=1),
        ),
    )


@pytest.mark.django_db
def test_the_slowest_comes_first() -> None:
    row(NOW, receiver="quick", seconds=[0.001] * 100)
    row(NOW, receiver="slow", seconds=[0.5])
    row(NOW, receiver="usually quick", seconds=[0.001] * 99 + [5.0])
    row(NOW, receiver="another", errors=1)
    assert [one.receiver for one in totals()] == ["slow", "quick", "usually quick", "another"]


@pytest.mark.django_db
def test_hours_can_be_fewer_and_more_and_points_are_always_of_a_day() -> None:
    for ago in (0, 1, 30):
        row(NOW - HOUR * ago, seconds=[1.0])
    row(NOW - HOUR * 5, receiver="earlier", seconds=[1.0])
    assert {one.receiver: one.calls for one in totals(hours=1)} == {"a.b": 1}
    assert {one.receiver: one.calls for one in totals(hours=48)} == {"a.b": 3, "earlier": 1}
    points = of("a.b", totals(hours=1)).recent
    assert [point.start for point in points if point.calls] == [NOW - HOUR, NOW]
    assert len(points) == len(of("a.b", totals(hours=48)).recent) == 24


@pytest.mark.django_db(databases=["default", "other"])
def test_each_database_has_a_table_of_its_own() -> None:
    add(calls=1)
    assert flush(using="other") is True
    assert (len(totals()), len(totals(using="other"))) == (0, 1)


def test_hours_begin_in_utc() -> None:
    assert hour_of(datetime(2026, 3, 1, 12, 59, 59, 999_999, tzinfo=UTC)) == datetime(
        2026, 3, 1, 12, tzinfo=UTC
    )


# Pruning


@pytest.mark.django_db
def test_what_is_too_old_is_deleted(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"TRACING": {"KEEP": 2}}
    for ago in (0, 47, 49, 500):
        row(NOW - HOUR * ago, seconds=[1.0])
    assert outdated().count() == 2
    assert prune(using="default") == 2
    assert ReceiverStatistics.objects.count() == 2


@pytest.mark.django_db
def test_a_new_hour_has_the_oldest_deleted(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"TRACING": {"KEEP": 1}}
    row(NOW - HOUR * 30, receiver="old")
    add(calls=1)
    flush()
    assert written() == {"blog.signals.touch": 1}


@alone
def test_what_cannot_be_deleted_is_no_reason_to_write_twice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*, using: str) -> int:
        raise OperationalError("not now")

    monkeypatch.setattr(flushing, "prune", refuse)
    add(calls=1)
    assert (flush(), flush(), written()) == (True, True, {"blog.signals.touch": 1})
    assert "Old statistics of receivers could not be deleted" in caplog.messages


@pytest.mark.django_db
def test_audit_prune_deletes_what_is_too_old() -> None:
    for hours, receiver in ((0, "new"), (29 * 24, "kept"), (31 * 24, "old"), (900 * 24, "older")):
        row(NOW - HOUR * hours, receiver=receiver)
    for options, told in (
        (["--dry-run"], "Would delete 0 entries and 0 change sets, 2 rows of statistics."),
        (["--model", "testapp.Author"], "Deleted 0 entries and 0 change sets."),
        (["--batch", "1"], "Deleted 0 entries and 0 change sets, 2 rows of statistics."),
        ([], "Deleted 0 entries and 0 change sets."),
    ):
        out = StringIO()
        call_command("audit_prune", "--older-than", "5y", *options, stdout=out)
        assert out.getvalue().strip() == told
    assert set(written()) == {"new", "kept"}


# Queries


@alone
def test_writing_takes_few_statements() -> None:
    add(calls=1)
    flush()
    add(calls=1)
    with CaptureQueriesContext(connection) as captured:
        flush()
    kinds = [query["sql"].split()[0] for query in captured]
    assert [kind for kind in kinds if kind in ("SELECT", "INSERT", "UPDATE", "DELETE")] == [
        "SELECT",
        "SELECT",
        "UPDATE",
    ]


@alone
def test_receivers_of_other_models_hear_nothing_of_it(connect: Connect) -> None:
    heard_of: list[Any] = []
    connect(lambda sender, **named: heard_of.append(sender), None, post_save)
    add(calls=1)
    flush()
    assert heard_of == []


# What stands around it


@alone
def test_without_time_zones_it_is_written_and_read_as_well(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.USE_TZ, settings.TIME_ZONE = False, "Asia/Kolkata"
    local = timezone.make_naive(NOW + timedelta(minutes=30), timezone.get_default_timezone())
    monkeypatch.setattr(timezone, "now", lambda: local)
    for number in (1, 2):
        add(
            calls=1,
            sent=1.0,
            errors=1,
            failure=Failure(f"Error {number}", "", NOW + timedelta(minutes=number)),
        )
        assert flush()
    (total,) = totals()
    assert (total.calls, total.errors, total.last_error) == (2, 2, "Error 2")
    assert (total.recent[-1].start, total.recent[-1].calls) == (NOW, 2)
    assert ReceiverStatistics.objects.get().hour == timezone.make_naive(NOW, timezone.get_default_timezone())


class Undecided:
    """A router that knows no database outside of requests."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        raise LookupError("There is no tenant.")


@alone
def test_a_router_that_raises_breaks_no_request_and_loses_nothing(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    add(calls=1)
    settings.DATABASE_ROUTERS = [Undecided()]
    flush_soon()
    flush_soon()
    assert [record.getMessage() for record in caplog.records] == [
        "Statistics of receivers could not be written, and are kept"
    ]
    settings.DATABASE_ROUTERS = []
    assert flush()
    assert ReceiverStatistics.objects.get().calls == 1


def test_what_tests_have_measured_is_not_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(flushing, "flush", lambda: flushed.append("flushed"))
    flushing._flush_at_exit()
    assert flushed == []
    monkeypatch.setattr(flushing, "RUNNERS", ())
    flushing._flush_at_exit()
    assert flushed == ["flushed"]


if connection.vendor == "sqlite":

    def patience() -> int:
        return int(connection.connection.execute("PRAGMA busy_timeout").fetchone()[0])

    @alone
    def test_others_wait_for_a_lock_as_long_as_before() -> None:
        connection.ensure_connection()
        usual, seen = patience(), list[int]()
        add(calls=1)
        with connection.execute_wrapper(
            lambda execute, *arguments: (seen.append(patience()), execute(*arguments))[1]
        ):
            flush()
        assert (set(seen), patience(), usual) == ({2000}, usual, 5000)
