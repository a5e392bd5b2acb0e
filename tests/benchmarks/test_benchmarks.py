"""The benchmarks run in a process of their own: they take the app out of Django and put it back."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def run(*arguments: str, module: str = "tests.benchmarks", seconds: int = 600) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_case_runs_and_makes_the_entries_that_it_should() -> None:
    table = run("--quick")
    assert [line.split("  ")[0] for line in table.splitlines()[3:18]] == [
        "in one transaction",
        "get+save",
        "save",
        "no-op save",
        "create",
        "delete",
        "m2m add",
        "get",
        "load",
        "bulk_create 5000",
        "bulk_update 5000",
        "update() 5000",
        "delete() 2000",
        "collected 2000",
        "cascade 200x10",
    ]


def test_neighbours_are_measured_in_processes_of_their_own() -> None:
    cases = ("create", "no-op save", "update() 5000")
    table = run("--here", "--quick", *cases, module="tests.benchmarks.neighbours").splitlines()
    heading = next(place for place, line in enumerate(table) if line.startswith("in one transaction"))
    shown = table[heading : table.index("", heading)]
    assert [line.split("  ")[0] for line in shown] == ["in one transaction", *cases]
    assert not [line for line in table if "error" in line.lower()]


def test_the_memory_of_each_variant_is_measured_in_a_process_of_its_own() -> None:
    lines = run("exact", "database", "--rows", "1500", module="tests.benchmarks.memory").splitlines()[1:]
    told = [(line.split()[0], line.split(" s  ")[1].split(" entries")[0]) for line in lines]
    assert told == [("exact", "1500"), ("database", "1500")]


def test_what_watching_signals_costs_is_measured_for_every_variant() -> None:
    lines = run("--rounds", "1", "--sends", "10", module="tests.benchmarks.signals").splitlines()[1:]
    assert [line.split("  ")[0] for line in lines] == [
        "plain",
        "off",
        "off again",
        "on",
        "sampled at 1 %",
        "loops",
        "loops, sampled at 1 %",
        "loops, on",
    ]


@pytest.mark.benchmark
def test_what_auditing_costs() -> None:
    print(run(seconds=7200))
