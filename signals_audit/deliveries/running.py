"""Trying deliveries, and marking them done: what is written for them counts with the mark, and so once."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from django.db import connections, transaction
from django.utils.module_loading import import_string

from ..capture.connection import state_of
from ..exceptions import ClaimLost, GiveUp, LoopDetected
from ..models import Delivery
from .claims import claim, claim_due, claim_like, make_due, mark_done, mark_failed, release
from .jobs import Job, keep, when_committed
from .policy import policy

logger = logging.getLogger("signals_audit.deliveries")

AT_ONCE = 20
TOGETHER = 500
Run = Callable[[Sequence[Delivery]], None]


def _never(_delivery: Delivery) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Handler:
    """What runs the deliveries of a kind, and which of those with the same name it takes together.

    What `writes` runs in one transaction with the mark that it is done. What speaks to others does not: they
    may take their time, and cannot be rolled back.
    """

    run: Run
    writes: bool
    together: Callable[[Delivery], bool] = _never


_handlers: dict[str, Handler] = {}


def handle(kind: str, function: Callable[[Delivery], None]) -> None:
    """Have a function that speaks to others run the deliveries of a kind, one by one."""

    def run(claimed: Sequence[Delivery]) -> None:
        for delivery in claimed:
            function(delivery)

    _handlers[kind] = Handler(run, writes=False)


def handle_together(kind: str, function: Run, together: Callable[[Delivery], bool]) -> None:
    """Have a function that writes run deliveries of a kind: where it is said, those of one name at once."""
    _handlers[kind] = Handler(function, writes=True, together=together)


def schedule(jobs: Sequence[Job], *, using: str) -> None:
    """Note jobs down in the transaction at hand, and have them tried once it is committed."""
    keep(jobs, using)
    when_committed(partial(_try_all, tuple(jobs), using), using)


def _try_all(jobs: Iterable[Job], using: str) -> None:
    for job in jobs:
        if job.task:
            hand_over(job.key, using)
        else:
            deliver(job.key, using)


def hand_over(key: str, using: str) -> None:
    """Have another process try a delivery; where that cannot be said to it, `audit_deliver` does it."""
    try:
        import_string(policy().TASKS)(key, using)
    except Exception:
        logger.exception("The delivery %s on the database %r could not be handed over to a task", key, using)
        with suppress(Exception):
            make_due(key, using)


def deliver(key: str, using: str) -> bool:
    """Try a delivery, unless somebody else has or is done; return whether it is done by this."""
    claimed = taken([key], using)
    if not claimed:
        return False
    handler = _handlers.get(claimed[0].kind)
    if handler is not None and claimed[0].attempts == 1 and handler.together(claimed[0]):
        claimed += claim_like(claimed[0], using, TOGETHER - 1)
    return _tried(claimed, using)


def taken(keys: Sequence[str], using: str) -> list[Delivery]:
    """Claim those of some deliveries that nobody has tried yet; what fails at that is logged."""
    try:
        return claim(keys, using)
    except Exception:
        logger.exception("Deliveries on the database %r could not be claimed: %s", using, ", ".join(keys))
        return []


@dataclass
class Delivered:
    """What became of deliveries."""

    done: int = 0
    failed: int = 0

    @property
    def count(self) -> int:
        """Return how many were tried."""
        return self.done + self.failed


def deliver_due(using: str, *, limit: int = AT_ONCE) -> Delivered:
    """Try deliveries that are due, as many as the limit says, and return what became of them."""
    found = Delivered()
    for group in _grouped(claim_due(using, limit)):
        if _tried(group, using):
            found.done += len(group)
        else:
            found.failed += len(group)
    return found


def _grouped(claimed: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    together: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in claimed:
        handler = _handlers.get(delivery.kind)
        if handler is not None and delivery.attempts == 1 and handler.together(delivery):
            together.setdefault((delivery.kind, delivery.name), []).append(delivery)
        else:
            yield [delivery]
    yield from together.values()


def _tried(claimed: Sequence[Delivery], using: str) -> bool:
    first = claimed[0]
    if first.attempts > policy().ATTEMPTS:  # whoever tried it died each time
        _note_failure(claimed, using, first.error or "It was tried too often.", for_good=True)
        return False
    handler = _handlers.get(first.kind)
    if handler is None:
        _note_failure(claimed, using, f"Nobody delivers what is of the kind {first.kind!r}.", for_good=True)
        return False
    run = partial(handler.run, claimed)
    if handler.writes:
        return attempt(claimed, using, run)
    return _attempted(claimed, using, partial(_then_mark, claimed, using, run))


def attempt(claimed: Sequence[Delivery], using: str, run: Callable[[], None]) -> bool:
    """Run a function and mark deliveries done in one transaction, or keep why it failed; return which."""
    return _attempted(claimed, using, partial(_together_with_mark, claimed, using, run))


def _together_with_mark(claimed: Sequence[Delivery], using: str, run: Callable[[], None]) -> None:
    with transaction.atomic(using):
        state_of(connections[using]).lock_before_read()
        run()
        mark_done(claimed, using)


def _then_mark(claimed: Sequence[Delivery], using: str, run: Callable[[], None]) -> None:
    run()
    mark_done(claimed, using)


def _attempted(claimed: Sequence[Delivery], using: str, step: Callable[[], None]) -> bool:
    try:
        step()
    except ClaimLost:
        logger.warning("%s took longer than its lease, and is left to others", claimed[0].name)
        return False
    except Exception as error:
        logger.exception("%s failed on the database %r", claimed[0].name, using)
        _note_failure(
            claimed, using, traceback.format_exc(), for_good=isinstance(error, (GiveUp, LoopDetected))
        )
        return False
    except BaseException:  # this process ends: others need not wait for the lease
        release(claimed, using)
        raise
    return True


def _note_failure(claimed: Sequence[Delivery], using: str, error: str, *, for_good: bool) -> None:
    try:
        mark_failed(claimed, using, error, for_good=for_good)
    except Exception:  # when the lease has run out, it is tried again
        logger.exception("It could not be noted that %s failed", claimed[0].name)
