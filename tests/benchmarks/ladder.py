"""What the steps of an audited write cost that nobody can leave out, each on top of those before it.

The code is made for one model and does nothing else. Who reads what the database holds, keeps types apart,
knows who acts and tells of it, in Python, is not below the last rung.
"""

# ruff: noqa: T201 - the table is for people
from __future__ import annotations

import argparse
import os

import django

from .command import CLOCK, VARIABLE, VENDORS, add_clock


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ladder", description=__doc__)
    parser.add_argument("--database", choices=VENDORS, default=os.environ.get(VARIABLE, "sqlite"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=200, help="operations in each round")
    add_clock(parser)
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ[VARIABLE] = chosen.database
    os.environ[CLOCK] = chosen.clock
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from .database import database
    from .measure import without_the_app
    from .rungs import RUNGS, WRITES, seconds

    print(*(f"{rung:10}{words}" for rung, words in RUNGS.items()), sep="\n")
    print(f"\n{chosen.database}, least over least{''.join(f'{rung:>10}' for rung in RUNGS)}")
    with database(), without_the_app():
        for write in WRITES:
            times: dict[str, list[float]] = {rung: [] for rung in RUNGS}
            for _round in range(chosen.rounds):
                for rung, taken in times.items():
                    taken.append(seconds(write, rung, chosen.count))
            ratios = (min(taken) / min(times["plain"]) for taken in times.values())
            print(f"{write:24}" + "".join(f"{ratio:10.2f}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()
