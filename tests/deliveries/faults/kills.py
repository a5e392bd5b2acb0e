"""Processes that are killed while they write, run hooks and deliver what others left behind."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from signals_audit import deliveries
from signals_audit.deliveries import claims
from signals_audit.models import Delivery
from tests.faults.refusals import refusal
from tests.faults.settle import settle
from tests.testapp.models import Tag

from . import audit as traces

FORKED = multiprocessing.get_context("fork")
AT_ONCE = 4
LONGEST = 0.15  # seconds that a process may live


class SurvivorError(AssertionError):
    """A process ended in another way than it should."""


def at_random(count: int) -> dict[str, Any]:
    """Kill writers and deliverers in turns, at random moments; say what became of what was written."""
    connections.close_all()
    chance, numbers = random.Random(count), itertools.count(1)
    alive = [_begun(next(numbers)) for _ in range(AT_ONCE)]
    for number in range(count):
        process = alive.pop(0)
        time.sleep(chance.uniform(0, LONGEST))
        _kill(process)
        if number < count - AT_ONCE:
            alive.append(_begun(next(numbers)))
    return verdict(count)


def _begun(number: int) -> Any:
    begun = FORKED.Event()
    process = FORKED.Process(target=_go_on, args=(number, begun), daemon=True)
    process.start()
    if not begun.wait(60):
        raise SurvivorError("A process did not begin")
    return process


def _kill(process: Any) -> None:
    process.kill()
    process.join()
    if process.exitcode != -signal.SIGKILL:
        raise SurvivorError(f"A process ended by itself: {process.exitcode}")


def _go_on(number: int, begun: Any) -> None:
    parent = os.getppid()
    connection.ensure_connection()
    begun.set()
    for turn in itertools.count():
        if os.getppid() != parent:
            return
        try:
            if number % 2:
                _write(number, turn)
            else:
                _take_over()
        except OperationalError as error:
            refusal(error)


def _write(number: int, turn: int) -> None:
    """Write a row alone, some together, and some that are taken back."""
    name = f"{number} {turn}"
    Tag.objects.create(name=name)
    with transaction.atomic():
        Tag.objects.bulk_create([Tag(name=f"{name} {letter}") for letter in "ab"])
        with transaction.atomic():
            Tag.objects.create(name=f"{name} back")
            transaction.set_rollback(True)


def _take_over() -> None:
    """Deliver as `audit_deliver` does, and take the dead for dead at once now and then."""
    for key in Delivery.objects.filter(state="pending").values_list("key", flat=True):
        claims.make_due(key, "default")  # InnoDB locks many at once in the order of another index: a deadlock
    deliveries.deliver_due("default")
    time.sleep(0.002)


def at_every_point() -> dict[str, Any]:
    """Kill a writer before its first statement, the next after it, and so on until one comes through."""
    connections.close_all()
    for point in itertools.count(1):
        process = FORKED.Process(target=_write_until, args=(point,), daemon=True)
        process.start()
        process.join()
        if process.exitcode == 0:
            return verdict(point - 1)
        if process.exitcode != -signal.SIGKILL:
            raise SurvivorError(f"Point {point}: a process ended by itself: {process.exitcode}")
    raise SurvivorError("There is always one more point")


def _write_until(point: int) -> None:
    connection.ensure_connection()
    _arm(point)
    Tag.objects.create(name=f"point {point}")
    with transaction.atomic():
        Tag.objects.bulk_create([Tag(name=f"point {point} {letter}") for letter in "ab"])
    connections.close_all()


def _arm(point: int) -> None:
    """Have this process die at a point: around statements, COMMITs, and what the hook does outside."""
    points = itertools.count(1)

    def pass_point() -> None:
        if next(points) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(work: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **named: Any) -> Any:
            pass_point()
            result = work(*arguments, **named)
            pass_point()
            return result

        return guarded

    connection.execute_wrappers.append(lambda execute, *arguments: around(execute)(*arguments))
    connection._commit = around(connection._commit)  # type: ignore[attr-defined]
    traces.FILE.__class__.open = around(traces.FILE.__class__.open)  # type: ignore[method-assign]


def verdict(count: int) -> dict[str, Any]:
    """Deliver all that is left, as long as it takes, and compare what was written with what was done."""
    settle()
    while True:
        Delivery.objects.filter(state__in=("pending", "running")).update(due_at=timezone.now())
        if not deliveries.deliver_due("default", limit=100).count:
            break
    written = set(Tag.objects.values_list("pk", flat=True))
    rows, lines = traces.rows(), traces.lines()
    return {
        "kills": count,
        "written": len(written),
        "lost": len([pk for pk in written if not rows[pk] or not lines[pk]]),
        "phantoms": len((rows.keys() | lines.keys()) - written),
        "rows_twice": sum(times - 1 for times in rows.values()),
        "lines_twice": sum(times - 1 for times in lines.values()),
        "not_done": Delivery.objects.exclude(state="done").count(),
        "deliveries": Delivery.objects.count(),
    }
