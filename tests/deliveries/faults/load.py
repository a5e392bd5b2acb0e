"""Two `audit_deliver --watch` beside a process that writes, and nobody dies: each delivery is done once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import connection, transaction

from signals_audit.capture.pipeline import sinks
from signals_audit.models import Delivery
from tests.testapp.models import Tag

from .kills import verdict

SET = 50
PATIENCE = 600.0


@contextmanager
def left_to_others() -> Iterator[None]:
    """Do nothing more after COMMIT."""
    after_commit, sinks.after_commit = sinks.after_commit, None
    try:
        yield
    finally:
        sinks.after_commit = after_commit


def run(count: int) -> dict[str, Any]:
    """Write rows in sets, half of them left for others to deliver; return what became of them."""
    variables = os.environ | {"SIGNALS_AUDIT_FAULTS_DATABASE": str(connection.settings_dict["NAME"])}
    command = [sys.executable, "-m", "tests.deliveries.faults.watcher"]
    watchers = [subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        begun = time.monotonic()
        for start in range(0, count, SET):
            with left_to_others() if start // SET % 2 else nullcontext(), transaction.atomic():
                Tag.objects.bulk_create([Tag(name=str(start + place)) for place in range(SET)])
        done_here = Delivery.objects.filter(state="done").count()
        while Delivery.objects.exclude(state="done").exists():
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError("Deliveries are still open")
            time.sleep(0.05)
        seconds = time.monotonic() - begun
    finally:
        for watcher in watchers:
            watcher.send_signal(signal.SIGTERM)
    ended = [watcher.wait(60) for watcher in watchers]
    return verdict(0) | {"seconds": round(seconds, 1), "when_written": done_here, "ended": ended}
