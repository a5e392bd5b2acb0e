"""Coroutines that run side by side in one context, each of them with something of its own around it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from typing import Any


class Steps:
    """An awaitable that runs a coroutine, each of its steps within a block.

    What a coroutine sets in a context variable is seen by those beside it when they share a context, as all
    coroutines do that Django 6.1 runs for a send. What is set for one step, and taken back after it, is not.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, Any], around: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self._coroutine, self._around = coroutine, around

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[Any], Any] = self._coroutine.send
        given: Any = None
        while True:
            with self._around():
                try:
                    waits_for = step(given)
                except StopIteration as end:
                    return end.value
            try:
                given, step = (yield waits_for), self._coroutine.send
            except BaseException as error:
                given, step = error, self._coroutine.throw
