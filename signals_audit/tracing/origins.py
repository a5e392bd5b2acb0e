"""Who connected a receiver: the line of code that called `Signal.connect`.

It is remembered while it happens, for nobody can tell afterwards. What is kept are names, pieces of code and
numbers, and never a receiver, a sender or a frame: those die as if nobody had looked.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from inspect import CO_COROUTINE
from types import CodeType
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.dispatch import Signal

from . import seams
from .receivers import receiver_code, receiver_name, sender_name, shortened
from .seams import Key, Receiver

LOADING = "django.apps.registry"  # connects for those who named a model that was not there yet
SPARE = 64  # receivers that a signal may lose before they are looked through
MOST_LOST = 100

Line = tuple[CodeType, int]


@dataclass(frozen=True, slots=True)
class Connection:
    """How a receiver was connected, and what it was.

    `by` is the code that connected it and the line there, None where that is not known. `is_early` says that
    it was connected while apps were being loaded, as what is to last is.
    """

    name: str
    code: CodeType | None
    sender: str
    by: Line | None
    is_early: bool

    @property
    def place(self) -> tuple[str, int]:
        """The file and the line where the receiver is defined; ("", 0) where it is not known."""
        return (shortened(self.code.co_filename), self.code.co_firstlineno) if self.code else ("", 0)

    @property
    def connected_by(self) -> str:
        """Who connected it, as "blog/apps.py:12 in ready"; "" where it is not known."""
        if self.by is None:
            return ""
        code, line = self.by
        where = "" if code.co_name == "<module>" else f" in {code.co_name}"
        return f"{shortened(code.co_filename)}:{line}{where}"

    @property
    def is_async(self) -> bool:
        """Whether the receiver is a coroutine function."""
        return self.code is not None and bool(self.code.co_flags & CO_COROUTINE)


class _Known:
    """A connection as long as it lasts; `is_lost` once its receiver was collected while connected."""

    __slots__ = ("_has_key", "_key", "_signal", "_watch", "connection", "is_lost")

    def __init__(self, signal: Signal, key: Key, connection: Connection, watched: Any) -> None:
        self.connection = connection
        self.is_lost = False
        self._signal, self._key = weakref.ref(signal), key
        self._has_key: Callable[[Signal, Key], bool] = seams.has_key  # globals are gone at exit
        self._watch = None if watched is None else weakref.ref(watched, self._lose)

    def _lose(self, _watch: Any) -> None:
        """Note that the receiver is gone; called by garbage collection, wherever that happens."""
        signal = self._signal()
        self.is_lost = signal is not None and self._has_key(signal, self._key)


class _Memory:
    """What is known of the receivers of one signal."""

    def __init__(self) -> None:
        self.known: dict[Key, _Known] = {}
        self.lost: dict[Connection, None] = {}

    def remember(self, signal: Signal, key: Key, connection: Connection, watched: Any) -> None:
        """Remember a new receiver; it may have the key of one that died, with its place in memory."""
        self._keep_lost(self.known.get(key))
        self.known[key] = _Known(signal, key, connection, watched)
        if len(self.known) > 2 * len(signal.receivers) + SPARE:
            self._forget_disconnected(signal)

    def _keep_lost(self, one: _Known | None) -> None:
        if one is not None and one.is_lost and one.connection.is_early and len(self.lost) < MOST_LOST:
            self.lost[one.connection] = None

    def _forget_disconnected(self, signal: Signal) -> None:
        for key in [key for key in list(self.known) if not seams.has_key(signal, key)]:
            self._keep_lost(self.known.pop(key, None))

    def all_lost(self) -> list[Connection]:
        """Return the early connections whose receivers were lost."""
        now = [one.connection for one in list(self.known.values()) if one.is_lost]
        return list(dict.fromkeys([*self.lost, *(one for one in now if one.is_early)]))[:MOST_LOST]


class _Listener:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.memories: dict[int, _Memory] = {}
        self.promises: dict[tuple[int, Any, str], Line | None] = {}

    def promised(self, signal: Signal, receiver: Receiver, sender: str) -> None:
        """Remember who named a model; it may be somebody else's turn when that is there."""
        self.promises[_promise(signal, receiver, sender)] = _caller()

    def connected(self, signal: Signal, key: Key, receiver: Receiver, sender: Any, *, is_weak: bool) -> None:
        """Remember a receiver."""
        connection = Connection(
            name=receiver_name(receiver),
            code=receiver_code(receiver),
            sender=sender_name(sender),
            by=self._by(signal, receiver, sender),
            is_early=not apps.ready,
        )
        watched = getattr(receiver, "__self__", receiver) if is_weak else None
        self._memory(signal).remember(signal, key, connection, watched)

    def _by(self, signal: Signal, receiver: Receiver, sender: Any) -> Line | None:
        if self.promises and isinstance(sender, type) and issubclass(sender, Model):
            promise = _promise(signal, receiver, sender._meta.label)
            if promise in self.promises:
                return self.promises.pop(promise)
        return _caller()

    def _memory(self, signal: Signal) -> _Memory:
        if id(signal) not in self.memories:
            self.memories[id(signal)] = _Memory()
            weakref.finalize(signal, self.memories.pop, id(signal), None).atexit = False
        return self.memories[id(signal)]


def _promise(signal: Signal, receiver: Receiver, sender: str) -> tuple[int, Any, str]:
    return id(signal), seams.made_id(receiver), sender.lower()


def _caller() -> Line | None:
    """Return the line that connects a receiver: the first outside of Django's and our own dispatching."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in PASSED_THROUGH:
        frame = frame.f_back
    return None if frame.f_globals.get("__name__") == LOADING else (frame.f_code, frame.f_lineno)


PASSED_THROUGH = seams.CONNECTING | {__name__, seams.__name__}
_listener = _Listener()


def install() -> None:
    """Remember from now on who connects receivers; doing it twice changes nothing."""
    if not seams.is_listening():
        seams.listen(_listener)


def remove() -> None:
    """Remember nothing more, and forget what was remembered."""
    seams.stop_listening()
    _listener.memories.clear()
    _listener.promises.clear()


def connection_of(signal: Signal, key: Key) -> Connection | None:
    """Return how a receiver was connected; None of one that was connected before anybody listened."""
    memory = _listener.memories.get(id(signal))
    known = memory.known.get(key) if memory is not None else None
    return known.connection if known is not None else None


def lost(signal: Signal) -> list[Connection]:
    """Return the receivers that were connected while apps were loaded, weakly, and are gone.

    Django forgets them at the next chance, and nobody would know why nothing happens.
    """
    memory = _listener.memories.get(id(signal))
    return memory.all_lost() if memory is not None else []
