"""Writing down what signals are sent in one context, who is called, how long it takes and what it asks.

Other threads and tasks have contexts of their own, so what they do at the same time is not written down;
what this one hands over to them by asgiref is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Lock
from time import perf_counter
from types import MappingProxyType
from typing import Any

from asgiref.sync import sync_to_async
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal

from .databases import connections_here
from .receivers import receiver_name, sender_name
from .seams import Receiver
from .sends import Called, Sent, subject_of
from .steps import Steps
from .watching import Wrapped

NOWHERE: Mapping[Recording, Call | None] = MappingProxyType({})
_here: ContextVar[Mapping[Recording, Call | None]] = ContextVar("signals_audit.traces", default=NOWHERE)


class Recording:
    """A watcher of the context in which it was opened; it knows which receiver runs there."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names  # by the ids of signals
        self._sends: list[Send] = []
        self._lock = Lock()
        self._connections: list[BaseDatabaseWrapper] = []
        self._is_over = False
        self._sent: tuple[Sent, ...] | None = None  # once nothing can be added

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Write down what happens in a block."""
        _here.set({**_here.get(), self: None})
        try:
            self.count_queries()
            yield
        finally:
            # The block may end in another context than it began in: what is there now is kept.
            _here.set({one: call for one, call in _here.get().items() if one is not self})
            self._stop_counting()

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Send | None:
        """Note that a signal is sent, if it is here that it is."""
        calls = _here.get()
        if self not in calls or self._is_over:
            return None
        send = Send(self, calls[self], signal, sender, named)
        with self._lock:
            self._sends.append(send)
            send.number = len(self._sends)
            if send.within is not None:
                send.within.sends.append(send)
        return send

    def sent(self) -> tuple[Sent, ...]:
        """Return what was sent so far, in order."""
        made: dict[int, Sent] = {}
        if self._sent is not None:
            return self._sent
        with self._lock:
            sends = list(self._sends)
            is_over = self._is_over and all(send.is_over for send in sends)
        for send in reversed(sends):  # what was sent within another one comes after it
            made[send.number] = send.frozen(self._names[id(send.signal)], made)
        sent = tuple(made[send.number] for send in sends)
        if is_over:
            self._sent = sent
        return sent

    def count_queries(self) -> None:
        """Have the queries on this thread's connections counted.

        The wrapper goes to the bottom of the list, for whoever leaves `execute_wrapper()` takes the topmost
        one off, and may have entered it before.
        """
        here = list(connections_here())
        with self._lock:
            for connection in here if not self._is_over else ():
                if not any(one is connection for one in self._connections):
                    self._connections.append(connection)
                    connection.execute_wrappers.insert(0, self._count_query)

    def _count_query(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        call = _here.get().get(self)
        if call is not None:
            with self._lock:
                call.queries += 1
        return execute(sql, params, many, context)

    def _stop_counting(self) -> None:
        with self._lock:
            self._is_over = True
            while self._connections:
                with suppress(ValueError):  # somebody has put another list there
                    self._connections.pop().execute_wrappers.remove(self._count_query)


class Send:
    """A send that is under way, or over."""

    def __init__(
        self,
        recording: Recording,
        within: Call | None,
        signal: Signal,
        sender: Any,
        named: Mapping[str, Any],
    ) -> None:
        self.recording, self.within, self.number = recording, within, 0
        self.signal, self.sender, self.arguments = signal, sender, MappingProxyType(dict(named))
        self.subject = subject_of(named)
        self.depth: int = 0 if within is None else within.send.depth + 1
        self.calls: list[Call] = []
        self.error: BaseException | None = None
        self.seconds, self.is_over = 0.0, False
        self._began = perf_counter()

    def around(self, receiver: Receiver) -> Wrapped:
        """Return a receiver that is written down when it is called."""
        return self._call(Call(self, receiver))

    def around_async(self, receiver: Receiver) -> Wrapped:
        """Return a coroutine function that is written down when it is called."""
        return self._call(AsyncCall(self, receiver))

    def _call(self, call: Call) -> Call:
        self.calls.append(call)
        return call

    def end(self, error: BaseException | None) -> None:
        """Note that the send is over, and let go of its receivers."""
        self.seconds, self.error, self.is_over = perf_counter() - self._began, error, True
        for call in self.calls:
            if not call.is_running:
                call.let_go()

    def frozen(self, name: str, made: Mapping[int, Sent]) -> Sent:
        """Return what there is to know of the send, given what was made of those within it."""
        return Sent(
            number=self.number,
            parent=None if self.within is None else self.within.send.number,
            depth=self.depth,
            sent_by="" if self.within is None else self.within.name,
            name=name,
            signal=self.signal,
            sender=self.sender,
            sender_label=sender_name(self.sender),
            arguments=self.arguments,
            subject=self.subject,
            receivers=tuple(call.frozen(made) for call in self.calls if call.is_begun),
            not_called=tuple(call.name for call in self.calls if not call.is_begun),
            seconds=self.seconds,
            error=self.error,
        )


class Call(Wrapped):
    """A receiver that may be called, is running, or is done; then its name is kept, and it can die."""

    __slots__ = ("_name", "error", "is_begun", "is_running", "queries", "seconds", "send", "sends")
    is_async = False

    def __init__(self, send: Send, receiver: Receiver) -> None:
        super().__init__(receiver)
        self.send, self.sends = send, list[Send]()
        self._name = ""
        self.is_begun = self.is_running = False
        self.queries, self.seconds = 0, 0.0
        self.error: BaseException | None = None

    @property
    def name(self) -> str:
        """The dotted name of the receiver."""
        return self._name or receiver_name(self.receiver)

    def let_go(self) -> None:
        """Keep the name of the receiver, and not the receiver."""
        self._name, self.receiver = self.name, _gone

    def __call__(self, **named: Any) -> Any:
        self.send.recording.count_queries()
        with self._timed(), self.in_place():
            return self.receiver(**named)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have all that happens in a block belong to this call."""
        outside = _here.set({**_here.get(), self.send.recording: self})
        try:
            yield
        finally:
            _here.reset(outside)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Note how long a block takes, and what it raises."""
        self.is_begun = self.is_running = True
        began = perf_counter()
        try:
            yield
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.seconds, self.is_running = perf_counter() - began, False
            if self.send.is_over:  # and did not wait for this one
                self.let_go()

    def frozen(self, made: Mapping[int, Sent]) -> Called:
        """Return what there is to know of the call, given what was made of the sends within it."""
        return Called(
            name=self.name,
            seconds=self.seconds,
            queries=self.queries,
            error=self.error,
            is_async=self.is_async,
            children=tuple(made[send.number] for send in self.sends if send.number in made),
        )


class AsyncCall(Call):
    """A coroutine function among the receivers."""

    __slots__ = ()
    is_async = True

    async def __call__(self, **named: Any) -> Any:
        receiver = self.receiver
        await self._count_queries()
        with self._timed():
            return await Steps(_awaited(receiver, named), self.in_place)

    async def _count_queries(self) -> None:
        """Have the queries counted that it asks from the thread that asgiref keeps for that.

        A task has a context of its own: asgiref lets one context use the thread once at a time, and on Django
        6.1 coroutines share one. Where it is in use nevertheless, this was done before by whoever uses it.
        """
        with suppress(RuntimeError):
            await asyncio.create_task(sync_to_async(self.send.recording.count_queries)())


async def _awaited(receiver: Receiver, named: dict[str, Any]) -> Any:
    return await receiver(**named)


def _gone(**_named: Any) -> None:
    """Stand where a receiver was."""
