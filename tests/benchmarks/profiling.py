"""Saying where the time of one variant goes that plain Django does not spend."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

import argparse
import cProfile
import pstats
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import PurePath
from typing import Any, NamedTuple

from django.db import transaction

from .cases import Case
from .measure import operations, ready, surroundings

PACKAGES = ("signals_audit", "django", "tests")


class Share(NamedTuple):
    """What an operation spends in one function: microseconds without and with what it calls, and calls."""

    own: float
    total: float
    calls: float


NOTHING = Share(0, 0, 0)
Shares = Mapping[str, Share]


def profile(case: Case, chosen: argparse.Namespace) -> None:
    """Print the functions of a variant by the own time that they take beyond plain Django's."""
    plain, shares = (_shares(case, variant, chosen) for variant in ("plain", chosen.profile))
    took = [sum(share.own for share in every.values()) for every in (plain, shares)]
    print(f"{case.name}: {took[0]:.0f} us plain, {took[1]:.0f} us {chosen.profile}, under the profiler")
    more = {name: share.own - plain.get(name, NOTHING).own for name, share in shares.items()}
    _print_modules(more)
    print("\n+own us  own us  with callees  calls  function")
    for name in sorted(more, key=more.__getitem__, reverse=True)[: chosen.lines]:
        share = shares[name]
        print(f"{more[name]:7.1f} {share.own:7.1f} {share.total:13.1f} {share.calls:6.1f}  {name}")
    _print_ours(shares, chosen.lines)


def _print_modules(more: Mapping[str, float]) -> None:
    own: Counter[str] = Counter()
    for name, microseconds in more.items():
        own[name.partition(" ")[0].partition(":")[0]] += microseconds  # type: ignore[assignment]
    print("\n+own us  module")
    for module, microseconds in own.most_common(16):
        print(f"{microseconds:7.1f}  {module}")


def _print_ours(shares: Shares, lines: int) -> None:
    print("\nwith callees  own us  calls  the package's functions")
    ours = {name: share for name, share in shares.items() if name.startswith("signals_audit")}
    for name in sorted(ours, key=lambda name: -ours[name].total)[:lines]:
        share = ours[name]
        print(f"{share.total:12.1f} {share.own:7.1f} {share.calls:6.1f}  {name}")


def _shares(case: Case, variant: str, chosen: argparse.Namespace) -> Shares:
    autocommit = chosen.mode == "autocommit"
    count = operations(case, chosen.count * chosen.rounds)
    items, step = ready(case, variant, count, autocommit=autocommit)
    profiler = cProfile.Profile()
    with surroundings(variant), nullcontext() if autocommit else transaction.atomic():
        step(items.pop())
        with profiler:
            for item in items:
                step(item)
        if not autocommit:
            transaction.set_rollback(True)
    return _summed(profiler, len(items))


def _summed(profiler: cProfile.Profile, operations: int) -> Shares:
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0, 0])
    found: Any = pstats.Stats(profiler)
    for (path, line, name), (_, calls, own, total, _callers) in found.stats.items():
        summed = sums[_place(path, line, name)]
        for place, value in enumerate((own * 1e6, total * 1e6, calls)):
            summed[place] += value / operations
    return {name: Share(*values) for name, values in sums.items()}


def _place(path: str, line: int, name: str) -> str:
    return f"built-in {name.partition(' at 0x')[0]}" if path == "~" else f"{_module(path)}:{line} {name}"


def _module(path: str) -> str:
    parts = PurePath(path).parts
    start = next((parts.index(package) for package in PACKAGES if package in parts), len(parts) - 1)
    return "/".join(parts[start:])
