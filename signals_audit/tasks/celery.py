"""The task of Celery that tries a delivery; to be imported where Celery is installed only.

It belongs to the project's app, the one that the web process and the workers have. A broker that does not
answer is waited for as long as the app lets it be, for ever with Redis: see that `broker_transport_options`
name a `socket_timeout` and a `socket_connect_timeout`. After that it is left alone for some seconds, so that
nobody waits once more for each of many deliveries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from celery import shared_task
from kombu.exceptions import OperationalError

from .. import deliveries
from ..deliveries.policy import policy

RESPITE: Final = 3.0  # seconds

# A message that a dead worker had comes back. That does no harm: what was tried is not tried by it again.
deliver: Any = shared_task(
    name="signals_audit.deliver", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)(deliveries.deliver)


@dataclass
class Respite:
    """Until when the broker is left alone, and why."""

    until: float = 0.0
    reason: str = ""

    def refuse(self) -> None:
        """Raise an error as long as the broker is left alone."""
        if time.monotonic() < self.until:
            raise OperationalError(f"The broker is left alone for some seconds: {self.reason}")

    def begin(self, error: OperationalError) -> None:
        """Leave the broker alone from now on."""
        self.reason, self.until = str(error), time.monotonic() + RESPITE


respite: Final = Respite()


def enqueue(key: str, using: str) -> None:
    """Have a worker of Celery try a delivery."""
    respite.refuse()
    try:
        deliver.apply_async((key, using), queue=policy().QUEUE)
    except OperationalError as error:
        respite.begin(error)
        raise
