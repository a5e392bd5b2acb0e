"""Where functions of ours stand in for methods of signals, and what they call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.dispatch import Signal

from . import seams

Settle = Callable[[Signal, str, Callable[..., Any]], None]


class Place:
    """Where a function of ours stands: what it calls, and how often that is watched."""

    __slots__ = ("_name", "_signal", "only_heard", "other", "plain", "rate")

    def __init__(self, signal: Signal, name: str) -> None:
        self._signal, self._name = signal, name
        self.plain = seams.plain(signal, name)
        self.rate, self.only_heard = 0.0, False
        self.other = seams.others(signal).get(name)

    def retire(self, ours: Callable[..., Any], settle: Settle) -> None:
        """Have nothing watched any more: whoever has replaced a function of ours may hold it and call it.

        When it is put back, `settle` has it make way for what belongs there.
        """
        signal, name, other = self._signal, self._name, self.other

        def plain(*args: Any, **named: Any) -> Any:
            if not seams.stands(signal, name, ours):
                return (other or seams.method(signal, name))(*args, **named)
            settle(signal, name, ours)
            return getattr(signal, name)(*args, **named)

        seams.retire(ours, other)
        self.plain, self.rate, self.only_heard = plain, -1.0, False
