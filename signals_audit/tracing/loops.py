"""Signals that are sent within themselves: a receiver saves what it is told of, and so is told of it again.

Only what is nested counts, and only the same signal for the same object: a receiver may well save others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NoReturn

from django.db.models import Model
from django.dispatch import Signal
from django.utils.functional import LazyObject

from ..exceptions import SignalLoop
from . import watching
from .figures import LONGEST, Measured, store
from .policy import OF_ROWS, Policy, watched_signals
from .receivers import printable, receiver_name
from .seams import Receiver
from .sends import is_model
from .steps import Steps
from .watching import Sampled, Watch, Wrapped

TOLD: Final = "Loop of signals: %s"


class Sending:
    """A send that is going on, the receiver of it that runs, and the send within which it was begun.

    It watches itself. `subject` is the object that it is about, and None when it is over: what goes on after
    that, in a task that was begun meanwhile, is not nested in it.
    """

    __slots__ = ("_inner", "outer", "receiver", "sender", "signal", "subject")

    def __init__(self, outer: Sending | None, signal: str, sender: Any, subject: Any) -> None:
        self._inner: Sending | None = None
        self.outer = outer
        self.signal = signal
        self.sender = sender
        self.subject = subject
        self.receiver: Receiver = _nobody

    def around(self, receiver: Receiver) -> Wrapped:
        """Return a receiver that is known to run when it does."""
        return _Within(receiver, self)

    def around_async(self, receiver: Receiver) -> Wrapped:
        """Return a coroutine that is known to run where it does."""
        return _WithinAsync(receiver, self)

    def end(self, error: BaseException | None) -> None:
        """Go back to the send that this one is nested in."""
        _innermost.set(self.outer)
        self.let_go()

    def let_go(self) -> None:
        """Let go of the object and of the receiver."""
        self.subject = self._inner = None
        self.receiver = _nobody

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have this be what is sent for a step of a coroutine; what that has begun goes on at its next."""
        outside = _innermost.get()
        _innermost.set(self._inner or self)
        try:
            yield
        finally:
            self._inner = _innermost.get()
            _innermost.set(outside)

    def is_like(self, other: Sending) -> bool:
        """Tell whether both send the same signal for the same object."""
        return (
            self.signal == other.signal
            and self.sender is other.sender
            and other.subject is not None
            and _are_same(self.subject, other.subject)
        )

    def outwards(self) -> Iterator[Sending]:
        """Yield the sends that this is nested in, the innermost first."""
        sending = self.outer
        while sending is not None:
            yield sending
            sending = sending.outer

    def __str__(self) -> str:
        return f"{self.signal} of {_label(self.subject)}"


_innermost: ContextVar[Sending | None] = ContextVar("signals_audit_sending", default=None)


def _nobody(**_named: Any) -> None:
    """Stand where no receiver runs."""


class _Within(Wrapped):
    """A receiver of a send; functions run one after the other, so that the send can tell which it is."""

    __slots__ = ("sending",)

    def __init__(self, receiver: Receiver, sending: Sending) -> None:
        self.receiver = receiver
        self.sending = sending

    def __call__(self, **named: Any) -> Any:
        self.sending.receiver = self.receiver
        return self.receiver(**named)


class _WithinAsync(_Within):
    """A coroutine among those of a send: they run at the same time, since Django 6.1 in one context."""

    __slots__ = ()

    async def __call__(self, **named: Any) -> Any:
        whole = self.sending
        part = Sending(whole.outer, whole.signal, whole.sender, whole.subject)
        part.receiver = self.receiver
        try:
            return await Steps(self._awaited(named), part.in_place)
        finally:
            part.let_go()

    async def _awaited(self, named: dict[str, Any]) -> Any:
        return await self.receiver(**named)


class _Refused(Wrapped):
    """A receiver that is not run, for it has been run for the same object too often."""

    __slots__ = ("reason",)

    def __init__(self, receiver: Receiver, reason: str) -> None:
        self.receiver = receiver
        self.reason = reason

    def __call__(self, **named: Any) -> NoReturn:
        raise SignalLoop(self.reason)


class _RefusedAsync(_Refused):
    __slots__ = ()

    async def __call__(self, **named: Any) -> NoReturn:  # type: ignore[override]
        raise SignalLoop(self.reason)


class Refusal:
    """Watches a send whose receivers are not to run; with `send_robust` they fail as any other does."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def around(self, receiver: Receiver) -> Wrapped:
        """Return what refuses to run a receiver."""
        return _Refused(receiver, self._reason)

    def around_async(self, receiver: Receiver) -> Wrapped:
        """Return what refuses to run a coroutine."""
        return _RefusedAsync(receiver, self._reason)

    def end(self, error: BaseException | None) -> None:
        """Do nothing: nothing was begun."""


class Reporter:
    """Looks for loops of one signal, and reports them."""

    def __init__(self, name: str, depth: int) -> None:
        self._name = name
        self._depth = depth

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Watch | None:
        """Watch sends that are about an object; those that go round in circles in another way."""
        subject = named.get("instance", named.get("event"))
        if subject is None:
            return None
        outer = _innermost.get()
        sending = Sending(outer, self._name, sender, subject)
        if outer is not None:
            times = sum(sending.is_like(other) for other in sending.outwards())
            if times >= self._depth:
                return self._answer(sending, times)
        _innermost.set(sending)
        return sending

    def _answer(self, sending: Sending, times: int) -> Watch:
        if times == self._depth:  # and not once more at each further turn
            _report(sending, times)
        _innermost.set(sending)
        return sending


class Stopper(Reporter):
    """Looks for loops of one signal, and stops them."""

    def _answer(self, sending: Sending, times: int) -> Watch:
        return Refusal(_report(sending, times))


def _report(sending: Sending, times: int) -> str:
    """Log and count a loop with the receiver that closes it; return the loop in words."""
    told = f"{_chain(sending)} ({times} times over)"
    if sending.outer is not None:
        figures = store.of(sending.outer.signal, receiver_name(sending.outer.receiver))
        figures.add(Measured(loops=1, loop=told))
        figures.tell(TOLD, told)
    return told


def _chain(sending: Sending) -> str:
    """Return one turn: what was sent, who sent what because of it, up to what is sent again."""
    steps = [str(sending)]
    for other in sending.outwards():
        steps += receiver_name(other.receiver), str(other)
        if sending.is_like(other):
            break
    return printable(" → ".join(reversed(steps)))[:LONGEST]


def _are_same(one: Any, other: Any) -> bool:
    """Tell whether two objects are the same one, or the same row; events tell of a row."""
    if one is other:
        return True
    if is_model(one) and is_model(other):
        return Model.__eq__(one, other) is True
    return _row(one) is not None and _row(one) == _row(other)


def _row(event: Any) -> tuple[Any, Any] | None:
    key = None if _is_lazy(event) else getattr(event, "object_id", None)
    return None if key is None else (getattr(event, "model", None), key)


def _label(subject: Any) -> str:
    if is_model(subject):
        return f"{subject._meta.label} {'(new)' if subject.pk is None else subject.pk}"
    if _is_lazy(subject):
        return type(subject).__qualname__
    return (
        f"{getattr(subject, 'label', type(subject).__qualname__)} {getattr(subject, 'object_id', '')}".strip()
    )


def _is_lazy(value: Any) -> bool:
    """Tell whether a value is loaded when it is asked anything."""
    return issubclass(type(value), LazyObject)


KINDS: Final = {"report": Reporter, "stop": Stopper}

_looking: list[tuple[Reporter, Signal]] = []


def start(chosen: Policy) -> None:
    """Look for loops from now on, as a policy says.

    What is sent for every row that is read is left out unless it is named: reading is to cost nothing.
    """
    if chosen.LOOPS not in KINDS:
        return
    for name, signal in watched_signals(chosen).items():
        if chosen.SIGNALS is None and name in OF_ROWS:
            continue
        looking = KINDS[chosen.LOOPS](name, chosen.DEPTH)
        _looking.append((looking, signal))
        watching.start_sampled(Sampled(looking, only_heard=True), [signal])


def stop() -> None:
    """Look for loops no more."""
    while _looking:
        looking, signal = _looking.pop()
        watching.stop(looking, [signal])
