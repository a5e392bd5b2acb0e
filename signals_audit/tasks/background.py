"""The task of Django's tasks that tries a delivery; to be imported where there are such tasks only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

from .. import deliveries
from ..deliveries.policy import policy
from . import framework

Decorator = Callable[[Callable[[str, str], bool]], Any]
task: Callable[..., Decorator] = import_string(f"{framework()}.task")


def _queue() -> str:
    return policy().QUEUE or "default"


@task(queue_name=_queue())
def deliver(key: str, using: str) -> bool:
    """Try a delivery; return whether it is done by this."""
    return deliveries.deliver(key, using)


def queued() -> Any:
    """Return the task, in the queue that the settings name; raise an error where the backend has it not."""
    return deliver.using(queue_name=_queue())


def enqueue(key: str, using: str) -> None:
    """Have a worker try a delivery."""
    queued().enqueue(key, using)
