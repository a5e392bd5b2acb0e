"""Measuring receivers while signals are sent: how often, how long, and what they raise.

Nothing is installed while nothing is measured. A receiver that was connected weakly dies as if nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import perf_counter
from types import MethodType
from typing import Any
from weakref import WeakKeyDictionary, ref

from django.dispatch import Signal

from . import watching
from .databases import connections_here
from .figures import FULL, Figures, Measured, Measuring, store
from .policy import OF_ROWS, Policy, watched_signals
from .receivers import receiver_name
from .seams import Receiver
from .watching import Sampled, Wrapped


class Timed(Wrapped):
    """A receiver that is measured, for as long as one send takes."""

    __slots__ = ("figures",)

    def __init__(self, receiver: Receiver, figures: Figures) -> None:
        self.receiver = receiver
        self.figures = figures

    def __call__(self, **named: Any) -> Any:
        # Written out here and below: one more function would be a tenth of what measuring costs.
        began = perf_counter()
        try:
            answer = self.receiver(**named)
        except BaseException as error:
            self.figures.failed(perf_counter() - began, error)
            raise
        spent = perf_counter() - began
        figures = self.figures
        times = figures.times
        times.append(spent)
        if spent >= figures.slow_from or len(times) >= FULL:
            figures.look(spent)
        return answer


class TimedAsync(Timed):
    """A coroutine that is measured, from its start to its end."""

    __slots__ = ()

    async def __call__(self, **named: Any) -> Any:
        began = perf_counter()
        try:
            answer = await self.receiver(**named)
        except BaseException as error:
            self.figures.failed(perf_counter() - began, error)
            raise
        spent = perf_counter() - began
        figures = self.figures
        times = figures.times
        times.append(spent)
        if spent >= figures.slow_from or len(times) >= FULL:
            figures.look(spent)
        return answer


class TimedAsking(Timed):
    """A receiver that is measured, and whose queries are counted."""

    __slots__ = ()

    def __call__(self, **named: Any) -> Any:
        with _counted_queries(self.figures):
            return super().__call__(**named)


@contextmanager
def _counted_queries(figures: Figures) -> Iterator[None]:
    """Add the queries of this thread on all databases; connections that are not open yet count as well."""
    queries = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    with ExitStack() as counting:
        for connection in connections_here():
            counting.enter_context(connection.execute_wrapper(count))
        try:
            yield
        finally:
            if queries:
                figures.add(Measured(queries=queries))


class Statistician:
    """Measures the receivers of one signal: who watches it, and what watches each of its sends, in one.

    What is known of a receiver is found by its id, as long as it lives; methods are made anew for each call,
    and found by their class.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._timed = TimedAsking if name in OF_ROWS else Timed
        self._by_id: dict[int, Figures] = {}
        self._living: dict[int, ref[Any]] = {}
        self._methods: WeakKeyDictionary[type[Any], dict[str, Figures]] = WeakKeyDictionary()

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> Statistician:
        """Watch every send."""
        return self

    def around(self, receiver: Receiver) -> Wrapped:
        """Return a receiver that is measured."""
        try:
            return self._timed(receiver, self._by_id[id(receiver)])
        except KeyError:
            return self._timed(receiver, self._figures_of(receiver))

    def around_async(self, receiver: Receiver) -> Wrapped:
        """Return a coroutine that is measured."""
        return TimedAsync(receiver, self._figures_of(receiver))

    def end(self, error: BaseException | None) -> None:
        """Do nothing: every receiver was measured on its own."""

    def _figures_of(self, receiver: Receiver) -> Figures:
        if isinstance(receiver, MethodType):
            return self._figures_of_method(receiver)
        figures = self._by_id.get(id(receiver))
        if figures is None:
            figures = store.of(self._name, receiver_name(receiver))
            self._remember(receiver, figures)
        return figures

    def _figures_of_method(self, method: MethodType) -> Figures:
        owner = method.__self__ if isinstance(method.__self__, type) else type(method.__self__)
        name = getattr(method.__func__, "__name__", "")
        try:
            known = self._methods.setdefault(owner, {})
        except TypeError:  # a class that has no hash
            return store.of(self._name, receiver_name(method))
        figures = known.get(name) if name else None
        if figures is None:
            figures = known[name] = store.of(self._name, receiver_name(method))
        return figures

    def _remember(self, receiver: Receiver, figures: Figures) -> None:
        number, by_id, living = id(receiver), self._by_id, self._living

        def forget(_gone: ref[Any]) -> None:
            by_id.pop(number, None)
            living.pop(number, None)

        try:
            living[number] = ref(receiver, forget)
        except TypeError:  # it cannot be told when the id is that of another one
            return
        by_id[number] = figures


_measured: list[tuple[Statistician, Signal]] = []


def start(chosen: Policy) -> None:
    """Measure from now on, as a policy says."""
    if not chosen.STATISTICS:
        return
    store.measure(Measuring(rate=chosen.STATISTICS, slow_from=chosen.SLOW))
    for name, signal in watched_signals(chosen).items():
        statistician = Statistician(name)
        _measured.append((statistician, signal))
        watching.start_sampled(Sampled(statistician, chosen.STATISTICS, only_heard=True), [signal])


def stop() -> None:
    """Measure no more."""
    while _measured:
        statistician, signal = _measured.pop()
        watching.stop(statistician, [signal])
