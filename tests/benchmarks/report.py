"""Printing the figures as a table."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

import argparse
import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace

import django
from django.db import connection

from .aims import verdicts
from .cases import Case
from .command import clock_of
from .figures import Figure
from .measure import measure
from .twins import VARIANTS


def report(cases: Sequence[Case], chosen: argparse.Namespace) -> None:
    """Measure cases and print each as a line when it is done, and in the end how far the aims are met."""
    version = f"Python {platform.python_version()}, Django {django.__version__}"
    print(f"{version}, {connection.vendor}, clock: {clock_of(connection.vendor, chosen.clock)}")
    print(
        "Ratio to plain Django: least/least (median of rounds). plain: microseconds of an operation, least."
    )
    for mode in ("transaction", "autocommit"):
        if chosen.mode in (mode, "both"):
            _report(cases, chosen, autocommit=mode == "autocommit")


def _report(cases: Iterable[Case], chosen: argparse.Namespace, *, autocommit: bool) -> None:
    mode = "autocommit" if autocommit else "in one transaction"
    print(f"\n{mode:20}", *map(_heading, VARIANTS))
    figures: list[Figure] = []
    for case in cases:
        measured = run(case, chosen, autocommit=autocommit)
        print(_line(case, measured), flush=True)
        figures += measured
    print(f"\nAims, {mode}:")
    for line in verdicts(figures, connection.vendor, autocommit=autocommit):
        print(line)


def run(case: Case, chosen: argparse.Namespace, *, autocommit: bool) -> list[Figure]:
    if chosen.quick:
        return measure(replace(case, rows=min(case.rows, 3)), rounds=1, count=3, autocommit=autocommit)
    return measure(case, rounds=chosen.rounds, count=chosen.count, autocommit=autocommit)


def _heading(variant: str) -> str:
    return f"{variant:>14}"


def _line(case: Case, figures: Sequence[Figure]) -> str:
    cells = {figure.variant: _cell(figure) for figure in figures}
    return " ".join([f"{case.name:20}", *(f"{cells.get(variant, '–'):>14}" for variant in VARIANTS)])


def _cell(figure: Figure) -> str:
    if figure.variant == "plain":
        return f"{figure.microseconds:.0f}"
    return f"{figure.least:.2f} ({figure.middle:.2f})"
