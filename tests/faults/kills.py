"""Processes that are killed while they write: at random moments, and at every boundary of a statement."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.db import OperationalError, connection, connections

from .doomed import Doomed
from .refusals import refusal
from .running import BETWEEN

FORKED = multiprocessing.get_context("fork")
AT_ONCE = 4
LONGEST = 0.12  # seconds that a process may write
PAUSE = 0.001  # seconds between its writes: whoever waits for SQLite's lock looks only now and then


class SurvivorError(AssertionError):
    """A process ended in another way than it should."""


def at_random(kills: int) -> dict[str, Any]:
    """Kill processes at random moments, several at work at a time; return what each was doing."""
    connections.close_all()
    numbers, chance = itertools.count(1), random.Random(kills)
    alive = [_Victim(next(numbers)) for _ in range(AT_ONCE)]
    during: Counter[str] = Counter()
    for number in range(kills):
        victim = alive.pop(0)
        during[victim.kill_after(chance.uniform(0, LONGEST))] += 1
        if number < kills - AT_ONCE:
            alive.append(_Victim(next(numbers)))
    return {"kills": kills, "during": dict(during)}


class _Victim:
    """A process that writes until it is killed, and says when it has begun and what it is doing."""

    def __init__(self, number: int) -> None:
        self._begun, self._doing = FORKED.Event(), FORKED.Array("c", 50, lock=False)
        arguments = (number, self._begun, self._doing)
        self._process = FORKED.Process(target=_write_until_killed, args=arguments, daemon=True)
        self._process.start()

    def kill_after(self, seconds: float) -> str:
        if not self._begun.wait(30):
            raise SurvivorError("A writer did not begin")
        time.sleep(seconds)
        self._process.kill()
        self._process.join()
        if self._process.exitcode != -signal.SIGKILL:
            raise SurvivorError(f"A writer ended by itself: {self._process.exitcode}")
        return str(self._doing.value.decode()) or BETWEEN


def _write_until_killed(number: int, begun: Any, doing: Any) -> None:
    doomed, parent, chance = Doomed(number), os.getppid(), random.Random(number)
    begun.set()
    while os.getppid() == parent:
        form = chance.choice(doomed.FORMS)
        doing.value = form.encode()
        try:
            getattr(doomed, form)()
        except OperationalError as error:
            refusal(error)  # raises it again, unless it is one that a caller has to live with
        doing.value = b""
        time.sleep(PAUSE)


def at_every_point() -> dict[str, Any]:
    """Kill a process before the first statement of a form, the next after it, and so on; for every form."""
    connections.close_all()
    numbers = itertools.count(1)
    return {"kills": {form: _kill_at_every_point_of(form, numbers) for form in Doomed.FORMS}}


def _kill_at_every_point_of(form: str, numbers: Iterator[int]) -> int:
    for point in itertools.count(1):
        process = FORKED.Process(target=_write_until_point, args=(next(numbers), form, point), daemon=True)
        process.start()
        process.join()
        if process.exitcode == 0:
            return point - 1
        if process.exitcode != -signal.SIGKILL:
            raise SurvivorError(f"{form}, point {point}: a writer ended by itself: {process.exitcode}")
    raise SurvivorError("There is always one more point")


def _write_until_point(number: int, form: str, point: int) -> None:
    doomed = Doomed(number)
    for prepare in (doomed.bulk_create, doomed.add_tag):
        prepare()
    _arm(point)
    getattr(doomed, form)()
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
