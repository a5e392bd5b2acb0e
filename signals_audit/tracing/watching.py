"""Watchers, who are told of every send of the signals that they watch.

While a signal is watched it has sends of its own. They run Django's, with each receiver wrapped; what
receivers are given, what they return and raise, and their order stay as they are. So do patches of a signal's
own methods. One of the class `Signal` is called if it was there when a watcher last came or went: to look for
it at every send would take too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from random import random
from threading import Lock, get_ident
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

from django.dispatch import Signal

from . import seams
from .places import Place
from .seams import Receiver

Responses = list[tuple[Receiver, Any]]


class Watch(Protocol):
    """What is to be known of one send.

    `around` returns a receiver wrapped, `around_async` one that is a coroutine: both a `Wrapped`. `end` is
    called when the send is over, with what it raised.
    """

    def around(self, receiver: Receiver) -> Wrapped: ...

    def around_async(self, receiver: Receiver) -> Wrapped: ...

    def end(self, error: BaseException | None) -> None: ...


class Watcher(Protocol):
    """Somebody who watches signals."""

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Watch | None:
        """Return what watches a send that begins, or None to let it go unwatched."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A watcher who is told of a share of all sends, from 0.0 to 1.0, picked at random.

    `only_heard` leaves out the sends of a signal that has no receivers at all.
    """

    watcher: Watcher
    rate: float = 1.0
    only_heard: bool = False


class Wrapped:
    """A receiver with something around it; whoever asks for its name is given that of the receiver."""

    __slots__ = ("receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def __call__(self, **named: Any) -> Any:
        return self.receiver(**named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.receiver, name)


def unwrapped(receiver: Receiver) -> Receiver:
    """Return a receiver as it was connected."""
    while isinstance(receiver, Wrapped):
        receiver = receiver.receiver
    return receiver


# Sends by threads, until their receivers are looked up: by other methods, if watchers came or went meanwhile.
_begun: WeakKeyDictionary[Signal, dict[int, Watch]] = WeakKeyDictionary()


def _told(answers: Responses) -> Responses:
    """Return answers with the receivers as they were connected; the patch of a test may answer anything."""
    try:
        return [(unwrapped(one), answer) for one, answer in answers] if type(answers) is list else answers
    except (TypeError, ValueError):
        return answers


class _Watched:
    """A signal that is watched, and by whom."""

    def __init__(self, signal: Signal, watchers: tuple[Sampled, ...]) -> None:
        self._signal = signal
        self.watchers = watchers
        self._begun = _begun.setdefault(signal, {})
        self._places: dict[str, Place] = {}
        self._ours: dict[str, Callable[..., Any]] = {}

    def instead(self) -> dict[str, Callable[..., Any]]:
        """Return what takes the place of the signal's own methods."""
        one = self.watchers[0] if len(self.watchers) == 1 else _together(self.watchers)
        send, asend, send_robust, asend_robust = seams.SENDS
        self._ours = {
            send: self._sync(one, send),
            asend: self._async(one, asend),
            send_robust: self._sync(one, send_robust),
            asend_robust: self._async(one, asend_robust),
            seams.LIVE: self._live_receivers(),
        }
        return self._ours

    def retire(self, names: Iterable[str]) -> None:
        """Have functions, in whose place somebody else's stand, watch nothing if that one calls them."""
        for name in names:
            self._places[name].retire(self._ours[name], _settle)

    def _place(self, name: str, one: Sampled | None = None) -> Place:
        place = self._places[name] = Place(self._signal, name)
        if one is not None:
            place.rate, place.only_heard = one.rate, one.only_heard and place.other is None
        return place

    def _sync(self, one: Sampled, name: str) -> Callable[..., Any]:
        """Return a function that sends; a closure, for it is the price of every send that goes unwatched."""
        signal, begin, place = self._signal, one.watcher.begin, self._place(name, one)

        def send(sender: Any, **named: Any) -> Any:  # to say that it is responses takes time
            if place.only_heard and not signal.receivers:
                return []
            if random() >= place.rate or (watch := begin(signal, sender, named)) is None:
                plain = place.plain  # by itself, for to call an attribute that is no method takes longer
                return plain(sender, **named)
            return self._watch(watch, place.plain, sender, named)

        return send

    def _async(self, one: Sampled, name: str) -> Callable[..., Any]:
        """Return a coroutine that sends."""
        signal, begin, place = self._signal, one.watcher.begin, self._place(name, one)

        async def asend(sender: Any, **named: Any) -> Responses:
            if place.only_heard and not signal.receivers:
                return []
            if random() >= place.rate or (watch := begin(signal, sender, named)) is None:
                return cast("Responses", await place.plain(sender, **named))
            return await self._watch_async(watch, place.plain, sender, named)

        return asend

    def _live_receivers(self) -> Callable[[Any], Any]:
        """Return what looks up the receivers; for a watched send that has just begun it wraps them."""
        begun, place = self._begun, self._place(seams.LIVE)

        def live_receivers(sender: Any) -> Any:  # receivers; to say so of what others return takes time
            plain = place.plain
            if not begun or (watch := begun.pop(get_ident(), None)) is None:
                return plain(sender)
            functions, coroutines = plain(sender)
            return list(map(watch.around, functions)), list(map(watch.around_async, coroutines))

        return live_receivers

    def _watch(
        self, watch: Watch, plain: Callable[..., Responses], sender: Any, named: dict[str, Any]
    ) -> Responses:
        self._begun[get_ident()] = watch
        try:
            answers = plain(sender, **named)
        except BaseException as error:
            watch.end(error)
            raise
        finally:
            self._begun.pop(get_ident(), None)
        answers = _told(answers)
        watch.end(None)  # which lets go of receivers
        return answers

    async def _watch_async(
        self, watch: Watch, plain: Callable[..., Any], sender: Any, named: dict[str, Any]
    ) -> Responses:
        self._begun[get_ident()] = watch
        try:
            answers = await plain(sender, **named)
        except BaseException as error:
            watch.end(error)
            raise
        finally:
            self._begun.pop(get_ident(), None)
        answers = _told(answers)
        watch.end(None)  # which lets go of receivers
        return answers


def _together(watchers: tuple[Sampled, ...]) -> Sampled:
    return Sampled(_Watches(watchers), only_heard=all(one.only_heard for one in watchers))


class _Watches:
    """Several watchers of one signal: the first is the innermost."""

    def __init__(self, watchers: tuple[Sampled, ...]) -> None:
        self._watchers = watchers

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Watch | None:
        """Return what watches a send for all of those who want to."""
        asked = (one.watcher for one in self._watchers if random() < one.rate)
        begun = (watcher.begin(signal, sender, named) for watcher in asked)
        watches = tuple(watch for watch in begun if watch is not None)
        return _Together(watches) if watches else None


class _Together:
    """Several who watch one send."""

    def __init__(self, watches: tuple[Watch, ...]) -> None:
        self._watches = watches

    def around(self, receiver: Receiver) -> Wrapped:
        return cast("Wrapped", reduce(lambda inner, watch: watch.around(inner), self._watches, receiver))

    def around_async(self, receiver: Receiver) -> Wrapped:
        return cast(
            "Wrapped", reduce(lambda inner, watch: watch.around_async(inner), self._watches, receiver)
        )

    def end(self, error: BaseException | None) -> None:
        for watch in reversed(self._watches):
            watch.end(error)


_watched: dict[int, _Watched] = {}
_lock = Lock()


def start(watcher: Watcher, signals: Iterable[Signal]) -> None:
    """Have a watcher told of all that signals send from now on."""
    start_sampled(Sampled(watcher), signals)


def start_sampled(sampled: Sampled, signals: Iterable[Signal]) -> None:
    """Have a watcher told of a part of what signals send from now on."""
    with _lock:
        for signal in signals:
            _set(signal, (*_watchers_of(signal), sampled))


def stop(watcher: Watcher, signals: Iterable[Signal]) -> None:
    """Tell a watcher no more; a signal without watchers is as it was before."""
    with _lock:
        for signal in signals:
            _set(signal, tuple(one for one in _watchers_of(signal) if one.watcher is not watcher))


def _watchers_of(signal: Signal) -> tuple[Sampled, ...]:
    watched = _watched.get(id(signal))
    return watched.watchers if watched is not None else ()


def _set(signal: Signal, watchers: tuple[Sampled, ...]) -> None:
    before = _watched.pop(id(signal), None)
    if watchers:
        _watched[id(signal)] = watched = _Watched(signal, watchers)
        replaced = seams.intercept(signal, watched.instead())
    else:
        replaced = seams.release(signal)
    if before is not None:
        before.retire(replaced)


def _settle(signal: Signal, name: str, ours: Callable[..., Any]) -> None:
    with _lock:
        if seams.stands(signal, name, ours):
            seams.take_off(signal, name, ours)
            _set(signal, _watchers_of(signal))
