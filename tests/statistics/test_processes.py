"""What several processes have measured adds up, on a real database that they share."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.running import CHECKOUT

from .hours import CALLS, ROUNDS

EACH = ROUNDS * CALLS
ENDING = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from django.db.models.signals import post_save
from signals_audit.models import ReceiverStatistics
from tests.statistics import hours
post_save.connect(hours.heard, sender=hours.Sender)
hours.send(5)
print(ReceiverStatistics.objects.count())
sys.exit(3)
"""


def run(folder: Path, *command: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.statistics.hours", *command],
        cwd=CHECKOUT,
        env=os.environ | {"SIGNALS_AUDIT_FAULTS_FILE": str(folder / "hours.sqlite3")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_processes_that_write_to_the_same_hour_add_up(tmp_path: Path) -> None:
    calls = 4 * EACH + 3
    found = run(tmp_path, "add", "4")
    assert found == {
        "failed": [0, 0, 0, 0],
        "counted": 3 * calls,
        "twice": 0,
        "calls": {"post_save failing": calls, "post_save heard": calls, "pre_save heard_too": calls},
        "errors": calls,
    }


def test_what_cannot_be_written_for_a_lock_is_written_later(tmp_path: Path) -> None:
    found = run(tmp_path, "locked")
    assert found == {
        "meanwhile": False,
        "afterwards": True,
        "counted": 15,
        "twice": 0,
        "calls": {"post_save failing": 5, "post_save heard": 5, "pre_save heard_too": 5},
        "errors": 5,
    }


def test_the_end_of_a_process_writes_what_is_left(tmp_path: Path) -> None:
    file = tmp_path / "hours.sqlite3"
    variables = {
        "SIGNALS_AUDIT_TEST_DB": "sqlite",
        "SIGNALS_AUDIT_FAULTS_FILE": str(file),
        "DJANGO_SETTINGS_MODULE": "tests.statistics.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", ENDING],
        cwd=CHECKOUT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "0\n"), done.stderr
    with closing(sqlite3.connect(file)) as connection:
        table = "SELECT calls FROM signals_audit_receiverstatistics WHERE receiver LIKE '%hours.heard'"
        assert connection.execute(table).fetchall() == [(5,)]
