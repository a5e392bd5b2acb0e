"""Measure other audit packages beside ours, as ratios to plain Django in the same run."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ..command import CLOCK, VARIABLE, VENDORS, add_clock, clock_of
from .comparing import Comparison, lineup
from .environment import environment, versions
from .known import NEIGHBOURS, NOTHING, OURS, Neighbour
from .tables import compare
from .workers import Worker, working


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.neighbours", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help="only these cases, by name")
    parser.add_argument("--database", choices=VENDORS, default=os.environ.get(VARIABLE, "sqlite"))
    parser.add_argument("--environment", metavar="FOLDER", help="install there, and keep it")
    parser.add_argument("--django", default="Django~=5.2.0", metavar="REQUIREMENT")
    parser.add_argument("--here", action="store_true", help="install nothing: measure what is here already")
    names = [neighbour.name for neighbour in NEIGHBOURS]
    parser.add_argument("--only", nargs="*", choices=names, help="only these neighbours")
    parser.add_argument("--rounds", type=int, default=7, help="besides one to warm up")
    parser.add_argument("--count", type=int, default=100, help="operations in each round")
    parser.add_argument("--mode", choices=["transaction", "autocommit", "both"], default="transaction")
    add_clock(parser)
    parser.add_argument("--quick", action="store_true", help="one round of a few: does it still work?")
    return parser.parse_args()


def wanted(chosen: argparse.Namespace) -> list[Neighbour]:
    named = [neighbour for neighbour in NEIGHBOURS if not chosen.only or neighbour.name in chosen.only]
    fitting = [neighbour for neighbour in named if chosen.database in neighbour.vendors]
    if not chosen.here:
        return fitting
    return [neighbour for neighbour in fitting if all(map(find_spec, neighbour.installed))]


@contextmanager
def python_for(chosen: argparse.Namespace, packages: list[str]) -> Iterator[Path]:
    if chosen.here:
        yield Path(sys.executable)
        return
    with environment(chosen.environment, packages, django=chosen.django, vendor=chosen.database) as python:
        yield python


def main() -> None:
    chosen = options()
    os.environ[VARIABLE] = chosen.database
    os.environ[CLOCK] = chosen.clock
    names = [neighbour.name for neighbour in wanted(chosen)]
    with python_for(chosen, names) as python:
        clock = clock_of(chosen.database, chosen.clock)
        print(f"Python {platform.python_version()}, {chosen.database}, clock: {clock}", end="")
        print(*(f", {name} {version}" for name, version in versions(python, names).items()), sep="")
        with working(python, [NOTHING.name, OURS, *names]) as workers:
            run(workers, chosen)


def run(workers: Mapping[str, Worker], chosen: argparse.Namespace) -> None:
    known = {case["name"]: case for case in workers[OURS].tells["cases"]}
    unknown = [name for name in chosen.cases if name not in known]
    if unknown:
        sys.exit(f"There is no case {', '.join(unknown)}; there are: {', '.join(known)}.")
    cases = [known[name] for name in chosen.cases or known]
    print("Ratio to plain Django: least/least (median of rounds). Where there are not as many entries as")
    print("changes stands how many there are, in the place of the median.")
    comparison = Comparison(
        contenders=lineup(workers),
        plain=workers[NOTHING.name],
        rounds=1 if chosen.quick else chosen.rounds,
        count=chosen.count,
        is_quick=chosen.quick,
    )
    for mode in ("transaction", "autocommit"):
        if chosen.mode in (mode, "both"):
            compare(comparison, cases, vendor=chosen.database, autocommit=mode == "autocommit")


if __name__ == "__main__":
    main()
