"""Where signals are read and intercepted by what Django does not document.

Each seam says which part of `django.dispatch.dispatcher` it reaches into, and why nothing public serves.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from types import MethodType
from typing import Any

from django.dispatch import Signal, dispatcher

Receiver = Callable[..., Any]
Receivers = tuple[list[Receiver], list[Receiver]]
SENDS = ("send", "asend", "send_robust", "asend_robust")
LIVE = "_live_receivers"

# What `Signal.receivers` holds of a sender, and of a receiver without `dispatch_uid`.
made_id: Callable[[Any], int | tuple[int, int]] = vars(dispatcher)["_make_id"]
NO_SENDER = made_id(None)


@dataclass(frozen=True, slots=True)
class Connected:
    """One receiver as it is connected to a signal.

    `receiver` is None when it was connected weakly and is gone. `sender_id` is None when it hears of every
    sender; `sender` is known since Django 6.0 only, and None where it is not, or is gone.
    """

    receiver: Receiver | None
    sender_id: int | tuple[int, int] | None
    sender: Any
    dispatch_uid: Hashable | None
    is_weak: bool
    is_async: bool


def connected(signal: Signal) -> list[Connected]:
    """Return what is connected to a signal, in the order of its calls.

    Reads `Signal.receivers`: Django has no way to ask for receivers together with senders and `dispatch_uid`.
    An entry is (key, receiver, is_async) on Django 5.2, and has a reference to the sender in third place
    since 6.0.
    """
    with signal.lock:
        entries = list(signal.receivers)
    return [_connected(entry) for entry in entries]


def _connected(entry: tuple[Any, ...]) -> Connected:
    (uid, sender_id), kept, *sender, is_async = entry
    is_weak = isinstance(kept, weakref.ReferenceType)
    receiver = kept() if is_weak else kept
    return Connected(
        receiver=receiver,
        sender_id=None if sender_id == NO_SENDER else sender_id,
        sender=sender[0]() if sender and sender[0] is not None else None,
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


def lookup_of(signal: Signal) -> Callable[[Any], Receivers]:
    """Return what tells who hears of a sender now: functions and coroutines apart, in order.

    It is `Signal._live_receivers`; what `send` calls cannot be known otherwise.
    """
    return MethodType(type(signal)._live_receivers, signal)


def sends_of(signal: Signal) -> list[Callable[..., Any]]:
    """Return a signal's own `send`, `asend` and their robust kin, as its class has them."""
    return [MethodType(getattr(type(signal), name), signal) for name in SENDS]


def intercept(signal: Signal, instead: dict[str, Callable[..., Any]]) -> None:
    """Put functions in the place of a signal's own `send`, `asend`, their robust kin and `_live_receivers`.

    They become attributes of this one signal, found before the methods of its class: nothing is changed for
    other signals, whoever imported this one is served as well, and `release` leaves no trace. A receiver of
    our own would not do: it would have Django collect rows that it deletes at once otherwise, and hear of no
    other receiver.
    """
    vars(signal).update(instead)


def release(signal: Signal) -> None:
    """Give a signal its own methods back."""
    for name in _intercepted(signal):
        del vars(signal)[name]


def _intercepted(signal: Signal) -> Iterator[str]:
    return (name for name in (*SENDS, LIVE) if name in vars(signal))


def is_intercepted(signal: Signal) -> bool:
    """Tell whether a signal's methods were replaced, by whomever."""
    return any(_intercepted(signal))
