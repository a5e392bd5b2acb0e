"""How deliveries are tried: `SIGNALS_AUDIT["DELIVERY"]`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..conf import get_settings
from ..shapes import DELIVERY, fitting


@dataclass(frozen=True, slots=True)
class Policy:
    """How deliveries are tried.

    `LEASE`: seconds after which whoever runs a delivery is taken for dead. `GRACE`: seconds that the process
    which made one is given before others look after it. `ATTEMPTS`: how often one is tried. `BACKOFF`:
    seconds until the second attempt; each further one takes twice as long, an hour at most. `DEPTH`: how
    deep hooks may set each other off. `TASKS`: dotted path of what hands a delivery to another process.
    `QUEUE`: the queue that it goes into, the framework's own when it is None.
    """

    LEASE: float = 300
    GRACE: float = 10
    ATTEMPTS: int = 8
    BACKOFF: float = 10
    DEPTH: int = 8
    TASKS: str = "signals_audit.tasks.enqueue"
    QUEUE: str | None = None

    @property
    def lease(self) -> timedelta:
        """Return how long a delivery may take."""
        return timedelta(seconds=self.LEASE)

    @property
    def grace(self) -> timedelta:
        """Return how long others wait."""
        return timedelta(seconds=self.GRACE)

    def backoff(self, attempts: int) -> timedelta:
        """Return how long to wait after so many attempts."""
        return timedelta(seconds=min(self.BACKOFF * 2 ** min(attempts - 1, 20), 3600))


def policy() -> Policy:
    """Return the policy in force; what checks report as unknown or of the wrong type is left out."""
    return Policy(**fitting(get_settings().DELIVERY, DELIVERY))
