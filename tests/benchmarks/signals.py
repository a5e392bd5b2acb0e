"""Measure what watching signals costs: `post_save.send` with five empty receivers, as ratios to plain Django.

`plain` is a signal of no module, which this app does not know, `off` is pre_save, which nobody watches, and
`off again` is post_save after it was watched. `loops` looks for loops, and stops them.
"""

# ruff: noqa: T201 - the table is for people
from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product
from time import process_time
from typing import Any

import django

from .figures import Figure, figure, settle_memory

RECEIVERS = 5
AIMS = {"off": 1.05, "off again": 1.05, "on": 3.0, "sampled at 1 %": 1.2}
TRACING: dict[str, dict[str, Any]] = {
    "off": {},
    "off again": {},
    "on": {"STATISTICS": 1.0},
    "sampled at 1 %": {"STATISTICS": 0.01},
    "loops": {"LOOPS": "stop"},
    "loops, sampled at 1 %": {"LOOPS": "stop", "STATISTICS": 0.01},
    "loops, on": {"LOOPS": "stop", "STATISTICS": 1.0},
}


class Sender:
    """Who sends."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.signals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--sends", type=int, default=1000, help="sends of a variant in each round")
    return parser.parse_args()


def empty_receiver() -> Callable[..., None]:
    def receiver(sender: Any, **named: Any) -> None:
        pass

    return receiver


def seconds_of(signal: Any, sends: int) -> float:
    """Return how long one send takes."""
    send, named = signal.send, {"instance": Sender(), "created": False, "raw": False, "using": "default"}
    send(Sender, update_fields=None, **named)
    began = process_time()
    for _ in range(sends):
        send(Sender, update_fields=None, **named)
    return (process_time() - began) / sends


def measured(rounds: int, sends: int) -> list[Figure]:
    """Return the figures of every variant; each round runs all of them, beginning with another one."""
    from django.db.models.signals import ModelSignal, post_save, pre_save
    from django.test import override_settings

    def settings_of(variant: str) -> AbstractContextManager[Any]:
        return override_settings(
            SIGNALS_AUDIT={"TRACING": TRACING.get(variant, {}) | {"SIGNALS": ["post_save"]}}
        )

    plain, receivers = ModelSignal(use_caching=True), [empty_receiver() for _ in range(RECEIVERS)]
    signals = {"plain": plain, "off": pre_save}
    for signal, receiver in product((plain, pre_save, post_save), receivers):
        signal.connect(receiver, sender=Sender)
    times: dict[str, list[float]] = {variant: [] for variant in ("plain", *TRACING)}
    settle_memory()
    for number in range(rounds):
        variants = list(times)
        turn = number % len(variants)
        for variant in variants[turn:] + variants[:turn]:
            with settings_of(variant):
                times[variant].append(seconds_of(signals.get(variant, post_save), sends))
    case = f"{RECEIVERS} receivers"
    return [figure(case, variant, each, times["plain"]) for variant, each in times.items()]


def main() -> None:
    chosen = options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    print(f"One send with {RECEIVERS} empty receivers, Django {django.get_version()}: least / least (median)")
    for one in measured(chosen.rounds, chosen.sends):
        aim = AIMS.get(one.variant)
        verdict = "" if aim is None else f"aim {aim:.2f}, {'met' if one.least <= aim else 'missed'}"
        line = f"{one.variant:22} {one.least:5.2f} ({one.middle:5.2f}) {one.microseconds:7.2f} µs  {verdict}"
        print(line.rstrip())


if __name__ == "__main__":
    main()
