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

from django.db import connection, connections, transaction
from django.db.models import Model

from signals_audit import disabled
from signals_audit.capture import seams
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.triggers import handover

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


@contextmanager
def told_who_acts() -> Iterator[None]:
    """Have the connection tell triggers who acts; no other variant is slowed by it."""
    used = connections[connection.alias]
    tells = handover.of(used)
    try:
        yield
    finally:
        used.execute_wrappers.remove(tells)  # type: ignore[arg-type]
        del used.__dict__[handover.ATTRIBUTE]


@contextmanager
def without_entries() -> Iterator[None]:
    """Have rows made that nobody records, the triggers neither."""
    with told_who_acts(), disabled(), without_the_app():
        yield


def surroundings(variant: str) -> AbstractContextManager[None]:
    if variant == "triggers":
        return told_who_acts()
    return without_the_app() if variant in ("plain", "hand") else nullcontext()


def step_of(case: Case, variant: str, *, autocommit: bool) -> Step:
    """Return the operation as a function of one item."""
    step = partial(case.step, case.models[variant])
    if variant != "hand":
        return step
    written = HandWritten()

    def step_and_note(item: Any) -> None:
        instance = step(item)
        if instance is not None and case.entry is not None:
            written.note(instance, *case.entry(instance))

    def step_between_notes(item: Any) -> None:
        with case.around(written, case.models[variant], item):  # type: ignore[misc]
            step(item)

    by_hand = step_between_notes if case.around is not None else step_and_note
    return transaction.atomic(by_hand) if autocommit else by_hand


def timed(case: Case, variant: str, count: int, *, autocommit: bool) -> float:
    """Run one variant once, and return the seconds that an operation took."""
    items, step = ready(case, variant, operations(case, count), autocommit=autocommit)
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


def operations(case: Case, count: int) -> int:
    """Return how many operations are measured in a round."""
    return count if case.rows == 1 else min(count, case.most)


def ready(case: Case, variant: str, count: int, *, autocommit: bool) -> tuple[list[Any], Step]:
    """Make the rows that a variant works on; for one operation more than is measured, to warm up with."""
    model, rows = case.models[variant], (count + 1) * case.rows
    with without_entries():
        case.prepare(model, rows)
    with surroundings(variant):
        items = list(case.prepare(model, rows))  # the rows are there now, and loaded as usual
    if case.rows > 1:
        items = [items[start : start + case.rows] for start in range(0, rows, case.rows)]
    with without_the_app():
        forget()
        tidy_up(model)
    return items, step_of(case, variant, autocommit=autocommit)


def forget() -> None:
    """Empty the log."""
    models = (AuditEntry, ChangeSet)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in models)}")
    else:
        for model in models:
            model._base_manager.all()._raw_delete("default")


def tidy_up(model: type[Model]) -> None:
    """Have PostgreSQL take away what was rolled back, and know how many rows there are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {model._meta.db_table}")


def check(case: Case, variant: str, operations: int) -> None:
    expected = 0 if variant in ("plain", "unaudited") else operations * case.rows * case.entries
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
