"""Several processes that write to the same rows at the same time."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connections

from .refusals import refusal
from .work import Writer

FORKED = multiprocessing.get_context("fork")


def run(processes: int, turns: int, forms: Sequence[str]) -> dict[str, int]:
    """Have processes go through forms of write in turns, and count what was committed and what refused."""
    connections.close_all()
    start, results = FORKED.Barrier(processes), FORKED.SimpleQueue()
    writers = [
        FORKED.Process(target=_write, args=(number, turns, forms, start, results), daemon=True)
        for number in range(processes)
    ]
    for writer in writers:
        writer.start()
    total: Counter[str] = Counter()
    for _ in writers:
        total.update(results.get())
    for writer in writers:
        writer.join()
    return dict(total)


def _write(number: int, turns: int, forms: Sequence[str], start: Any, results: Any) -> None:
    done: Counter[str] = Counter()
    try:
        writer = Writer(number)
        start.wait()
        for _ in range(turns):
            for form in forms:
                done[_outcome(writer, form)] += 1
    except BaseException as error:
        done[f"failed: {error!r}"] += 1
        raise
    finally:
        connections.close_all()
        results.put(done)


def _outcome(writer: Writer, form: str) -> str:
    """Return the form's name when it was committed, else why not."""
    try:
        getattr(writer, form)()
    except OperationalError as error:
        return refusal(error)
    return form
