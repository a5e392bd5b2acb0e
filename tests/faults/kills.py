"""Processes that are killed while they write: at random moments, and at every boundary of a statement."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from .work import Doomed

FORKED = multiprocessing.get_context("fork")
AT_ONCE = 4
LONGEST = 0.06  # seconds that a process may write
PAUSE = 0.002  # seconds between its writes: whoever waits for SQLite's lock looks only now and then


class SurvivorError(AssertionError):
    """A process ended in another way than it should."""


def at_random(kills: int) -> dict[str, int]:
    """Kill processes at random moments, several at work at a time."""
    connections.close_all()
    numbers, chance = itertools.count(1), random.Random(kills)
    alive = [_Victim(next(numbers)) for _ in range(AT_ONCE)]
    for number in range(kills):
        victim = alive.pop(0)
        victim.kill_after(chance.uniform(0, LONGEST))
        if number < kills - AT_ONCE:
            alive.append(_Victim(next(numbers)))
    return {"kills": kills}


class _Victim:
    """A process that writes until it is killed, and says when it has begun."""

    def __init__(self, number: int) -> None:
        self._begun = FORKED.Event()
        self._process = FORKED.Process(target=_write_until_killed, args=(number, self._begun), daemon=True)
        self._process.start()

    def kill_after(self, seconds: float) -> None:
        if not self._begun.wait(30):
            raise SurvivorError("A writer did not begin")
        time.sleep(seconds)
        self._process.kill()
        self._process.join()
        if self._process.exitcode != -signal.SIGKILL:
            raise SurvivorError(f"A writer ended by itself: {self._process.exitcode}")


def _write_until_killed(number: int, begun: Any) -> None:
    doomed, parent = Doomed(number), os.getppid()
    begun.set()
    while os.getppid() == parent:
        doomed.step()
        time.sleep(PAUSE)


def at_every_point() -> dict[str, int]:
    """Kill a process before its first statement, the next after it, and so on until one comes through."""
    connections.close_all()
    for point in itertools.count(1):
        process = FORKED.Process(target=_write_until_point, args=(point,), daemon=True)
        process.start()
        process.join()
        if process.exitcode == 0:
            return {"kills": point - 1}
        if process.exitcode != -signal.SIGKILL:
            raise SurvivorError(f"Point {point}: a writer ended by itself: {process.exitcode}")
    raise SurvivorError("There is always one more point")


def _write_until_point(point: int) -> None:
    connection.ensure_connection()
    _arm(point)
    for step in Doomed(1_000_000 + point).steps():
        step()
    connections.close_all()


def _arm(point: int) -> None:
    """Have this process die at a point; each statement and each COMMIT has one before it and one after it."""
    points = itertools.count(1)

    def pass_point() -> None:
        if next(points) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(work: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any) -> Any:
            pass_point()
            result = work(*arguments)
            pass_point()
            return result

        return guarded

    connection.execute_wrappers.append(lambda execute, *arguments: around(execute)(*arguments))
    connection._commit = around(connection._commit)  # type: ignore[attr-defined]
