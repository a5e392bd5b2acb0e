"""What the commands share: the variables of the environment that they set for each other, and options."""

from __future__ import annotations

import argparse

VARIABLE = "SIGNALS_AUDIT_TEST_DB"
CLOCK = "SIGNALS_AUDIT_BENCHMARK_CLOCK"
CLOCKS = ("wall", "processor")
VENDORS = ("sqlite", "postgresql", "mariadb")


def add_clock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: the time that the process and its PostgreSQL server process have worked",
    )


def clock_of(vendor: str, chosen: str) -> str:
    """Return the clock in use: SQLite works in our process, MariaDB has no process for a connection."""
    return {"sqlite": "processor", "mariadb": "wall", "mysql": "wall"}.get(vendor, chosen)
