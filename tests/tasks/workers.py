"""The workers of a site: processes of their own, each with those that it starts in one group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

# Checks import what hands over tasks: workers have to find it without them.
COMMANDS = {
    "celery": "celery -A tests.tasks.celery_app --skip-checks worker --concurrency 1 --loglevel INFO "
    f"--queues {settings.QUEUE or 'celery'} --without-gossip --without-mingle --without-heartbeat",
    "database": "django db_worker --queue-name * --interval 0.1 --no-startup-delay",
}


class Worker:
    """One worker, until it is killed."""

    def __init__(self, by: str) -> None:
        with Path(settings.FOLDER, "worker.out").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *COMMANDS[by].split()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.tasks.settings"},
            )

    def kill(self) -> None:
        """End it and what it has started, without a word."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def worker(by: str) -> Iterator[Worker]:
    """Have a worker."""
    started = Worker(by)
    try:
        yield started
    finally:
        started.kill()
