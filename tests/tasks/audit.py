"""The site's hooks: they leave comments that name the process which wrote them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from django.conf import settings

from signals_audit import ChangeEvent, Timing, on_create
from tests.testapp.models import Article, Comment

STARTED = Path(settings.FOLDER, "started")
FAILS, IS_KILLED, KILLS_ITSELF = "fails", "is killed", "kills itself"


@on_create("testapp.Article", timing=Timing.TASK)
def comment(event: ChangeEvent) -> None:
    """Comment on a new article; the first time that it is to, end with this process."""
    article = event.instance
    assert isinstance(article, Article)
    Comment.objects.create(article=article, text=str(os.getpid()))
    if article.title == FAILS:
        raise ValueError("The hook was told to fail.")
    if article.title in (IS_KILLED, KILLS_ITSELF) and not STARTED.exists():
        STARTED.touch()
        if article.title == KILLS_ITSELF:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(600)
