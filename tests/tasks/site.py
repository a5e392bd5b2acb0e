"""What happens on the site, and what is found there afterwards."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils.module_loading import import_string

from signals_audit import audit_context
from signals_audit.models import AuditEntry, Delivery
from signals_audit.types import DeliveryState
from tests.databases import within
from tests.testapp.models import Article, Comment

from .audit import FAILS, IS_KILLED, KILLS_ITSELF, STARTED
from .redis import broker
from .workers import COMMANDS, Worker, worker

PATIENCE = 120.0  # seconds
# Until the messages that a dead worker had come back; twice what the settings say.
VISIBILITY_TIMEOUT = 2.0
PLAIN, OTHER = "plain", "other"


def delivered() -> dict[str, Any]:
    """Write with a worker at work, and wait until it has tried all that there is."""
    with worker_if_any():
        write(PLAIN, FAILS)
        write_and_undo()
        wait_until(lambda: not deliveries(attempts=0) and not deliveries(state=DeliveryState.RUNNING))
    return facts()


def unreachable() -> dict[str, Any]:
    """Write where nothing can be handed over, and then have what was left behind delivered."""
    write(PLAIN, OTHER)
    before = facts()
    wait_until(lambda: bool(deliver_left() and deliveries(state=DeliveryState.DONE) == 2))
    return {"before": before, "after": facts()}


def back() -> dict[str, Any]:
    """Write while the broker is down, and when it is there again."""
    write(PLAIN)
    with broker(Path(settings.FOLDER), urlsplit(settings.CELERY_BROKER_URL).port or 0), worker(settings.BY):
        time.sleep(import_string("signals_audit.tasks.celery.RESPITE"))
        write(OTHER)
        wait_until(lambda: deliveries(state=DeliveryState.DONE) == 1)
    return facts()


def killed() -> dict[str, Any]:
    """Kill a worker that runs a hook and has one more to run; have another and `audit_deliver` finish."""
    write(IS_KILLED, PLAIN)
    with worker(settings.BY) as first:
        wait_until(STARTED.exists)
        first.kill()
    before = facts()
    time.sleep(VISIBILITY_TIMEOUT)  # looked for at the start of a worker, and then every 100 s
    with worker(settings.BY):
        wait_until(lambda: deliveries(state=DeliveryState.DONE) == 1)
    between = facts()
    wait_until(lambda: bool(deliver_left() and deliveries(state=DeliveryState.DONE) == 2))
    return {"before": before, "between": between, "after": facts()}


def killed_by_itself() -> dict[str, Any]:
    """Have a hook kill the process that it runs in, beside one more hook."""
    write(KILLS_ITSELF, PLAIN)
    with worker(settings.BY):
        wait_until(lambda: deliveries(state=DeliveryState.DONE) == 1)
    before = facts()
    wait_until(lambda: bool(deliver_left() and deliveries(state=DeliveryState.DONE) == 2))
    return {"before": before, "after": facts()}


def killed_too_early() -> dict[str, Any]:
    """Have the process die that was given a task and has not begun with it."""
    dies = Path(settings.FOLDER, "dies")
    dies.touch()
    write(PLAIN)
    with worker(settings.BY):
        wait_until(lambda: deliveries(state=DeliveryState.DONE) == 1)
    return {**facts(), "died": not dies.exists()}


def worker_if_any() -> AbstractContextManager[Worker | None]:
    return worker(settings.BY) if settings.BY in COMMANDS else nullcontext()


def write(*titles: str) -> None:
    """Write articles in the name of a user, each in a transaction of its own."""
    user = User.objects.get_or_create(username="ada")[0]
    with audit_context(actor=user, reason="asked to", correlation_id="c-1"):
        for title in titles:
            Article.objects.create(title=title)


def write_and_undo() -> None:
    with transaction.atomic():
        write("undone")
        transaction.set_rollback(True)


def deliveries(**conditions: Any) -> int:
    return Delivery.objects.filter(**conditions).count()


def deliver_left() -> bool:
    call_command("audit_deliver", stdout=StringIO())
    return True


def wait_until(happened: Callable[[], bool]) -> None:
    assert within(PATIENCE, happened), (facts(), Path(settings.FOLDER, "worker.out").read_text())


def facts() -> dict[str, Any]:
    """Return what the database holds, by title of article, and what this process logged."""
    titles = {str(article.pk): article.title for article in Article.objects.order_by("pk")}
    return {
        "deliveries": {
            titles[str(delivery.body["pk"])]: [delivery.state, delivery.attempts, reason(delivery)]
            for delivery in Delivery.objects.order_by("pk")
        },
        "comments": {
            comment.article.title: place(comment.text) for comment in Comment.objects.order_by("article")
        },
        "count": Comment.objects.count(),
        "entries": entries(titles),
        "logged": logged(),
    }


def reason(delivery: Delivery) -> str:
    return (delivery.error.splitlines() or [""])[-1]


def place(pid: str) -> str:
    return "here" if pid == str(os.getpid()) else "elsewhere"


def entries(titles: dict[str, str]) -> dict[str, Any]:
    """Return who made the comments, why, and what caused it, as the log has it: by article that it names."""
    found = {}
    for entry in AuditEntry.objects.filter(model="testapp.Comment"):
        by = entry.change_set
        cause = AuditEntry.objects.get(change_set=entry.caused_by_change_set, seq=entry.caused_by_seq)
        who = [by.actor_kind, by.actor_repr, by.reason, by.correlation_id]
        found[titles[cause.object_id]] = [*who, entry.caused_by, f"{cause.action} of {cause.model}"]
    return found


def logged() -> list[str]:
    """Return what this process logged, without what differs from run to run."""
    text = Path(settings.FOLDER, f"{os.getpid()}.log").read_text()
    return [re.sub(r"\b[0-9a-f]{32,}\b", "<key>", line) for line in text.splitlines()]
