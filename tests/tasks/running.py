"""Starting the site in a process of its own, on the kind of database that the suite runs on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 600.0  # seconds


def happen(name: str, folder: Path, *, by: str, broker: str = "", queue: str = "") -> dict[str, Any]:
    """Return what is found on a site after something has happened there."""
    variables = {
        "SIGNALS_AUDIT_TASKS_BY": by,
        "SIGNALS_AUDIT_TASKS_FOLDER": str(folder),
        "SIGNALS_AUDIT_TASKS_NAME": f"{os.getpid()}_{by}_{name}",
        "SIGNALS_AUDIT_TASKS_BROKER": broker,
        "SIGNALS_AUDIT_TASKS_QUEUE": queue,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.tasks", name],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
