"""Times, and what is made of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from django.db import connection

# With SQLite all the work is in this process, and its own time is steadier than the clock on the wall.
CLOCKS = {"sqlite": time.process_time}


@dataclass(frozen=True)
class Figure:
    """One variant of one case, as ratios to plain Django, and the time of an operation in microseconds."""

    case: str
    variant: str
    least: float
    middle: float
    microseconds: float


def clock() -> Callable[[], float]:
    """Return the clock that is steadiest on the database in use."""
    return CLOCKS.get(connection.vendor, time.perf_counter)


def settle_memory() -> None:
    """Collect now, and spare the collections to come everything that is there already."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def figure(case: str, variant: str, seconds: Sequence[float], plain: Sequence[float]) -> Figure:
    return Figure(
        case=case,
        variant=variant,
        least=min(seconds) / min(plain),
        middle=median(own / base for own, base in zip(seconds, plain, strict=True)),
        microseconds=min(seconds) * 1e6,
    )
