"""Watchers, who are told of every send of the signals that they watch.

While a signal is watched it has sends of its own. They run Django's, with each receiver wrapped; what
receivers are given, what they return and raise, and their order stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from random import random
from threading import Lock, get_ident
from typing import Any, Protocol, cast

from django.dispatch import Signal

from . import seams
from .seams import Receiver, Receivers

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


class _Watched:
    """A signal that is watched, and by whom."""

    def __init__(self, signal: Signal, watchers: tuple[Sampled, ...]) -> None:
        self._signal = signal
        self.watchers = watchers
        self._begun: dict[int, Watch] = {}  # by threads, until the receivers are looked up

    def instead(self) -> dict[str, Callable[..., Any]]:
        """Return what takes the place of the signal's own methods."""
        one = self.watchers[0] if len(self.watchers) == 1 else _together(self.watchers)
        send, asend, send_robust, asend_robust = seams.sends_of(self._signal)
        own = (
            self._sync(one, send),
            self._async(one, asend),
            self._sync(one, send_robust),
            self._async(one, asend_robust),
        )
        return {**dict(zip(seams.SENDS, own, strict=True)), seams.LIVE: self._live_receivers()}

    def _sync(self, one: Sampled, plain: Callable[..., Responses]) -> Callable[..., Responses]:
        """Return a function that sends; a closure, for it is the price of every send that goes unwatched."""
        signal, begin, rate, only_heard = self._signal, one.watcher.begin, one.rate, one.only_heard

        def send(sender: Any, **named: Any) -> Responses:
            if only_heard and not signal.receivers:
                return []
            if random() >= rate or (watch := begin(signal, sender, named)) is None:
                return plain(sender, **named)
            return self._watch(watch, plain, sender, named)

        return send

    def _async(self, one: Sampled, plain: Callable[..., Any]) -> Callable[..., Any]:
        """Return a coroutine that sends."""
        signal, begin, rate, only_heard = self._signal, one.watcher.begin, one.rate, one.only_heard

        async def asend(sender: Any, **named: Any) -> Responses:
            if only_heard and not signal.receivers:
                return []
            if random() >= rate or (watch := begin(signal, sender, named)) is None:
                return cast("Responses", await plain(sender, **named))
            return await self._watch_async(watch, plain, sender, named)

        return asend

    def _live_receivers(self) -> Callable[[Any], Receivers]:
        """Return what looks up the receivers; for a watched send that has just begun it wraps them."""
        plain, begun = seams.lookup_of(self._signal), self._begun

        def live_receivers(sender: Any) -> Receivers:
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
        watch.end(None)
        return [(unwrapped(receiver), answer) for receiver, answer in answers]

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
        watch.end(None)
        return [(unwrapped(receiver), answer) for receiver, answer in answers]


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
    if not watchers:
        _watched.pop(id(signal), None)
        seams.release(signal)
        return
    _watched[id(signal)] = watched = _Watched(signal, watchers)
    seams.intercept(signal, watched.instead())
