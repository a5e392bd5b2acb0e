"""The task of Celery that tries a delivery; to be imported where Celery is installed only.

It belongs to the project's app, the one that the web process and the workers have. A broker that does not
answer at all is waited for as long as `broker_transport_options` let it be: see that they name a
`socket_connect_timeout`.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task

from .. import deliveries
from ..deliveries.policy import policy

# A message that a dead worker had comes back. That does no harm: what was tried is not tried by it again.
deliver: Any = shared_task(
    name="signals_audit.deliver", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)(deliveries.deliver)


def enqueue(key: str, using: str) -> None:
    """Have a worker of Celery try a delivery."""
    deliver.apply_async((key, using), queue=policy().QUEUE)
