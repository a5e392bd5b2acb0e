"""Measuring in rounds: each runs every variant once, so that a busy moment hits all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from django.db import connection, transaction

from signals_audit.capture import seams
from signals_audit.models import AuditEntry, ChangeSet

from .cases import Case
from .hand import HandWritten

# With SQLite all the work is in this process, and its own time is steadier than the clock on the wall.
CLOCKS = {"sqlite": time.process_time}


Step = Callable[[Any], Any]


@dataclass(frozen=True)
class Figure:
    """One variant of one case, as ratios to plain Django, and the time of an operation in microseconds."""

    case: str
    variant: str
    least: float
    middle: float
    microseconds: float


class WrongCountError(AssertionError):
    """A variant did not make the entries that it should: its time would mean nothing."""


@contextmanager
def without_the_app() -> Iterator[None]:
    """Take every seam out of Django."""
    seams.remove()
    try:
        yield
    finally:
        seams.install()


def surroundings(variant: str) -> AbstractContextManager[None]:
    return without_the_app() if variant in ("plain", "hand") else nullcontext()


def step_of(case: Case, variant: str, *, autocommit: bool) -> Step:
    """Return the operation as a function of one item."""
    step = partial(case.step, case.models[variant])
    if variant != "hand" or case.entry is None:
        return step
    entry, written = case.entry, HandWritten()

    def step_and_note(item: Any) -> None:
        instance = step(item)
        if instance is not None:
            written.note(instance, *entry(instance))

    return transaction.atomic(step_and_note) if autocommit else step_and_note


def timed(case: Case, variant: str, count: int, *, autocommit: bool) -> float:
    """Run one variant once, and return the seconds that an operation took."""
    items, step = ready(case, variant, count, autocommit=autocommit)
    clock = CLOCKS.get(connection.vendor, time.perf_counter)
    with surroundings(variant), nullcontext() if autocommit else transaction.atomic():
        step(items.pop())
        _settle_memory()
        start = clock()
        for item in items:
            step(item)
        seconds = (clock() - start) / len(items)
        check(case, variant, len(items) + 1)
        if not autocommit:
            transaction.set_rollback(True)
    return seconds


def _settle_memory() -> None:
    """Collect now, and spare the collections to come everything that is there already."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def ready(case: Case, variant: str, count: int, *, autocommit: bool) -> tuple[list[Any], Step]:
    """Make the rows that a variant works on; one item more than is measured, to warm up with."""
    model = case.models[variant]
    with without_the_app():
        case.prepare(model, count + 1)
    with surroundings(variant):
        items = list(case.prepare(model, count + 1))  # the rows are there now, and loaded as usual
    with without_the_app():
        forget()
    return items, step_of(case, variant, autocommit=autocommit)


def forget() -> None:
    """Empty the log."""
    for model in (AuditEntry, ChangeSet):
        model._base_manager.all()._raw_delete("default")


def check(case: Case, variant: str, operations: int) -> None:
    expected = 0 if variant in ("plain", "unaudited") else operations * case.entries
    found = AuditEntry.objects.count()
    if found != expected:
        raise WrongCountError(f"{case.name}, {variant}: {found} entries, {expected} expected")


def measure(case: Case, *, rounds: int, count: int, autocommit: bool) -> list[Figure]:
    """Return the figures of every variant of a case."""
    times: dict[str, list[float]] = {variant: [] for variant in case.models}
    variants = list(times)
    for number in range(rounds):
        turn = number % len(variants)
        for variant in variants[turn:] + variants[:turn]:
            times[variant].append(timed(case, variant, count, autocommit=autocommit))
    return [figure(case, variant, times[variant], times["plain"]) for variant in variants]


def figure(case: Case, variant: str, seconds: Sequence[float], plain: Sequence[float]) -> Figure:
    return Figure(
        case=case.name,
        variant=variant,
        least=min(seconds) / min(plain),
        middle=median(own / base for own, base in zip(seconds, plain, strict=True)),
        microseconds=min(seconds) * 1e6,
    )
