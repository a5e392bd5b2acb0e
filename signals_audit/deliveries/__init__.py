"""What is to be done after a COMMIT, come what may: the outbox of reactions and of channels.

A delivery is a row that is written in the transaction that it is because of. This process tries it after
COMMIT; where it dies, `audit_deliver` does. So it is done at least once, and what it writes to its database
counts exactly once.
"""

from __future__ import annotations

from ..exceptions import GiveUp
from .claims import retry
from .jobs import Job, keep, key_of
from .running import (
    TOGETHER,
    Delivered,
    attempt,
    deliver,
    deliver_due,
    hand_over,
    handle,
    handle_together,
    schedule,
    taken,
)

__all__ = [
    "TOGETHER",
    "Delivered",
    "GiveUp",
    "Job",
    "attempt",
    "deliver",
    "deliver_due",
    "hand_over",
    "handle",
    "handle_together",
    "keep",
    "key_of",
    "retry",
    "schedule",
    "taken",
]
