"""Times, and what is made of them."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.db import connection

from .command import CLOCK, clock_of


@dataclass(frozen=True)
class Figure:
    """One variant of one case, as ratios to plain Django, and the time of an operation in microseconds."""

    case: str
    variant: str
    least: float
    middle: float
    microseconds: float


def clock() -> Callable[[], float]:
    """Return the clock to measure with."""
    if clock_of(connection.vendor, os.environ.get(CLOCK, "wall")) == "wall":
        return time.perf_counter
    return processor_time if connection.vendor == "postgresql" else time.process_time


def processor_time() -> float:
    """Return the seconds that this process and its server process on this machine have worked (Linux)."""
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + int(server.read_text().split()[0]) / 1e9


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
