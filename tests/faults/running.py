"""Starting a fault test in a process of its own, on the kind of database that the suite runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.settings import VENDOR

CHECKOUT = Path(__file__).parents[2]
# SQLite has two journals, which lock differently; a server is one case.
LAYOUTS = ("wal", "delete") if VENDOR == "sqlite" else (VENDOR,)
FLAWLESS = {"broken": [], "wrong": [], "miscounted": [], "without_change_set": 0, "empty_change_sets": 0}


def run(folder: Path, layout: str, *command: str, app: str = "1") -> dict[str, Any]:
    """Return the outcome of one fault test, with the app or ("0") without it."""
    journal = ["--journal", layout] if VENDOR == "sqlite" else []
    variables = {
        "SIGNALS_AUDIT_FAULTS_FILE": str(folder / f"{command[0]}_{app}.sqlite3"),
        "SIGNALS_AUDIT_FAULTS_APP": app,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *journal, *command],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
