"""Where signals are read and intercepted by what Django does not document.

Each seam says which part of `django.dispatch.dispatcher` it reaches into, and why nothing public serves.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from inspect import getattr_static
from types import FunctionType
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

from django.db.models import signals
from django.db.models.signals import ModelSignal
from django.dispatch import Signal, dispatcher

Receiver = Callable[..., Any]
Key = tuple[Hashable, Hashable]
SENDS = ("send", "asend", "send_robust", "asend_robust")
LIVE = "_live_receivers"
BELOW = "_signals_audit_below"
CONNECTING = frozenset({dispatcher.__name__, signals.__name__})  # the modules that connect passes through

# What `Signal.receivers` holds of a sender, and of a receiver without `dispatch_uid`.
made_id: Callable[[Any], int | tuple[int, int]] = vars(dispatcher)["_make_id"]
NO_SENDER = made_id(None)


@dataclass(frozen=True, slots=True)
class Connected:
    """One receiver as it is connected to a signal.

    `receiver` is None when it was connected weakly and is gone. `sender_id` is None when it hears of every
    sender; `sender` is known since Django 6.0 only, and None where it is not, or is gone.
    """

    key: Key
    receiver: Receiver | None
    sender_id: int | tuple[int, int] | None
    sender: Any
    dispatch_uid: Hashable | None
    is_weak: bool
    is_async: bool


def connected(signal: Signal) -> list[Connected]:
    """Return what is connected to a signal, in the order of its calls.

    Reads `Signal.receivers`: Django has no way to ask for receivers together with senders and `dispatch_uid`.
    An entry is (key, receiver, is_async) on Django 5.2. Since 6.0 it has a reference to the sender in third
    place; when the sender is gone, Django does not call the receiver any more, and it is left out.
    """
    with signal.lock:
        entries = list(signal.receivers)
    found = (_connected(entry) for entry in entries)
    return [one for one in found if one is not None]


def _connected(entry: tuple[Any, ...]) -> Connected | None:
    key, kept, *senders, is_async = entry
    sender = senders[0]() if senders and senders[0] is not None else None
    if sender is None and any(one is not None for one in senders):
        return None
    uid, sender_id = key
    is_weak = isinstance(kept, weakref.ReferenceType)
    receiver = kept() if is_weak else kept
    return Connected(
        key=key,
        receiver=receiver,
        sender_id=None if sender_id == NO_SENDER else sender_id,
        sender=sender,
        dispatch_uid=None if _is_made(uid, receiver) else uid,
        is_weak=is_weak,
        is_async=is_async,
    )


def _is_made(uid: Hashable, receiver: Receiver | None) -> bool:
    """Tell whether Django made up the first part of a key, as it does without a `dispatch_uid`."""
    if receiver is not None:
        return bool(uid == made_id(receiver))
    return isinstance(uid, int) or (
        isinstance(uid, tuple) and len(uid) == 2 and all(isinstance(part, int) for part in uid)
    )


Methods = dict[str, Callable[..., Any]]

# What stood on signals before, by somebody else's hand, and what stands there now.
_intercepted: WeakKeyDictionary[Signal, tuple[Methods, Methods]] = WeakKeyDictionary()


def plain(signal: Signal, name: str) -> Callable[..., Any]:
    """Return one of a signal's methods without us: what others put there, or what its class has now.

    `LIVE` tells who hears of a sender, functions and coroutines apart: what `send` calls is known to nobody
    else.
    """
    return others(signal).get(name) or method(signal, name)


def others(signal: Signal) -> Methods:
    """Return what others have put on a signal in the place of its methods, patches of tests for example."""
    before, ours = _intercepted.get(signal, ({}, {}))
    own = vars(signal)
    found = {name: own[name] for name in (*SENDS, LIVE) if name in own}
    return {
        name: other
        for name, function in found.items()
        if (other := before.get(name) if function is ours.get(name) else _below(function)) is not None
    }


def method(signal: Signal, name: str) -> Callable[..., Any]:
    """Return a method of a signal's class, bound as Python does it."""
    found = getattr_static(type(signal), name)
    bind = getattr(type(found), "__get__", None)
    return cast("Callable[..., Any]", found if bind is None else bind(found, signal, type(signal)))


def intercept(signal: Signal, instead: Methods) -> set[str]:
    """Put functions in the place of a signal's own `send`, `asend`, their robust kin and `_live_receivers`.

    They become attributes of this one signal, found before the methods of its class: nothing is changed for
    other signals, whoever imported this one is served as well, and `release` leaves no trace. A receiver of
    our own would not do: it would have Django collect rows that it deletes at once otherwise, and hear of no
    other receiver. Return the names of those of ours that somebody else had replaced meanwhile.
    """
    before, replaced = others(signal), _replaced(signal)
    _intercepted[signal] = {name: before[name] for name in instead if name in before}, instead
    vars(signal).update(instead)
    return replaced


def release(signal: Signal) -> set[str]:
    """Give a signal its own methods back; return the names of those that somebody else has replaced."""
    replaced = _replaced(signal)
    before, ours = _intercepted.pop(signal, ({}, {}))
    for name in ours.keys() - replaced:
        _put(signal, name, before.get(name))
    return replaced


def stands(signal: Signal, name: str, function: Callable[..., Any]) -> bool:
    """Tell whether it is this function that stands in the place of a method."""
    return vars(signal).get(name) is function


def retire(ours: Callable[..., Any], below: Callable[..., Any] | None) -> None:
    """Note that a function of ours is that no more, and what stood there before it; None is nothing."""
    vars(ours)[BELOW] = below


def take_off(signal: Signal, name: str, ours: Callable[..., Any]) -> None:
    """Take a retired function off a signal again, when somebody has put it back."""
    _put(signal, name, _below(ours))


def _below(function: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Return what others put somewhere, given what stands there, which may be a retired function of ours."""
    while isinstance(function, FunctionType) and BELOW in vars(function):
        function = vars(function)[BELOW]
    return function


def _replaced(signal: Signal) -> set[str]:
    _before, ours = _intercepted.get(signal, ({}, {}))
    return {name for name, function in ours.items() if not stands(signal, name, function)}


def _put(signal: Signal, name: str, function: Callable[..., Any] | None) -> None:
    """Put a function on a signal; none leaves the method of its class."""
    vars(signal).pop(name, None)
    if function is not None:
        vars(signal)[name] = function


def is_intercepted(signal: Signal) -> bool:
    """Tell whether a signal's methods are replaced by ours."""
    return signal in _intercepted


class Listener(Protocol):
    """Somebody who is told of receivers that are connected, while the one who connects them waits."""

    def promised(self, signal: Signal, receiver: Receiver, sender: str) -> None:
        """Hear that a receiver will be connected once there is a model of that name."""

    def connected(self, signal: Signal, key: Key, receiver: Receiver, sender: Any, *, is_weak: bool) -> None:
        """Hear that a receiver was connected; not of one that was connected already."""


_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have a listener told of every receiver that is connected from now on, to whatever signal.

    Wraps `Signal.connect`, and `ModelSignal.connect` for senders that are named "app.Model" and may come much
    later: no signal is sent and nothing is kept of who connects a receiver, and afterwards nobody knows.
    """
    stop_listening()
    _listeners.append(listener)
    _wrap(Signal, _telling)
    _wrap(ModelSignal, _telling_of_names)


def stop_listening() -> None:
    """Tell nobody of receivers any more, and give the classes their own `connect` back."""
    _listeners.clear()
    for owner, (plain, wrapped) in _connects.items():
        if vars(owner)["connect"] is wrapped:
            setattr(owner, "connect", plain)  # noqa: B010 - a method is no attribute for type checkers
    _connects.clear()


def is_listening() -> bool:
    """Tell whether somebody is told of receivers."""
    return bool(_listeners)


def has_key(signal: Signal, key: Key) -> bool:
    """Tell whether a receiver is connected, dead or alive; without a lock, for garbage collection asks."""
    return any(entry[0] == key for entry in signal.receivers[:])


_connects: dict[type[Signal], tuple[Callable[..., Any], Callable[..., Any]]] = {}


def _wrap(owner: type[Signal], make: Callable[[Any], Any]) -> None:
    plain = vars(owner)["connect"]
    wrapped = wraps(plain)(make(plain))
    _connects[owner] = plain, wrapped
    setattr(owner, "connect", wrapped)  # noqa: B010 - a method is no attribute for type checkers


def _telling(plain: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: Signal, receiver: Receiver, sender: Any = None, *args: Any, **options: Any) -> Any:
        before = self.receivers[-1:]
        done = plain(self, receiver, sender, *args, **options)
        for entry in self.receivers[-1:]:
            if not before or entry is not before[0]:
                _tell(self, entry, receiver, sender)
        return done

    return connect


def _tell(signal: Signal, entry: tuple[Any, ...], receiver: Receiver, sender: Any) -> None:
    """Tell of an entry that is new; it may be that of another thread, which tells of it itself."""
    key, kept, *_rest = entry
    is_weak = isinstance(kept, weakref.ReferenceType)
    with suppress(Exception):  # connecting goes on whatever happens here
        if (kept() if is_weak else kept) == receiver:
            for listener in _listeners:
                listener.connected(signal, key, receiver, sender, is_weak=is_weak)


def _telling_of_names(plain: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: Signal, receiver: Receiver, sender: Any = None, *args: Any, **options: Any) -> Any:
        for listener in _listeners if isinstance(sender, str) else ():
            with suppress(Exception):
                listener.promised(self, receiver, sender)
        return plain(self, receiver, sender, *args, **options)

    return connect
