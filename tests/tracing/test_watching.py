"""Watched signals do what they did before: the same calls, answers and errors, and no trace afterwards."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from asgiref.sync import iscoroutinefunction
from django.db.models.signals import ModelSignal, post_save, pre_delete
from django.dispatch import Signal
from factory.django import mute_signals

from signals_audit.tracing import seams, watching
from signals_audit.tracing.receivers import receiver_name
from signals_audit.tracing.watching import Sampled, Watch, Wrapped, unwrapped
from tests.testapp.models import Author

SYNC, ASYNC = ("send", "send_robust"), ("asend", "asend_robust")


class Notes:
    """A watcher who writes down what happens, and lets some senders go."""

    def __init__(self, name: str = "", lets_go: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.lets_go = lets_go
        self.log: list[str] = []

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Watch | None:
        if sender in self.lets_go:
            return None
        self.note("begin", *sorted(named))
        return Noting(self)

    def note(self, *words: str) -> None:
        self.log.append(" ".join(filter(None, (self.name, *words))))


class Noting:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def around(self, receiver: seams.Receiver) -> Wrapped:
        return Noted(receiver, self.notes)

    def around_async(self, receiver: seams.Receiver) -> Wrapped:
        return NotedLater(receiver, self.notes)

    def end(self, error: BaseException | None) -> None:
        self.notes.note("end", type(error).__name__ if error is not None else "")


class Noted(Wrapped):
    __slots__ = ("notes",)

    def __init__(self, receiver: seams.Receiver, notes: Notes) -> None:
        super().__init__(receiver)
        self.notes = notes

    def __call__(self, **named: Any) -> Any:
        name = receiver_name(self).rpartition(".")[2]
        self.notes.note("call", name)
        try:
            return self.receiver(**named)
        finally:
            self.notes.note("done", name)


class NotedLater(Noted):
    __slots__ = ()

    async def __call__(self, **named: Any) -> Any:
        name = receiver_name(self).rpartition(".")[2]
        self.notes.note("call", name)
        try:
            return await self.receiver(**named)
        finally:
            self.notes.note("done", name)


def first(sender: Any, **named: Any) -> Any:
    return "first", sender, sorted(named)


def second(signal: Signal, **named: Any) -> Any:
    return "second", type(signal).__name__


def fail(**_named: Any) -> None:
    raise ValueError("no")


def quit_(**_named: Any) -> None:
    raise KeyboardInterrupt


async def later(sender: Any, **_named: Any) -> Any:
    await asyncio.sleep(0)
    return "later", sender


async def fail_later(**_named: Any) -> None:
    await asyncio.sleep(0)
    raise LookupError("not later either")


class Ears:
    """Receivers of every shape."""

    def method(self, **_named: Any) -> str:
        return "method"

    async def async_method(self, **_named: Any) -> str:
        return "async method"

    @classmethod
    def of_class(cls, **_named: Any) -> str:
        return "class method"

    @staticmethod
    def static(**_named: Any) -> str:
        return "static method"

    def __call__(self, **_named: Any) -> str:
        return "object"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ears)

    __hash__ = None  # type: ignore[assignment]


class Deaf:
    def __call__(self, **_named: Any) -> None:
        raise ValueError("deaf")


EARS, DEAF = Ears(), Deaf()
PART = partial(first, more=1)
METHODS = (EARS.method, EARS.of_class, EARS.static, EARS.async_method)
GROUPS: dict[str, tuple[Any, ...]] = {
    "nobody": (),
    "functions": (first, second),
    "every shape": (*METHODS, EARS, PART),
    "coroutines and functions": (later, first, EARS.async_method, second),
    "one that fails": (first, fail, second),
    "one that quits": (first, quit_, second),
    "an async one that fails": (first, fail_later, later),
    "both that fail": (later, fail, fail_later, first),
    "an object that fails": (first, DEAF, second),
    "a partial that fails": (partial(fail, more=1), second),
}


def made(receivers: tuple[Any, ...]) -> Signal:
    signal = Signal()
    for receiver in receivers:
        signal.connect(receiver, weak=False)
    return signal


def sent(signal: Signal, name: str, sender: Any = Author, **named: Any) -> Any:
    """Send a signal; return its answers, or the type and text of what it raises."""
    try:
        send = getattr(signal, name)(sender, **named)
        answers = asyncio.run(send) if name in ASYNC else send
    except (Exception, KeyboardInterrupt) as error:
        return type(error), str(error)
    return [(receiver, _comparable(answer)) for receiver, answer in answers]


def _comparable(answer: Any) -> Any:
    return (type(answer), str(answer)) if isinstance(answer, Exception) else answer


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def watched(notes: Notes) -> Iterator[Callable[..., Signal]]:
    """Return a function that makes a watched signal."""
    signals: list[Signal] = []

    def make(*receivers: Any) -> Signal:
        signals.append(made(receivers))
        watching.start(notes, signals[-1:])
        return signals[-1]

    yield make
    watching.stop(notes, signals)


@pytest.mark.parametrize("name", seams.SENDS)
@pytest.mark.parametrize("group", GROUPS)
def test_answers_order_and_errors_are_as_without_a_watcher(
    watched: Callable[..., Signal], caplog: pytest.LogCaptureFixture, group: str, name: str
) -> None:
    receivers = GROUPS[group]
    plain = sent(made(receivers), name, colour="red", size=3)
    said = sorted(caplog.messages)  # Django 5.2 calls functions and coroutines at the same time
    caplog.clear()
    assert sent(watched(*receivers), name, colour="red", size=3) == plain
    assert sorted(caplog.messages) == said


@pytest.mark.parametrize("name", SYNC)
def test_what_a_watcher_is_told(watched: Callable[..., Signal], notes: Notes, name: str) -> None:
    sent(watched(later, first, fail, second), name, colour="red")
    after = {
        "send": ["end ValueError"],
        "send_robust": ["call second", "done second", "call later", "done later", "end"],
    }
    assert notes.log == ["begin colour", "call first", "done first", "call fail", "done fail", *after[name]]


@pytest.mark.parametrize("name", seams.SENDS)
def test_a_send_that_nobody_hears_is_told_of(watched: Callable[..., Signal], notes: Notes, name: str) -> None:
    assert sent(watched(), name) == []
    assert notes.log == ["begin", "end"]


@pytest.mark.parametrize("name", ASYNC)
def test_coroutines_are_watched_to_their_end(watched: Callable[..., Signal], notes: Notes, name: str) -> None:
    sent(watched(later, EARS.async_method), name)
    assert [notes.log[0], *sorted(notes.log[1:-1]), notes.log[-1]] == [
        "begin",
        "call async_method",
        "call later",
        "done async_method",
        "done later",
        "end",
    ]


@pytest.mark.parametrize("failing", [DEAF, partial(fail, more=1)])
def test_the_fault_of_send_robust_with_nameless_receivers_stays_what_it_is(
    watched: Callable[..., Signal], notes: Notes, failing: Any
) -> None:
    plain = sent(made((failing,)), "send_robust")
    assert plain[0] is AttributeError
    assert "__qualname__" in plain[1]
    assert sent(watched(failing), "send_robust") == plain
    assert notes.log[-1] == "end AttributeError"


def test_a_watcher_may_let_a_send_go(notes: Notes) -> None:
    signal, notes.lets_go = made((first,)), (Author,)
    watching.start(notes, [signal])
    assert sent(signal, "send") == [(first, ("first", Author, ["signal"]))]
    assert notes.log == []
    watching.stop(notes, [signal])


def test_receivers_are_given_what_was_sent_and_the_signal_itself(watched: Callable[..., Signal]) -> None:
    given: list[dict[str, Any]] = []

    def keep(**named: Any) -> None:
        given.append(named)

    signal = watched(keep)
    signal.send(sender=Author, instance=EARS)
    assert given == [{"signal": signal, "sender": Author, "instance": EARS}]
    assert given[0]["instance"] is EARS


def test_receivers_that_are_connected_and_disconnected_while_watched(
    watched: Callable[..., Signal], notes: Notes
) -> None:
    signal = watched(first)
    signal.connect(second, sender=Author, dispatch_uid="second")
    assert [receiver for receiver, _answer in signal.send(Author)] == [first, second]
    assert signal.disconnect(first) is True
    assert signal.disconnect(first) is False
    assert [receiver for receiver, _answer in signal.send(Author)] == [second]
    assert signal.disconnect(sender=Author, dispatch_uid="second") is True
    assert (signal.send(Author), signal.has_listeners(Author)) == ([], False)


def test_a_receiver_that_disconnects_itself_while_it_is_called(watched: Callable[..., Signal]) -> None:
    def once(signal: Signal, **_named: Any) -> str:
        signal.disconnect(once)
        return "once"

    signal = watched(once, second)
    assert [answer for _receiver, answer in signal.send(Author)] == ["once", ("second", "Signal")]
    assert [receiver for receiver, _answer in signal.send(Author)] == [second]


def test_weak_receivers_die_as_before(watched: Callable[..., Signal]) -> None:
    signal, ears = watched(), Ears()

    def local(**_named: Any) -> None: ...

    signal.connect(local)
    signal.connect(ears.method)
    assert len(signal.send(Author)) == 2
    alive = weakref.ref(local), weakref.ref(ears)
    del local, ears
    gc.collect()
    assert [one() for one in alive] == [None, None]
    assert signal.send(Author) == []


def test_senders_die_as_before(watched: Callable[..., Signal]) -> None:
    signal = watched(first)
    sender = type("Passing", (), {})
    alive = weakref.ref(sender)
    signal.send(sender, instance=sender())
    del sender
    gc.collect()
    assert alive() is None


def test_signals_with_a_cache_are_watched_too(notes: Notes) -> None:
    signal = ModelSignal(use_caching=True)
    signal.connect(first, sender=Author)
    assert signal.send(int) == []
    watching.start(notes, [signal])
    assert [signal.send(int), signal.send(Author)] == [[], [(first, ("first", Author, ["signal"]))]]
    assert notes.log == ["begin", "end", "begin", "call first", "done first", "end"]
    watching.stop(notes, [signal])
    assert signal.send(Author) == [(first, ("first", Author, ["signal"]))]


def test_muted_signals_are_mute(notes: Notes) -> None:
    ears = Ears()
    post_save.connect(ears.method, sender=int)
    heard = [(ears.method, "method")]
    watching.start(notes, [post_save])
    with mute_signals(post_save):
        assert post_save.send(int) == []
    assert post_save.send(int) == heard
    with mute_signals(post_save):
        watching.stop(notes, [post_save])
        assert post_save.send(int) == []
    assert post_save.send(int) == heard
    assert notes.log == ["begin", "end", "begin", "call method", "done method", "end"]
    assert not seams.is_intercepted(post_save)
    post_save.disconnect(ears.method, sender=int)


def test_listeners_are_told_as_before(watched: Callable[..., Signal], notes: Notes) -> None:
    signal = watched()
    assert signal.has_listeners(Author) is False
    signal.connect(first, sender=Author)
    assert (signal.has_listeners(Author), signal.has_listeners(int)) == (True, False)
    assert notes.log == []


def test_watching_deletes_connects_no_receiver_that_would_have_rows_read_first(notes: Notes) -> None:
    before = pre_delete.has_listeners(Author)
    watching.start(notes, [pre_delete])
    assert pre_delete.has_listeners(Author) is before is False
    watching.stop(notes, [pre_delete])


# Several watchers


def test_several_watchers_are_told_the_first_from_the_inside() -> None:
    inner, outer, log = Notes("inner"), Notes("outer"), []
    inner.log = outer.log = log
    signal = made((first, later))
    for notes in (inner, outer):
        watching.start(notes, [signal])
    assert sent(signal, "send") == [(first, ("first", Author, ["signal"])), (later, ("later", Author))]
    calls = ["outer call {0}", "inner call {0}", "inner done {0}", "outer done {0}"]
    called = [call.format(name) for name in ("first", "later") for call in calls]
    assert log == ["inner begin", "outer begin", *called, "outer end", "inner end"]
    for notes in (inner, outer):
        watching.stop(notes, [signal])
    assert not seams.is_intercepted(signal)


def test_one_of_several_watchers_stops() -> None:
    one, other = Notes(), Notes()
    signal = made((first,))
    for notes in (one, other):
        watching.start(notes, [signal])
    watching.stop(one, [signal])
    signal.send(Author)
    assert (one.log, other.log) == ([], ["begin", "call first", "done first", "end"])
    watching.stop(other, [signal])
    watching.stop(other, [signal])
    assert not seams.is_intercepted(signal)


def test_one_of_several_watchers_lets_a_send_go() -> None:
    one, other = Notes(lets_go=(Author,)), Notes()
    signal = made((first,))
    for notes in (one, other):
        watching.start(notes, [signal])
    signal.send(Author)
    assert (one.log, other.log) == ([], ["begin", "call first", "done first", "end"])
    other.lets_go = (Author,)
    assert signal.send(Author) == [(first, ("first", Author, ["signal"]))]
    for notes in (one, other):
        watching.stop(notes, [signal])


def test_whoever_asks_a_wrapped_receiver_for_its_name_is_given_that_of_the_receiver() -> None:
    wrapped = Noted(Noted(first, Notes()), Notes())
    assert [wrapped.__qualname__, wrapped.__name__] == ["first", "first"]
    assert [unwrapped(wrapped), unwrapped(first)] == [first, first]


# Samples


@pytest.mark.parametrize("name", seams.SENDS)
def test_a_rate_of_nothing_watches_nothing_and_of_one_everything(name: str) -> None:
    never, always = Notes(), Notes()
    for rate, notes in ((0.0, never), (1.0, always)):
        signal = made((first,))
        watching.start_sampled(Sampled(notes, rate), [signal])
        for _time in range(20):
            assert sent(signal, name) == [(first, ("first", Author, ["signal"]))]
        watching.stop(notes, [signal])
    assert (never.log, always.log.count("begin")) == ([], 20)


@pytest.mark.parametrize("beside", [0, 1])
def test_a_share_of_all_sends_is_watched(beside: int) -> None:
    some = Notes()
    signal = made((first,))
    others = [Notes(lets_go=(Author,)) for _one in range(beside)]
    for other in others:
        watching.start_sampled(Sampled(other, 0.0), [signal])
    watching.start_sampled(Sampled(some, 0.25), [signal])
    random.seed(5)
    for _time in range(2000):
        signal.send(Author)
    assert 400 < some.log.count("begin") < 600
    for notes in (some, *others):
        watching.stop(notes, [signal])


@pytest.mark.parametrize("name", seams.SENDS)
@pytest.mark.parametrize("beside", [0, 1])
def test_who_does_not_care_for_sends_that_nobody_hears_is_not_told_of_them(name: str, beside: int) -> None:
    notes, others = Notes(), [Notes() for _one in range(beside)]
    signal = made(())
    for watcher in (notes, *others):
        watching.start_sampled(Sampled(watcher, only_heard=True), [signal])
    assert (sent(signal, name), notes.log) == ([], [])
    signal.connect(first, weak=False)
    assert sent(signal, name) == [(first, ("first", Author, ["signal"]))]
    assert notes.log.count("begin") == 1
    for watcher in (notes, *others):
        watching.stop(watcher, [signal])


# Nesting, threads, tasks


def test_nested_sends_are_told_of_within_each_other(watched: Callable[..., Signal], notes: Notes) -> None:
    def again(signal: Signal, depth: int, **_named: Any) -> Any:
        return [answer for _receiver, answer in signal.send(Author, depth=depth - 1)] if depth else "deep"

    signal = watched(again)
    assert signal.send(Author, depth=2) == [(again, [["deep"]])]
    enter, leave = ["begin depth", "call again"], ["done again", "end"]
    assert [line.replace("test_nested_sends.<locals>.", "") for line in notes.log] == enter * 3 + leave * 3


def test_nested_async_sends_are_told_of(watched: Callable[..., Signal], notes: Notes) -> None:
    async def again(signal: Signal, depth: int, **_named: Any) -> Any:
        return [a for _r, a in await signal.asend(Author, depth=depth - 1)] if depth else "deep"

    signal = watched(again)
    assert asyncio.run(signal.asend(Author, depth=2)) == [(again, [["deep"]])]
    assert notes.log == ["begin depth", "call again"] * 3 + ["done again", "end"] * 3


def test_tasks_that_send_at_the_same_time_are_kept_apart(watched: Callable[..., Signal]) -> None:
    async def echo(number: int, **_named: Any) -> int:
        await asyncio.sleep(0)
        return number

    signal = watched(echo)

    async def send_all() -> list[Any]:
        return await asyncio.gather(*(signal.asend(Author, number=number) for number in range(50)))

    assert asyncio.run(send_all()) == [[(echo, number)] for number in range(50)]


def test_a_cancelled_send_ends(watched: Callable[..., Signal], notes: Notes) -> None:
    async def forever(**_named: Any) -> None:
        await asyncio.Event().wait()

    signal = watched(forever)

    async def send() -> None:
        sending = asyncio.ensure_future(signal.asend(Author))
        await asyncio.sleep(0.01)
        sending.cancel()
        await sending

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(send())
    assert notes.log == ["begin", "call forever", "done forever", "end CancelledError"]


def test_threads_send_while_watchers_come_and_go() -> None:
    signal = made((first, second))
    right = [(first, ("first", Author, ["number", "signal"])), (second, ("second", "Signal"))]
    wrong: list[Any] = []
    done = threading.Event()

    def send() -> None:
        while not done.is_set():
            answers = sent(signal, "send", number=1)
            if answers != right:
                wrong.append(answers)

    threads = [threading.Thread(target=send) for _one in range(4)]
    for thread in threads:
        thread.start()
    everyone = [Notes() for _one in range(3)]
    for _time in range(200):
        for notes in everyone:
            watching.start(notes, [signal])
        for notes in everyone:
            watching.stop(notes, [signal])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not seams.is_intercepted(signal)


def test_each_thread_has_its_own_receivers_wrapped(watched: Callable[..., Signal], notes: Notes) -> None:
    barrier = threading.Barrier(4)

    def meet(**_named: Any) -> None:
        barrier.wait(10)

    signal = watched(meet)
    threads = [threading.Thread(target=signal.send, args=(Author,)) for _one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(notes.log) == ["begin"] * 4 + ["call meet"] * 4 + ["done meet"] * 4 + ["end"] * 4


class Meeting(Signal):
    """A signal whose sends have all begun before one of them looks up who hears it."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.barrier = threading.Barrier(threads)

    def send(self, sender: Any, **named: Any) -> Any:
        self.barrier.wait(10)
        return super().send(sender, **named)


class BySender(Notes):
    """A watcher who has a watch of its own for every sender."""

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Watch:
        watch = Notes(str(sender))
        watch.log = self.log
        return Noting(watch)


def test_threads_that_send_at_the_same_time_are_kept_apart() -> None:
    signal, notes = Meeting(4), BySender()

    def hear(sender: Any, **_named: Any) -> None:
        notes.note(sender, "heard")

    signal.connect(hear)
    watching.start(notes, [signal])
    threads = [threading.Thread(target=signal.send, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watching.stop(notes, [signal])
    for name in "abcd":
        own = [line for line in notes.log if line.startswith(name)]
        assert own == [f"{name} {what}" for what in ("call hear", "heard", "done hear", "end")]


# No trace


@pytest.mark.parametrize("use_caching", [False, True])
def test_nothing_is_left_of_a_watcher_who_stops(notes: Notes, use_caching: bool) -> None:
    signal = ModelSignal(use_caching=use_caching)
    signal.connect(first, sender=Author)
    signal.connect(later)
    before = {**vars(signal), "sender_receivers_cache": None}
    watching.start(notes, [signal])
    sent(signal, "send")
    sent(signal, "asend")
    watching.stop(notes, [signal])
    assert {**vars(signal), "sender_receivers_cache": None} == before
    assert signal.send.__func__ is Signal.send  # type: ignore[attr-defined]
    assert id(signal) not in watching._watched


def test_a_signal_that_was_watched_dies_as_any_other(notes: Notes) -> None:
    signal = made((first,))
    watching.start(notes, [signal])
    signal.send(Author)
    watching.stop(notes, [signal])
    alive = weakref.ref(signal)
    del signal
    gc.collect()
    assert alive() is None


def test_whoever_stops_without_having_started_changes_nothing(notes: Notes) -> None:
    signal = made((first,))
    watching.stop(notes, [signal])
    assert not seams.is_intercepted(signal)
    assert signal.send(Author) == [(first, ("first", Author, ["signal"]))]


def test_coroutines_are_known_as_such_before_and_while_watched(watched: Callable[..., Signal]) -> None:
    signal = watched(later, first)
    functions, coroutines = seams.plain(signal, seams.LIVE)(Author)
    assert (functions, coroutines) == ([first], [later])
    assert [iscoroutinefunction(one) for one in coroutines] == [True]


# Patches of others


def answer(*_args: Any, **_named: Any) -> Any:
    return ["patched"]


@pytest.mark.parametrize("name", SYNC)
def test_a_patch_of_a_watched_signal_holds_when_others_come_and_go(name: str, notes: Notes) -> None:
    signal, other = made((first,)), Notes()
    plain = [(first, ("first", Author, ["signal"]))]
    watching.start(notes, [signal])
    with patch.object(signal, name, answer):
        watching.start(other, [signal])
        assert getattr(signal, name)(Author) == ["patched"]
        watching.stop(other, [signal])
        assert getattr(signal, name)(Author) == ["patched"]
    notes.log.clear()
    assert sent(signal, name) == plain
    assert (notes.log, other.log) == (["begin", "call first", "done first", "end"], ["begin", "end"])
    watching.stop(notes, [signal])
    assert sent(signal, name) == plain
    assert vars(signal).keys() == vars(Signal()).keys()


@pytest.mark.parametrize("name", SYNC)
def test_a_patch_that_passes_on_what_it_stands_for_watches_once(name: str, notes: Notes) -> None:
    signal, other = made((first,)), Notes()
    watching.start(notes, [signal])
    with patch.object(signal, name, wraps=getattr(signal, name)) as mock:
        watching.start(other, [signal])
        assert sent(signal, name) == [(first, ("first", Author, ["signal"]))]
        assert mock.call_count == 1
    assert notes.log == other.log == ["begin", "call first", "done first", "end"]
    for each in (notes, other):
        watching.stop(each, [signal])
    assert signal.send(Author) == [(first, ("first", Author, ["signal"]))]


@pytest.mark.parametrize("name", [*SYNC, *ASYNC])
def test_a_patch_that_outlasts_the_watcher_leaves_nothing_behind(name: str, notes: Notes) -> None:
    signal = made((first,))
    before = dict(vars(signal))
    watching.start(notes, [signal])
    with patch.object(signal, name, answer):
        watching.stop(notes, [signal])
    assert sent(signal, name) == [(first, ("first", Author, ["signal"]))]
    assert (vars(signal), notes.log) == (before, [])


def test_what_a_patch_has_put_back_is_not_taken_for_that_of_others(notes: Notes) -> None:
    signal = made((first,))
    before = dict(vars(signal))
    watching.start(notes, [signal])
    with patch.object(signal, "send", answer):
        watching.stop(notes, [signal])
    watching.start(notes, [signal])
    watching.stop(notes, [signal])
    assert vars(signal) == before


@pytest.mark.parametrize("name", SYNC)
def test_a_patch_of_the_class_holds_for_signals_that_are_watched_within_it(name: str, notes: Notes) -> None:
    signal = made(())
    with patch.object(Signal, name, autospec=True, return_value=[]) as mock:
        watching.start(notes, [signal])
        assert sent(signal, name) == []
        watching.stop(notes, [signal])
    with patch.object(Signal, name, answer):
        watching.start(notes, [signal])
        assert getattr(signal, name)(Author) == ["patched"]
        watching.stop(notes, [signal])
    assert (mock.call_args.args, notes.log) == ((signal, Author), ["begin", "end"] * 2)


class Interrupted(Signal):
    """Something else happens between the beginning of its sends and the lookup of receivers."""

    meanwhile: Callable[[], None]

    def send(self, sender: Any, **named: Any) -> Any:
        self.meanwhile()
        return super().send(sender, **named)


def test_a_send_that_has_begun_is_watched_when_watchers_come_and_go_meanwhile(notes: Notes) -> None:
    signal, other, staying = Interrupted(), Notes(), Notes()
    signal.connect(first)
    signal.meanwhile = partial(watching.start, other, [signal])
    watching.start(notes, [signal])
    watching.start(staying, [signal])
    signal.send(Author)
    signal.meanwhile = partial(watching.stop, other, [signal])
    signal.send(Author)
    for each in (notes, staying):
        watching.stop(each, [signal])
    assert notes.log == staying.log == ["begin", "call first", "done first", "end"] * 2
