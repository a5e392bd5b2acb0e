"""Starting a fault test in a process of its own, on the kind of database that the suite runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.settings import VENDOR

CHECKOUT = Path(__file__).parents[2]
# SQLite has two journals, which lock differently; a server is one case.
JOURNALS = ("wal", "delete")
LAYOUTS = JOURNALS if VENDOR == "sqlite" else (VENDOR,)
PATIENCE = 1800.0  # seconds
BETWEEN = "between two writes"
FLAWLESS = {
    "lost": 0,
    "phantoms": 0,
    "broken": [],
    "wrong": [],
    "miscounted": [],
    "without_change_set": 0,
    "empty_change_sets": 0,
}


SEEDED = dict.fromkeys([f"create testapp.{name}" for name in ("Article", "Vote", "Parent", "Tag")], 200)


def entries_of(due: dict[str, int]) -> dict[str, int]:
    """Return how many entries of each kind there are, if each change that was kept has one."""
    return dict(+(Counter(SEEDED) + Counter(due)))


def run(folder: Path, layout: str, *command: str, app: str = "1", level: str = "") -> dict[str, Any]:
    """Return the outcome of one fault test, with the app or ("0") without it."""
    journal = ["--journal", layout] if layout in JOURNALS else []
    variables = {
        "SIGNALS_AUDIT_TEST_DB": "sqlite" if layout in JOURNALS else layout,
        "SIGNALS_AUDIT_FAULTS_FILE": str(folder / f"{layout}_{command[0]}_{app}.sqlite3"),
        "SIGNALS_AUDIT_FAULTS_APP": app,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *journal, "--isolation", level, *command],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
