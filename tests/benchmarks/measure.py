"""Measuring in rounds: each runs every variant once, so that a busy moment hits all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from django.db import connection, connections, transaction

from signals_audit import disabled
from signals_audit.capture import seams
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.triggers import handover

from .cases import Case
from .database import empty, tidy_up
from .figures import Figure, clock, figure, settle_memory
from .hand import HandWritten
from .twins import models_for

Step = Callable[[Any], Any]


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
    with told_who_acts(), disabled():
        yield


def surroundings(variant: str) -> AbstractContextManager[None]:
    if variant == "triggers":
        return told_who_acts()
    return without_the_app() if variant in ("plain", "hand") else nullcontext()


def step_of(case: Case, variant: str, *, autocommit: bool) -> Step:
    """Return the operation as a function of one item."""
    model = models_for(case)[variant]
    step = partial(case.step, model)
    if variant != "hand":
        return step
    written = HandWritten()

    def step_and_note(item: Any) -> None:
        instance = step(item)
        if instance is not None and case.entry is not None:
            written.note(instance, *case.entry(instance))

    def step_between_notes(item: Any) -> None:
        with case.around(written, model, item):  # type: ignore[misc]
            step(item)

    by_hand = step_between_notes if case.around is not None else step_and_note
    return transaction.atomic(by_hand) if autocommit else by_hand


def timed(case: Case, variant: str, count: int, *, autocommit: bool) -> float:
    """Run one variant once, and return the seconds that an operation took."""
    items, step = ready(case, variant, operations(case, count), autocommit=autocommit)
    with surroundings(variant), nullcontext() if autocommit else transaction.atomic():
        step(items.pop())
        settle_memory()
        now = clock()
        start = now()
        for item in items:
            step(item)
        seconds = (now() - start) / len(items)
        check(case, variant, len(items) + 1)
        if not autocommit:
            transaction.set_rollback(True)
    return seconds


def operations(case: Case, count: int) -> int:
    """Return how many operations are measured in a round."""
    return count if case.rows == 1 else min(count, case.most)


def ready(case: Case, variant: str, count: int, *, autocommit: bool) -> tuple[list[Any], Step]:
    """Make the rows that a variant works on; for one operation more than is measured, to warm up with."""
    model, rows = models_for(case)[variant], (count + 1) * case.rows
    with without_entries():
        case.prepare(model, rows)
    with surroundings(variant):
        items = list(case.prepare(model, rows))  # the rows are there now, and loaded as usual
    if case.rows > 1:
        items = [items[start : start + case.rows] for start in range(0, rows, case.rows)]
    with without_the_app():
        empty(AuditEntry, ChangeSet)
        tidy_up(model)
    return items, step_of(case, variant, autocommit=autocommit)


def check(case: Case, variant: str, operations: int) -> None:
    expected = 0 if variant in ("plain", "unaudited") else operations * case.rows * case.entries
    found = AuditEntry.objects.count()
    if found != expected:
        raise WrongCountError(f"{case.name}, {variant}: {found} entries, {expected} expected")


def measure(case: Case, *, rounds: int, count: int, autocommit: bool) -> list[Figure]:
    """Return the figures of every variant of a case."""
    times: dict[str, list[float]] = {variant: [] for variant in models_for(case)}
    variants = list(times)
    for number in range(rounds):
        turn = number % len(variants)
        for variant in variants[turn:] + variants[:turn]:
            times[variant].append(timed(case, variant, count, autocommit=autocommit))
    return [figure(case.name, variant, times[variant], times["plain"]) for variant in variants]
