"""The benchmarks run in a process of their own: they take the app out of Django and put it back."""

# ruff: noqa: T201 - the tables are for people
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=1200)
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


@pytest.mark.benchmark
def test_what_auditing_costs() -> None:
    print(run())
