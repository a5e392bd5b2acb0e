"""Several processes that write to the same rows at the same time."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connections

from .refusals import refusal
from .work import Writer

FORKED = multiprocessing.get_context("fork")
ATTEMPTS = 500
REST = 0.01  # seconds at most, before another attempt


def run(
    processes: int, turns: int, forms: Sequence[str], attempts: int = 1
) -> tuple[Counter[str], Counter[str]]:
    """Have processes go through forms of write in turns.

    Return how often each was committed, or refused and why, and how many entries of each kind that makes.
    """
    connections.close_all()
    start, results = FORKED.Barrier(processes), FORKED.SimpleQueue()
    writers = [
        FORKED.Process(target=_write, args=(number, turns, forms, attempts, start, results), daemon=True)
        for number in range(processes)
    ]
    for writer in writers:
        writer.start()
    done, due = Counter[str](), Counter[str]()
    for _ in writers:
        for total, part in zip((done, due), results.get(), strict=True):
            total.update(part)
    for writer in writers:
        writer.join()
    return done, due


def pairs(turns: int, forms: Sequence[str]) -> dict[str, int]:
    """Have four processes go through each pair of forms in turns; return how often each pair was refused."""
    refused: dict[str, int] = {}
    for pair in itertools.combinations_with_replacement(forms, 2):
        done, _due = run(4, turns, pair)
        refused[" + ".join(pair)] = 2 * 4 * turns - sum(done[form] for form in set(pair))
    return refused


def _write(number: int, turns: int, forms: Sequence[str], attempts: int, start: Any, results: Any) -> None:
    done, due = Counter[str](), Counter[str]()
    try:
        writer = Writer(number)
        start.wait()
        for form in itertools.chain.from_iterable(itertools.repeat(forms, turns)):
            due.update(_commit(writer, form, attempts, done))
    except BaseException as error:
        done[f"failed: {error!r}"] += 1
        raise
    finally:
        connections.close_all()
        results.put((done, due))


def _commit(writer: Writer, form: str, attempts: int, done: Counter[str]) -> dict[str, int]:
    """Write until it is committed, or there are no attempts left; count both."""
    for _ in range(attempts):
        try:
            due: dict[str, int] = getattr(writer, form)()
        except OperationalError as error:
            done[refusal(error)] += 1
            time.sleep(random.uniform(0, REST))
        else:
            done[form] += 1
            return due
    return {}
