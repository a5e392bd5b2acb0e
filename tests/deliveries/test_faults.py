"""Deliveries under fault: nothing is lost, and what is done twice is what a death leaves undecided."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.running import CHECKOUT, LAYOUTS, PATIENCE
from tests.settings import VENDOR

FLAWLESS = {"lost": 0, "phantoms": 0, "rows_twice": 0, "not_done": 0}
long = pytest.mark.long


def run(folder: Path, layout: str, *command: str) -> dict[str, Any]:
    journal = ["--journal", layout] if layout in ("wal", "delete") else []
    variables = {
        "SIGNALS_AUDIT_TEST_DB": VENDOR,
        "SIGNALS_AUDIT_FAULTS_FILE": str(folder / "faults.sqlite3"),
        "SIGNALS_AUDIT_FAULTS_LINES": str(folder / "lines"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.deliveries.faults", *journal, *command],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "database is locked" not in done.stderr
    assert "deadlock" not in done.stderr.lower()
    return dict(json.loads(done.stdout))


def flaws(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in FLAWLESS}


@pytest.mark.parametrize("count", [pytest.param(15, id="15"), pytest.param(100, id="100", marks=long)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_lost_when_those_who_write_and_those_who_deliver_are_killed(
    layout: str, count: int, tmp_path: Path
) -> None:
    found = run(tmp_path, layout, "kill", str(count))
    assert (found["kills"], flaws(found)) == (count, FLAWLESS)
    assert found["written"] == found["deliveries"] >= count
    assert found["lines_twice"] <= count  # a line was written, and its writer died before it could say so


def test_nothing_is_lost_when_a_process_is_killed_at_any_point_around_its_hook(tmp_path: Path) -> None:
    found = run(tmp_path, LAYOUTS[0], "points")
    assert flaws(found) == FLAWLESS
    assert found["kills"] > 50
    assert 0 < found["lines_twice"] <= found["kills"]


@pytest.mark.parametrize("count", [pytest.param(400, id="400"), pytest.param(10_000, id="10000", marks=long)])
def test_two_who_deliver_beside_one_who_writes_do_everything_once(count: int, tmp_path: Path) -> None:
    found = run(tmp_path, LAYOUTS[0], "load", str(count))
    assert (found["written"], found["deliveries"], flaws(found)) == (count, count, FLAWLESS)
    assert (found["lines_twice"], found["ended"]) == (0, [0, 0])
