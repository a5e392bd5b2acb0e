"""Tracing a block: which signals it sends, by whom, in which order, who hears of them and for how long.

with trace_signals("pre_save", "post_save") as trace:
    comment.save()
trace.assert_sent("post_save", sender=Comment, times=1, created=True)
print(trace)
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.apps import apps
from django.dispatch import Signal

from ..exceptions import AuditError
from . import watching
from .cycles import Cycle, cycles_in
from .differences import argument, how_often, told_lists, told_sends, wanted_text
from .named import NamedSignal, name_of, named_signals, signal_named
from .receivers import receiver_name
from .recording import Recording
from .seams import Receiver
from .sends import Called, Sent, described
from .trees import tree

__all__ = ["Called", "Cycle", "NotTraced", "Sent", "Trace", "trace_signals"]


class Anyone(enum.Enum):
    """Stands for a sender that does not matter; None is one that does."""

    ANYONE = "anyone"


ANYONE = Anyone.ANYONE
OWN: Final = __name__.partition(".")[0] + "."


class NotTraced(AuditError):
    """A trace was asked about a signal that it does not look at."""


@contextmanager
def trace_signals(*signals: str | Signal) -> Iterator[Trace]:
    """Trace what a block sends: of the given signals, by name or themselves, or of all that are known.

    What other threads and tasks send at the same time is left out. The trace can be asked during the block,
    and after it; it holds on to the arguments that were sent, and to what was raised.
    """
    found = map(_named, signals) if signals else named_signals()
    named = {id(one.signal): one for one in found}
    recording = Recording({key: one.name for key, one in named.items()})
    traced = [one.signal for one in named.values()]
    with recording.opened():
        try:
            watching.start(recording, traced)
            yield Trace(tuple(named.values()), recording)
        finally:
            watching.stop(recording, traced)


def _named(signal: str | Signal) -> NamedSignal:
    if isinstance(signal, str):
        return signal_named(signal)
    known = next((one for one in named_signals() if one.signal is signal), None)
    return known or NamedSignal(name_of(signal), type(signal).__module__, signal)


class Trace:
    """What was sent in a block."""

    def __init__(self, signals: tuple[NamedSignal, ...], recording: Recording) -> None:
        self.signals = signals
        self._recording = recording

    @property
    def sent(self) -> tuple[Sent, ...]:
        """All sends in order, those that receivers made among them."""
        return self._recording.sent()

    def find(self, signal: str | Signal, *, sender: Any = ANYONE, **arguments: Any) -> list[Sent]:
        """Return the sends of a signal that are as described; a model may be named by its label."""
        sender = self._sender(sender)
        return [one for one in self._of(signal) if _is_from(one, sender) and _is_given(one, arguments)]

    def assert_sent(
        self, signal: str | Signal, *, sender: Any = ANYONE, times: int | None = None, **arguments: Any
    ) -> list[Sent]:
        """Return the sends that are as described; fail if there are none, or not as many as said.

        Arguments that are not named do not matter.
        """
        __tracebackhide__ = True
        found = self.find(signal, sender=sender, **arguments)
        if (len(found) != times) if times is not None else not found:
            expected = "at least once" if times is None else how_often(times)
            raise AssertionError(self._difference(signal, sender, arguments, expected, found))
        return found

    def assert_not_sent(self, signal: str | Signal, *, sender: Any = ANYONE, **arguments: Any) -> None:
        """Fail if there is a send that is as described."""
        __tracebackhide__ = True
        self.assert_sent(signal, sender=sender, times=0, **arguments)

    def assert_order(self, *signals: str | Signal, sender: Any = ANYONE) -> None:
        """Fail unless exactly these sends were made of the signals that are named, in this order."""
        __tracebackhide__ = True
        sender = self._sender(sender)
        named = [self._traced(signal) for signal in signals]
        ids = {id(one.signal) for one in named}
        found = [one for one in self.sent if id(one.signal) in ids and _is_from(one, sender)]
        if [id(one.signal) for one in found] != [id(one.signal) for one in named]:
            wanted, were = [one.name for one in named], [one.name for one in found]
            raise AssertionError(told_lists("The signals were sent in another order", wanted, were))

    def assert_receivers(
        self, signal: str | Signal, *receivers: str | Receiver, sender: Any = ANYONE
    ) -> None:
        """Fail unless each send of a signal called exactly these receivers, in this order.

        They are given by their dotted names, or themselves. Those of this package need not be named.
        """
        __tracebackhide__ = True
        found = self.assert_sent(signal, sender=sender)
        wanted = [one if isinstance(one, str) else receiver_name(one) for one in receivers]
        for sent in found:
            called = [one.name for one in sent.receivers if one.name in wanted or not _is_own(one)]
            if called != wanted:
                raise AssertionError(told_lists(f"{described(sent)} called others", wanted, called))

    def cycles(self) -> tuple[Cycle, ...]:
        """Return the loops: signals that were sent for an object by receivers of the same."""
        return cycles_in(self.sent)

    def lines(self) -> list[str]:
        """Return what was sent as lines of text: numbered, and indented by what was sent within what."""
        return list(tree(self.sent))

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _of(self, signal: str | Signal) -> list[Sent]:
        traced = self._traced(signal)
        return [one for one in self.sent if one.signal is traced.signal]

    def _traced(self, signal: str | Signal) -> NamedSignal:
        """Return a signal of the trace; raise NotTraced rather than say that it was not sent."""
        named = _named(signal)
        if any(one.signal is named.signal for one in self.signals):
            return named
        raise NotTraced(f"This trace does not look at {named.name}: name it in trace_signals().")

    def _sender(self, sender: Any) -> Any:
        """Return a sender; a label has to be that of a model, or of something that did send."""
        if isinstance(sender, str) and all(one.sender_label != sender for one in self.sent):
            return apps.get_model(sender) if sender.count(".") == 1 else sender
        return sender

    def _difference(
        self, signal: str | Signal, sender: Any, arguments: dict[str, Any], expected: str, found: list[Sent]
    ) -> str:
        of_anyone = None if sender is ANYONE else (sender,)
        wanted = wanted_text(self._traced(signal).name, of_anyone, arguments)
        return told_sends(wanted, expected, found, self._of(signal), self.sent)


def _is_own(called: Called) -> bool:
    return called.name.startswith(OWN)


def _is_from(sent: Sent, sender: Any) -> bool:
    return sender is ANYONE or sent.sender is sender or sent.sender_label == sender


def _is_given(sent: Sent, arguments: dict[str, Any]) -> bool:
    return all(
        (value := argument(sent, name)) is expected or _are_equal(value, expected)
        for name, expected in arguments.items()
    )


def _are_equal(value: Any, expected: Any) -> bool:
    """Tell whether values are equal; those of arrays and the like have no answer that is true or false."""
    try:
        return bool(value == expected)
    except Exception:  # a class of the project's
        return False
