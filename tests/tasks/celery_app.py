"""The site's Celery app, as a project has it; a process of its worker can be made to die before its task."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.tasks.settings")

DIES = Path(os.environ["SIGNALS_AUDIT_TASKS_FOLDER"], "dies")

app = Celery("site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def die(**_kwargs: Any) -> None:
    """Die, once."""
    if DIES.exists():
        DIES.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
