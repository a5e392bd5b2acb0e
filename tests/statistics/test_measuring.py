"""Receivers are measured while signals are sent, and behave as if they were not."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import sys
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from types import MethodType
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import connection, connections
from django.db.models.signals import ModelSignal, post_init, post_save, pre_init, pre_save
from django.test import override_settings

from signals_audit.receiver_statistics import flush_soon
from signals_audit.tracing import figures, seams, statistics
from signals_audit.tracing.figures import MOST, OTHERS, Measured, store
from signals_audit.tracing.named import named_signals
from signals_audit.tracing.policy import USUAL
from tests.testapp.models import Author

from .conftest import Connect, Taken, Watch

ON = {"TRACING": {"STATISTICS": 1.0}}


class Sender:
    """Who sends."""


def quick(sender: Any, **named: Any) -> str:
    return "done"


def quicker(sender: Any, **named: Any) -> str:
    return "done"


def failing(sender: Any, number: int = 0, **named: Any) -> None:
    raise ValueError(f"It does not work: {number}")


def leaving(sender: Any, **named: Any) -> None:
    raise SystemExit(3)


def slow(sender: Any, **named: Any) -> None:
    time.sleep(0.02)


def slower(sender: Any, **named: Any) -> None:
    time.sleep(0.02)


async def waiting(sender: Any, **named: Any) -> str:
    await asyncio.sleep(0.05)
    return "waited"


async def waiting_and_failing(sender: Any, **named: Any) -> None:
    await asyncio.sleep(0)
    raise ValueError("It does not work, later")


def asking(sender: Any, **named: Any) -> None:
    Author.objects.count()
    Author.objects.filter(name="x").exists()


class Listener:
    """Somebody whose methods are receivers."""

    def hear(self, sender: Any, **named: Any) -> None: ...

    def __call__(self, sender: Any, **named: Any) -> None: ...


class OtherListener(Listener):
    """The same under another name."""


class Slotted:
    """A receiver of which nobody can tell when it dies."""

    __slots__ = ()

    def __call__(self, sender: Any, **named: Any) -> None: ...


def send(times: int = 1, **named: Any) -> None:
    for _ in range(times):
        post_save.send(Sender, **named)


def calls(found: dict[str, Measured]) -> dict[str, int]:
    return {name: each.calls for name, each in found.items()}


def intercepted() -> set[str]:
    return {one.name for one in named_signals() if seams.is_intercepted(one.signal)}


# On and off


def test_nothing_is_installed_where_the_settings_ask_for_nothing() -> None:
    assert intercepted() == set()
    assert flush_soon not in [one.receiver for one in seams.connected(request_finished)]


def test_settings_turn_it_on_and_off_at_run_time() -> None:
    with override_settings(SIGNALS_AUDIT=ON):
        assert intercepted() == set(USUAL)
        assert flush_soon in [one.receiver for one in seams.connected(request_finished)]
        with override_settings(SIGNALS_AUDIT={"TRACING": {"STATISTICS": 1.0, "SIGNALS": ["pre_save"]}}):
            assert intercepted() == {"pre_save"}
        with override_settings(SIGNALS_AUDIT={"TRACING": {"SLOW": 3}}):
            assert intercepted() == set()
        assert intercepted() == set(USUAL)
    assert intercepted() == set()
    assert vars(post_save).keys() == vars(ModelSignal(use_caching=True)).keys()
    assert flush_soon not in [one.receiver for one in seams.connected(request_finished)]


def test_settings_that_change_something_else_leave_alone_what_goes_on() -> None:
    with override_settings(SIGNALS_AUDIT=ON):
        installed = post_save.send
        with override_settings(SIGNALS_AUDIT=ON | {"ENABLED": False}):
            assert post_save.send is installed


def test_a_signal_is_found_by_its_dotted_path_and_one_that_there_is_not_is_left_out(watch: Watch) -> None:
    watch(STATISTICS=1.0, SIGNALS=["django.db.models.signals.pre_init", "no_such_signal", "no_such.signal"])
    assert intercepted() == {"pre_init"}


# What is measured


def test_calls_and_their_times_are_counted(watch: Watch, connect: Connect, taken: Taken) -> None:
    connect(quick, Sender)
    send(7)
    watch(STATISTICS=1.0)
    connect(quicker, Sender)
    send(300)
    pre_save.send(Sender)
    found = taken()
    assert calls(found) == {"quick": 300, "quicker": 300}
    measured = found["quick"]
    assert measured.sent == len(measured.durations) == 300
    assert 0 < measured.maximum <= measured.total <= 300 * measured.maximum
    assert (measured.errors, measured.failure, measured.queries, measured.loops) == (0, None, 0, 0)
    assert taken() == {}


def test_receivers_are_given_and_return_what_they_did_before(watch: Watch, connect: Connect) -> None:
    given: list[dict[str, Any]] = []

    def receiver(**named: Any) -> str:
        given.append(named)
        return "yes"

    connect(receiver, Sender)
    plain = post_save.send(Sender, instance=1)
    watch(STATISTICS=1.0)
    assert post_save.send(Sender, instance=1) == post_save.send_robust(Sender, instance=1) == plain
    assert given == [{"signal": post_save, "sender": Sender, "instance": 1}] * 3
    assert plain == [(receiver, "yes")]


def test_errors_are_counted_and_the_last_one_is_kept_in_words(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(STATISTICS=1.0)
    connect(failing, Sender)
    for number in range(20):
        with pytest.raises(ValueError, match=f": {number}"):
            send(number=number)
    [(_, answer)] = post_save.send_robust(Sender, number=20)
    measured = taken()["failing"]
    assert (measured.calls, measured.errors) == (21, 21)
    assert measured.failure is not None
    assert measured.failure.error == f"ValueError: {answer}"
    first, place, line, *_, last = measured.failure.traceback.splitlines()
    assert first == "Traceback (most recent call last):"
    assert place.startswith(f'  File "{__file__}", line ') and place.endswith(", in failing")
    assert line.strip() == 'raise ValueError(f"It does not work: {number}")'
    assert last == "ValueError: It does not work: 20"


def test_the_end_of_a_process_is_no_error(watch: Watch, connect: Connect, taken: Taken) -> None:
    watch(STATISTICS=1.0)
    connect(leaving, Sender)
    with pytest.raises(SystemExit):
        send()
    assert (taken()["leaving"].calls, taken()) == (1, {})


def test_an_error_that_passes_a_receiver_many_times_is_put_into_words_once(
    watch: Watch, connect: Connect, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded: list[BaseException] = []
    plain = figures.Failure.of
    monkeypatch.setattr(figures.Failure, "of", lambda error: (worded.append(error), plain(error))[1])

    def sending_again(sender: Any, **named: Any) -> None:
        if named["depth"] == 30:
            raise ValueError("Too deep.")
        post_save.send(sender, depth=named["depth"] + 1)

    watch(STATISTICS=1.0)
    connect(sending_again, Sender)
    for _time in range(2):
        with pytest.raises(ValueError, match="Too deep"):
            post_save.send(Sender, depth=1)
    measured = taken()["sending_again"]
    assert (measured.errors, len(worded)) == (60, 2)
    assert measured.failure is not None and measured.failure.error == "ValueError: Too deep."


def test_a_database_that_cannot_be_used_hinders_no_row_from_being_read(
    watch: Watch, connect: Connect, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = connections["default"].settings_dict | {"ENGINE": "no.such.backend"}
    monkeypatch.setitem(connections.settings, "broken", broken)
    watch(STATISTICS=1.0)
    connect(quick, Author, signal=post_init)
    assert Author(name="ada").name == "ada"
    assert taken()["quick"].calls == 1


class Unhashable(type):
    __hash__ = None  # type: ignore[assignment]


class Odd(metaclass=Unhashable):
    def hear(self, sender: Any, **named: Any) -> str:
        return "odd"


@pytest.mark.parametrize(
    "receiver", [Odd().hear, MethodType(partial(lambda self, sender, **named: "odd"), 1)]
)
def test_whatever_can_be_called_is_called(receiver: Any, watch: Watch) -> None:
    signal = post_save
    watch(STATISTICS=1.0)
    signal.connect(receiver, sender=Sender, weak=False)
    try:
        assert signal.send(Sender) == [(receiver, "odd")]
    finally:
        signal.disconnect(receiver, sender=Sender)


def test_a_long_traceback_keeps_its_end(watch: Watch, connect: Connect, taken: Taken) -> None:
    def failing_at_length(sender: Any, **named: Any) -> None:
        raise ValueError("x" * 100_000 + "end")

    watch(STATISTICS=1.0)
    connect(failing_at_length, Sender)
    with pytest.raises(ValueError, match="end"):
        send()
    failure = taken()["failing_at_length"].failure
    assert failure is not None
    assert (len(failure.error), len(failure.traceback)) == (figures.LONGEST, figures.LONGEST)
    assert failure.traceback.endswith("xend\n")


def test_a_sampled_call_stands_for_several(watch: Watch, connect: Connect, taken: Taken) -> None:
    watch(STATISTICS=0.25)
    connect(quick, Sender)
    send(2000)
    measured = taken()["quick"]
    assert 0 < measured.calls < 1000
    assert measured.sent == 4 * measured.calls


def test_what_was_measured_at_another_rate_keeps_its_weight(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    connect(quick, Sender)
    watch(STATISTICS=1.0)
    send(10)
    watch(STATISTICS=0.5)
    send(100)
    measured = taken()["quick"]
    assert measured.sent == 10 + 2 * (measured.calls - 10)


@pytest.mark.parametrize("signal", [pre_init, post_init], ids=["pre_init", "post_init"])
@pytest.mark.django_db
def test_queries_are_counted_of_receivers_that_run_for_each_row(
    signal: Any, watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(STATISTICS=1.0)
    wrappers = list(connection.execute_wrappers)
    connect(asking, Author, signal)
    connect(quick, Author, signal)
    connect(asking, Sender)
    for _ in range(3):
        Author()
    send()
    assert {key[0]: each.queries for key, each in store.take().items() if key[1].endswith("asking")} == {
        "post_save": 0,
        "pre_init" if signal is pre_init else "post_init": 6,
    }
    assert connection.execute_wrappers == wrappers


# Slow ones


def test_slow_receivers_are_counted_and_logged_once_each_in_a_minute(
    watch: Watch,
    connect: Connect,
    taken: Taken,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch(STATISTICS=1.0, SLOW=0.02)
    for receiver in (slow, slower, quick):
        connect(receiver, Sender)
    with caplog.at_level(logging.WARNING, "signals_audit.tracing"):
        send(3)
        logged = Counter(record.getMessage().partition(" took ")[0] for record in caplog.records)
        names = [f"{__name__}.{name}" for name in ("slow", "slower")]
        assert [logged[name] for name in names] == [1, 1]
        monkeypatch.setattr(figures, "MINUTE", 0.0)
        send()
    assert [record.args[0] for record in caplog.records].count(names[0]) == 2  # type: ignore[index]
    assert {name: each.slow for name, each in taken().items() if name != "quick"} == {"slow": 4, "slower": 4}


# Coroutines


def test_coroutines_are_measured_to_their_ends(watch: Watch, connect: Connect, taken: Taken) -> None:
    watch(STATISTICS=1.0)
    connect(waiting, Sender)
    connect(waiting_and_failing, Sender)
    connect(quick, Sender)

    async def ask() -> list[Any]:
        return list(await post_save.asend_robust(Sender))

    answers = dict(asyncio.run(ask()))
    assert (answers[waiting], answers[quick], str(answers[waiting_and_failing])) == (
        "waited",
        "done",
        "It does not work, later",
    )
    answers = dict(post_save.send_robust(Sender))
    assert answers[waiting] == "waited"
    found = taken()
    assert calls(found) == {"waiting": 2, "waiting_and_failing": 2, "quick": 2}
    assert found["waiting"].total >= 0.1
    assert {name: each.errors for name, each in found.items()} == {
        "waiting": 0,
        "waiting_and_failing": 2,
        "quick": 0,
    }


# Threads


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Have threads take turns as often as they can, so that they meet."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_hasty_threads")
def test_threads_lose_no_call_while_others_take_what_was_measured(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(STATISTICS=1.0)
    connect(quick, Sender)
    connect(failing, Sender)
    started, found = Barrier(9), Measured()

    def work() -> None:
        started.wait()
        for _ in range(1000):
            post_save.send_robust(Sender)

    logging.disable(logging.ERROR)  # send_robust logs each
    try:
        with ThreadPoolExecutor(8) as pool:
            running = [pool.submit(work) for _ in range(8)]
            started.wait()
            while not all(one.done() for one in running):
                found += sum(taken().values(), Measured())
    finally:
        logging.disable(logging.NOTSET)
    found += sum(taken().values(), Measured())
    assert (found.calls, found.errors, len(found.durations)) == (16_000, 8000, 16_000)
    assert math.isclose(found.sent, 16_000)


def test_turning_it_on_and_off_disturbs_nobody_who_sends(watch: Watch, connect: Connect) -> None:
    connect(quick, Sender)
    started = Barrier(5)

    def work() -> list[Any]:
        started.wait()
        return [post_save.send(Sender) for _ in range(2000)]

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work) for _ in range(4)]
        started.wait()
        while not all(one.done() for one in running):
            watch(STATISTICS=1.0)
            watch()
        answers = [answer for one in running for answer in one.result()]
    assert answers == [[(quick, "done")]] * 8000


# Memory


def test_receivers_that_are_connected_weakly_die_as_before(watch: Watch, taken: Taken) -> None:
    watch(STATISTICS=1.0)
    listener = Listener()

    def receiver(sender: Any, **named: Any) -> None: ...

    for each in (receiver, listener.hear, listener):
        post_save.connect(each, sender=Sender)
    send(2)
    living = [weakref.ref(receiver), weakref.ref(listener)]
    gc.disable()
    try:
        del receiver, listener, each
        assert [one() for one in living] == [None, None]
    finally:
        gc.enable()
    assert post_save.send(Sender) == []
    assert sorted(calls(taken()).items()) == [("Listener", 2), ("hear", 2), ("receiver", 2)]


def test_ten_thousand_receivers_take_the_place_of_a_thousand(watch: Watch, taken: Taken) -> None:
    watch(STATISTICS=1.0, SIGNALS=["post_save"])
    for number in range(10_000):

        def receiver(sender: Any, **named: Any) -> None: ...

        receiver.__qualname__ = f"receiver_{number}"
        post_save.connect(receiver, sender=Sender)
        send()
        del receiver
    [(statistician, _signal)] = statistics._measured
    assert (len(statistician._by_id), len(statistician._living), len(store._figures)) == (0, 0, MOST + 1)
    found = store.take()
    assert found.pop(("post_save", OTHERS)).calls == 10_000 - MOST
    assert {each.calls for each in found.values()} == {1} and len(found) == MOST


def test_a_receiver_in_the_place_of_a_dead_one_is_not_taken_for_it(watch: Watch, taken: Taken) -> None:
    watch(STATISTICS=1.0)
    for number in range(50):

        def receiver(sender: Any, **named: Any) -> None: ...

        receiver.__qualname__ = f"receiver_{number % 2}"
        post_save.connect(receiver, sender=Sender)
        send()
        del receiver
    assert calls(taken()) == {"receiver_0": 25, "receiver_1": 25}


def test_receivers_of_every_kind_are_told_apart_by_their_names(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(STATISTICS=1.0)
    for receiver in (Slotted(), partial(quick, extra=1), Listener()):
        connect(receiver, Sender)
    send(2)
    assert calls(taken()) == {"Slotted": 2, "quick": 2, "Listener": 2}


def test_methods_go_by_the_classes_of_their_objects(watch: Watch, connect: Connect) -> None:
    watch(STATISTICS=1.0)
    listeners = Listener(), Listener(), OtherListener()
    for listener in listeners:
        connect(listener.hear, Sender)
    send(2)
    found = {receiver: each.calls for (_, receiver), each in store.take().items()}
    mine = {name: count for name, count in found.items() if name.startswith(__name__)}
    assert mine == {f"{__name__}.Listener.hear": 4, f"{__name__}.OtherListener.hear": 2}


def test_a_forked_process_begins_with_nothing(watch: Watch, connect: Connect, taken: Taken) -> None:
    watch(STATISTICS=1.0)
    connect(quick, Sender)
    send(5)
    store.begin_anew()
    send(2)
    measured = taken()["quick"]
    assert (measured.calls, len(measured.durations)) == (2, 2)
