"""Printing what was compared."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..aims import TRIGGERS, aim_of
from .comparing import OUR_VARIANTS, Comparison, Result, Results

WIDTH = 19
IN_THE_APPLICATION = ("memory", "exact", "database")
WITH_TRIGGERS = "pghistory"


def compare(
    comparison: Comparison, cases: Sequence[Mapping[str, Any]], *, vendor: str, autocommit: bool
) -> None:
    """Measure cases and print each as a line when it is done, and in the end who is ahead of whom."""
    names = [contender.name for contender in comparison.contenders]
    mode = "autocommit" if autocommit else "in one transaction"
    print(f"\n{mode:20}{'plain us':>10}", *(f"{name:>{WIDTH}}" for name in names), sep="")
    all_results = {}
    for case in cases:
        results = comparison.results(case, autocommit=autocommit)
        all_results[case["name"]] = results
        print(_line(case, results, names), flush=True)
    print(f"\nAims, {mode}:")
    for case in cases:
        for line in _verdicts(case, all_results[case["name"]], vendor, autocommit=autocommit):
            print(f"{case['name']:18} {line}")
    _print_errors(all_results)


def _line(case: Mapping[str, Any], results: Results, names: Iterable[str]) -> str:
    plain = [seconds for result in results.values() for seconds in result.plain]
    microseconds = f"{min(plain) * 1e6:.0f}" if plain else "–"
    cells = (_cell(results.get(name)) for name in names)
    return "".join([f"{case['name']:20}{microseconds:>10}", *(f"{cell:>{WIDTH}}" for cell in cells)])


def _cell(result: Result | None) -> str:
    if result is None or result.error:
        return "error" if result else "–"
    if result.entries == result.expected or result.name == "unaudited":
        return f"{result.least:.2f} ({result.middle:.2f})"
    return f"{result.least:.2f} {_number(result.entries)} of {_number(result.expected)}"


def _number(entries: float) -> str:
    return "none" if entries == 0 else f"{entries:g}"


def _verdicts(case: Mapping[str, Any], results: Results, vendor: str, *, autocommit: bool) -> Iterable[str]:
    for result in results.values():
        aim = aim_of(case["name"], result.name, vendor, autocommit=autocommit)
        if aim is not None and result.name in OUR_VARIANTS and not result.error:
            yield _verdict(f"{result.name} to plain Django", result.least, result.middle, aim)
    yield from _ahead(results)
    ours, theirs = results.get("triggers"), results.get(WITH_TRIGGERS)
    if ours and theirs and theirs.entries and not ours.error and not theirs.error:
        least = min(ours.seconds) / min(theirs.seconds)
        yield _verdict(f"triggers to {WITH_TRIGGERS}", least, ours.middle / theirs.middle, TRIGGERS)


def _verdict(what: str, least: float, middle: float, aim: float) -> str:
    word = "met" if round(least, 2) <= aim else "missed"
    return f"{what:28} {least:7.2f} ({middle:.2f})  aim {aim:.2f}  {word}"


def _ahead(results: Results) -> Iterable[str]:
    """Yield how we stand beside those that record the same in the application."""
    others = [
        result
        for name, result in results.items()
        if name not in (*OUR_VARIANTS, WITH_TRIGGERS) and result.seconds and result.is_complete
    ]
    for name in IN_THE_APPLICATION:
        ours = results.get(name)
        if ours is not None and ours.expected and others:
            best = min(others, key=lambda result: result.least)
            word = "met" if ours.least < best.least else "missed"
            yield f"{name} ahead of {best.name:20} {ours.least:7.2f} to {best.least:.2f}  {word}"


def _print_errors(all_results: Mapping[str, Results]) -> None:
    for case, results in all_results.items():
        for result in results.values():
            if result.error:
                print(f"{case}, {result.name}: {result.error}")
