"""Noting down what is to be done after COMMIT, in the transaction that it is because of."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from ..capture.connection import state_of
from ..models import KEY_LENGTH, Delivery
from .policy import policy

BATCH = 500


def _new_key() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done: what for and by whom, with what, and whether another process is to do it.

    The same key stands for the same job: it is noted down once.
    """

    kind: str
    name: str
    body: dict[str, Any]
    key: str = field(default_factory=_new_key)
    task: bool = False


def key_of(*parts: str) -> str:
    """Return the key that stands for some texts."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def keep(jobs: Sequence[Job], using: str) -> None:
    """Insert the deliveries of jobs; those that are there already stay as they are."""
    now, rules = timezone.now(), policy()
    rows = [_row(job, now, now + (rules.lease if job.task else rules.grace)) for job in jobs]
    Delivery._base_manager.using(using).bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _row(job: Job, now: datetime, due_at: datetime) -> Delivery:
    return Delivery(
        key=job.key, kind=job.kind, name=job.name[:KEY_LENGTH], body=job.body, created_at=now, due_at=due_at
    )


def when_committed(step: partial[None], using: str) -> None:
    """Have a step taken once the transaction at hand is committed, or now if there is none."""
    connection = connections[using]
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(step, using=using, robust=True)
    else:  # a transaction that is managed by hand
        state_of(connection).journal.at_commit(step)
