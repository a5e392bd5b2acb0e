"""Measure what auditing costs, as ratios to plain Django in the same run."""

from __future__ import annotations

import argparse
import os
import sys

import django

from .command import CLOCK, VARIABLE, VENDORS, add_clock


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help="only these cases, by name")
    parser.add_argument("--database", choices=VENDORS, default=os.environ.get(VARIABLE, "sqlite"))
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--count", type=int, default=200, help="operations in each round")
    parser.add_argument("--mode", choices=["transaction", "autocommit", "both"], default="both")
    add_clock(parser)
    parser.add_argument("--quick", action="store_true", help="one round of a few: do the cases still work?")
    parser.add_argument(
        "--profile", metavar="VARIANT", help="say where a variant of one case spends its time"
    )
    parser.add_argument("--lines", type=int, default=30, help="functions that --profile names")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ[VARIABLE] = chosen.database
    os.environ[CLOCK] = chosen.clock
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from .database import database
    from .profiling import profile
    from .report import report
    from .sets import CASES

    unknown = [name for name in chosen.cases if name not in CASES]
    if unknown:
        sys.exit(f"There is no case {', '.join(unknown)}; there are: {', '.join(CASES)}.")
    cases = [CASES[name] for name in chosen.cases or CASES]
    with database():
        if chosen.profile:
            profile(cases[0], chosen)
        else:
            report(cases, chosen)


if __name__ == "__main__":
    main()
