"""What Django does not document of its signals is as we expect it on every supported Django."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import django
import pytest
from django.apps import apps
from django.db.models.signals import ModelSignal
from django.dispatch import Signal, dispatcher, receiver

from signals_audit.tracing import origins, seams
from signals_audit.tracing.seams import Connected, connected
from tests.testapp.models import Article, Author

HAS_SENDERS = django.VERSION >= (6, 0)  # in what a signal keeps of its receivers
SHAPES = {False: 3, True: 4}


def hear(**_named: Any) -> str:
    return "heard"


async def hear_async(**_named: Any) -> str:
    return "heard later"


class Ears:
    def hear(self, **_named: Any) -> str:
        return "heard by ears"

    def __call__(self, **_named: Any) -> str:
        return "ears"


@pytest.fixture
def signal() -> Signal:
    return Signal()


def key(receiver: Any, sender: Any = None) -> tuple[Any, Any]:
    return seams.made_id(receiver), seams.made_id(sender)


def test_an_entry_has_as_many_members_as_we_unpack(signal: Signal) -> None:
    signal.connect(hear, sender=Author, dispatch_uid="ears")
    (entry,) = signal.receivers
    assert len(entry) == SHAPES[HAS_SENDERS]
    assert entry[0] == ("ears", id(Author))
    assert entry[1]() is hear
    assert entry[-1] is False
    assert not HAS_SENDERS or entry[2]() is Author


def test_django_makes_ids_of_objects_methods_and_nothing(signal: Signal) -> None:
    ears = Ears()
    made = seams.made_id(ears), seams.made_id(ears.hear), seams.NO_SENDER
    assert made == (id(ears), (id(ears), id(Ears.hear)), id(None))


def test_receivers_are_read_in_order_with_all_that_is_known_of_them(signal: Signal) -> None:
    ears, part = Ears(), partial(hear, what="all")
    signal.connect(hear)
    signal.connect(hear, sender=Author, dispatch_uid="hear")
    signal.connect(ears.hear, sender=Author)
    signal.connect(ears, weak=False)
    signal.connect(part)
    signal.connect(hear_async, sender=Article)
    author, article = (Author, Article) if HAS_SENDERS else (None, None)
    assert connected(signal) == [
        Connected(key(hear), hear, None, None, None, is_weak=True, is_async=False),
        Connected(("hear", id(Author)), hear, id(Author), author, "hear", is_weak=True, is_async=False),
        Connected(key(ears.hear, Author), ears.hear, id(Author), author, None, is_weak=True, is_async=False),
        Connected(key(ears), ears, None, None, None, is_weak=False, is_async=False),
        Connected(key(part), part, None, None, None, is_weak=True, is_async=False),
        Connected(
            key(hear_async, Article), hear_async, id(Article), article, None, is_weak=True, is_async=True
        ),
    ]


def test_reading_receivers_changes_nothing(signal: Signal) -> None:
    signal.connect(hear)
    signal.connect(lambda **_named: None)
    before = signal.receivers, list(signal.receivers), dict(vars(signal))
    assert [one.receiver for one in connected(signal)] == [hear, None]
    assert (signal.receivers, list(signal.receivers), dict(vars(signal))) == before


@pytest.mark.parametrize(("uid", "shown"), [(None, None), ("local", "local"), (("a", "b"), ("a", "b"))])
def test_a_dead_receiver_is_there_until_django_drops_it(signal: Signal, uid: Any, shown: Any) -> None:
    signal.connect(lambda **_named: None, sender=Author, dispatch_uid=uid)
    gc.collect()
    (one,) = connected(signal)
    assert (one.receiver, one.sender_id, one.dispatch_uid) == (None, id(Author), shown)
    assert (one.is_weak, one.is_async) == (True, False)
    assert signal.send(Author) == []
    assert connected(signal) == []


def test_receivers_of_a_sender_that_is_gone_are_left_out_where_django_calls_them_no_more(
    signal: Signal,
) -> None:
    sender = type("Passing", (), {})
    signal.connect(hear, sender=sender)
    assert len(connected(signal)) == 1
    del sender
    gc.collect()
    assert len(connected(signal)) == (0 if HAS_SENDERS else 1)


def test_a_sender_that_cannot_be_held_weakly_is_no_trouble(signal: Signal) -> None:
    signal.connect(hear, sender="a text")
    (one,) = connected(signal)
    assert (one.receiver, one.sender_id is not None, one.sender) == (hear, True, None)


def test_the_lookup_is_the_one_that_django_uses(signal: Signal) -> None:
    signal.connect(hear, sender=Author)
    signal.connect(hear_async)
    assert seams.plain(signal, seams.LIVE)(Author) == ([hear], [hear_async])
    assert seams.plain(signal, seams.LIVE)(Article) == ([], [hear_async])
    assert seams.plain(signal, seams.LIVE)(Author) == signal._live_receivers(Author)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", seams.SENDS)
def test_every_send_looks_up_its_receivers_once_before_it_awaits_anything(signal: Signal, name: str) -> None:
    signal.connect(hear)
    signal.connect(hear_async)
    looked_up: list[Any] = []

    def lookup(sender: Any) -> seams.Receivers:
        looked_up.append(sender)
        return seams.plain(signal, seams.LIVE)(sender)

    seams.intercept(signal, {seams.LIVE: lookup})
    send = getattr(signal, name)
    if name.startswith("a"):

        async def start_only() -> None:
            sending = send(Author)
            sending.send(None)
            assert looked_up == [Author]
            sending.close()

        asyncio.run(start_only())
        looked_up.clear()
        answers = asyncio.run(send(Author))
    else:
        answers = send(Author)
    assert answers == [(hear, "heard"), (hear_async, "heard later")]
    assert looked_up == [Author]


@pytest.mark.parametrize("name", seams.SENDS)
def test_sends_take_a_sender_and_named_arguments(name: str) -> None:
    kinds = [(one.name, one.kind) for one in inspect.signature(getattr(Signal, name)).parameters.values()]
    kind = inspect.Parameter
    assert kinds == [
        ("self", kind.POSITIONAL_OR_KEYWORD),
        ("sender", kind.POSITIONAL_OR_KEYWORD),
        ("named", kind.VAR_KEYWORD),
    ]


@pytest.mark.parametrize("use_caching", [False, True])
def test_what_was_intercepted_and_released_is_as_before(use_caching: bool) -> None:
    signal = ModelSignal(use_caching=use_caching)
    signal.connect(hear)
    before = dict(vars(signal))
    instead = dict.fromkeys((*seams.SENDS, seams.LIVE), hear)
    seams.intercept(signal, instead)
    assert (seams.is_intercepted(signal), signal.send(sender=Author)) == (True, "heard")
    seams.release(signal)
    assert (seams.is_intercepted(signal), vars(signal)) == (False, before)
    seams.release(signal)
    assert vars(signal) == before


def test_other_signals_are_not_intercepted(signal: Signal) -> None:
    other = Signal()
    seams.intercept(signal, {"send": hear})
    assert (seams.is_intercepted(other), other.send(Author)) == (False, [])


# Listening to what is connected


class Heard:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def promised(self, signal: Signal, receiver: Any, sender: str) -> None:
        self.told.append((receiver, sender))

    def connected(self, signal: Signal, key: Any, receiver: Any, sender: Any, *, is_weak: bool) -> None:
        self.told.append((key, receiver, sender, is_weak))


@pytest.fixture
def heard() -> Iterator[Heard]:
    listener = Heard()
    seams.listen(listener)
    yield listener
    seams.stop_listening()
    origins.install()


@pytest.mark.usefixtures("heard")
def test_listening_leaves_no_trace_when_it_stops() -> None:
    seams.stop_listening()
    for owner in (Signal, ModelSignal):
        assert vars(owner)["connect"].__code__.co_filename == inspect.getfile(owner)
    assert seams.is_listening() is False


def test_a_connection_is_told_of_when_it_is_new(signal: Signal, heard: Heard) -> None:
    signal.connect(hear)
    signal.connect(hear)
    signal.connect(hear, Author, False, "uid")
    receiver(signal, sender=Article)(hear)
    assert heard.told == [
        (key(hear), hear, None, True),
        (("uid", id(Author)), hear, Author, False),
        (key(hear, Article), hear, Article, True),
    ]


def test_a_model_that_is_named_is_told_of_at_once_and_when_it_is_there(heard: Heard) -> None:
    signal = ModelSignal()
    signal.connect(hear, sender="testapp.Author")
    signal.connect(hear, sender="testapp.NeverMade")
    assert heard.told == [
        (hear, "testapp.Author"),
        (key(hear, Author), hear, Author, True),
        (hear, "testapp.NeverMade"),
    ]
    apps._pending_operations.pop(("testapp", "nevermade"))  # type: ignore[attr-defined]


def test_what_a_listener_raises_keeps_nobody_from_connecting(signal: Signal, heard: Heard) -> None:
    heard.told = None  # type: ignore[assignment]
    signal.connect(hear)
    assert signal.send(Author) == [(hear, "heard")]


def test_errors_of_connect_are_those_of_django(signal: Signal, heard: Heard, settings: Any) -> None:
    settings.DEBUG = True
    with pytest.raises(TypeError, match=r"^Signal receivers must be callable\.$"):
        signal.connect("no function")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(\*\*kwargs\)\.$"):
        signal.connect(lambda: None)
    assert heard.told == []


@pytest.mark.usefixtures("heard")
def test_what_others_put_around_connect_stays_there(signal: Signal) -> None:
    ours: Any = Signal.connect

    def connect(self: Signal, *args: Any, **named: Any) -> None:
        ours(self, *args, **named)

    Signal.connect = connect  # type: ignore[method-assign, assignment]
    try:
        seams.stop_listening()
        assert vars(Signal)["connect"] is connect
        signal.connect(hear)
        assert signal.send(Author) == [(hear, "heard")]
    finally:
        Signal.connect = ours.__wrapped__  # type: ignore[method-assign]


def test_connect_is_called_through_the_modules_that_we_know() -> None:
    assert {dispatcher.__name__, ModelSignal.__module__} == seams.CONNECTING
    assert receiver.__module__ == dispatcher.__name__
