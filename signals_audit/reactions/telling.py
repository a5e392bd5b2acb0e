"""Writing down what people are told: lines for inboxes, lines of digests, deliveries for other channels.

All of it is part of the transaction that it is because of, so nothing is told of what is rolled back, and
nothing is lost by a process that dies. It takes the same number of statements whatever the number of
recipients. What goes wrong is undone to a savepoint and logged: what people are told of has happened.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import F, FilteredRelation, Q
from django.db.models.functions import Coalesce

from .. import deliveries
from ..capture.connection import state_of
from ..models import DigestLine, Notification
from ..types import Pace
from .channels import KIND, Channel, channels
from .inserts import among, insert

logger = logging.getLogger("signals_audit.reactions")

LATER = (Pace.DAILY, Pace.WEEKLY)
ACTOR = ("actor_kind", "actor_id", "actor_repr")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told, as fields of `Notification`, whom, and on which channels if not on all."""

    keys: tuple[Any, ...]
    facts: Mapping[str, Any]
    channels: frozenset[str] | None = None


@dataclass(slots=True)
class Line:
    """What one recipient is told: in the inbox or not, and on which other channels at once and later."""

    notice: Notice
    key: Any
    is_shown: bool = False
    now: list[Channel] = field(default_factory=list)
    later: list[tuple[Channel, Pace]] = field(default_factory=list)
    uuid: UUID = field(default_factory=uuid4)
    id: int | None = None

    @property
    def is_wanted(self) -> bool:
        """Tell whether the recipient wants to be told at all."""
        return bool(self.is_shown or self.now or self.later)

    @property
    def collapse_key(self) -> str:
        """Return what tells the lines that are one as long as they are unread; "" for none."""
        return str(self.notice.facts.get("collapse_key", "")) if self.is_shown else ""


def tell(notices: Iterable[Notice], inbox: str, *, because_of: str) -> None:
    """Tell people, as part of the transaction on the database `because_of`.

    Where inboxes are on another database there is no such thing: they are told after COMMIT.
    """
    wanted = [notice for notice in notices if notice.keys]
    if not wanted:
        return
    what = f"{sum(len(notice.keys) for notice in wanted)} notifications {wanted[0].facts['verb']!r}"
    step = partial(guarded, partial(write, wanted, inbox), inbox, f"{what} could not be written")
    if because_of != inbox and connections[because_of].in_atomic_block:
        transaction.on_commit(step, using=because_of)
    else:
        step()


def guarded(step: Callable[[], None], using: str, failure: str) -> bool:
    """Call a function in a savepoint, and log what it raises, unless that ended the whole transaction."""
    connection = connections[using]
    if connection.needs_rollback:  # nothing of this transaction will be kept
        return False
    try:
        with transaction.atomic(using):
            step()
    except Exception:
        if connection.needs_rollback:
            raise
        logger.exception(failure)
        return False
    return True


def write(notices: Iterable[Notice], using: str) -> None:
    """Write down what is told, in the transaction at hand."""
    state_of(connections[using]).lock_before_read()
    lines = _planned([notice for notice in notices if notice.keys], using)
    if not lines:
        return
    _merge([line for line in lines if line.collapse_key], using)
    fresh = [line for line in lines if line.id is None]
    merged = [line for line in lines if line.id is not None]
    insert(Notification, map(_row, fresh), using)
    if any(line.now or line.later for line in lines):
        _find(fresh, using)
        _postpone(lines, merged, using)
        deliveries.schedule(list(_jobs(lines)), using=using)


# Who wants to be told


def _planned(notices: Sequence[Notice], using: str) -> list[Line]:
    """Return the lines that recipients want, with one query for each kind among the notices."""
    by_kind: dict[str, set[Any]] = defaultdict(set)
    for notice in notices:
        by_kind[notice.facts["kind"]].update(notice.keys)
    wishes = {kind: _wishes(keys, kind, using) for kind, keys in by_kind.items()}
    lines = [
        _line(notice, key, wishes[notice.facts["kind"]][key])
        for notice in notices
        for key in notice.keys
        if key in wishes[notice.facts["kind"]]
    ]
    return [line for line in lines if line.is_wanted]


def _wishes(keys: Iterable[Any], kind: str, using: str) -> dict[Any, dict[str, str]]:
    """Return how soon users want to be told of a kind on channels; who does not exist is not among them."""
    users = get_user_model()._base_manager.using(using)
    wish = FilteredRelation("audit_preferences", condition=Q(audit_preferences__kind=kind))
    rows = users.filter(pk__in=among(get_user_model()._meta.pk, keys, using)).annotate(wish=wish)
    found: dict[Any, dict[str, str]] = {}
    for key, channel, pace in rows.values_list("pk", "wish__channel", "wish__pace"):
        found.setdefault(key, {})[channel] = pace
    return found


def _line(notice: Notice, key: Any, wishes: Mapping[str, str]) -> Line:
    line = Line(notice, key)
    for name, channel in channels().items():
        if notice.channels is not None and name not in notice.channels:
            continue
        pace = Pace(wishes.get(name, channel.pace))
        if channel.is_inbox:
            line.is_shown = pace is not Pace.OFF
        elif pace is Pace.NOW:
            line.now.append(channel)
        elif pace in LATER:
            line.later.append((channel, pace))
    return line


# What is still unread


def _merge(lines: Sequence[Line], using: str) -> None:
    """Have unread lines tell these news, too, and note which they are.

    A line that another transaction is at is left to it: there will be two, and nobody waits.
    """
    if not lines:
        return
    rows = Notification._base_manager.using(using)
    unread = rows.filter(
        recipient_id__in=among(get_user_model()._meta.pk, {line.key for line in lines}, using),
        collapse_key__in={line.collapse_key for line in lines},
        read_at__isnull=True,
    )
    can_skip = connections[using].features.has_select_for_update_skip_locked
    locked = unread.select_for_update(skip_locked=can_skip).order_by("id")
    newest = {
        (key, collapse): pk for pk, key, collapse in locked.values_list("pk", "recipient_id", "collapse_key")
    }
    by_notice: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        line.id = newest.get((line.key, line.collapse_key))
        if line.id is not None:
            by_notice[id(line.notice)].append(line)
    for merged in by_notice.values():
        _update(merged, using)


def _update(lines: Sequence[Line], using: str) -> None:
    facts = lines[0].notice.facts
    rows = Notification._base_manager.using(using)
    chosen = among(Notification._meta.pk, [line.id for line in lines], using)
    rows.filter(pk__in=chosen).update(
        first_data=Coalesce(F("first_data"), F("data")),  # before `data`: MySQL computes one after the other
        data=facts["data"],
        count=F("count") + 1,
        updated_at=facts["created_at"],
        **{name: facts[name] for name in ACTOR},
    )


# What is new


def _row(line: Line) -> tuple[Mapping[str, Any], dict[str, Any]]:
    hidden = {} if line.is_shown else {"hidden": True, "read_at": line.notice.facts["created_at"]}
    return line.notice.facts, {"uuid": line.uuid, "recipient_id": line.key, **hidden}


def _find(lines: Sequence[Line], using: str) -> None:
    """Note the keys that the database gave to lines."""
    uuids = [line.uuid for line in lines]
    rows = Notification._base_manager.using(using).filter(
        uuid__in=among(Notification._meta.get_field("uuid"), uuids, using)
    )
    found = dict(rows.values_list("uuid", "pk"))
    for line in lines:
        line.id = found[line.uuid]


def _postpone(lines: Sequence[Line], merged: Sequence[Line], using: str) -> None:
    """Have digests tell lines; those that were there before may wait for one already."""
    keys = [line.id for line in merged if line.later]
    known = among(Notification._meta.pk, keys, using)
    rows = DigestLine._base_manager.using(using).filter(notification_id__in=known)
    waiting = set(rows.values_list("notification_id", "channel")) if keys else set()
    missing: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {},
            {
                "notification_id": line.id,
                "recipient_id": line.key,
                "channel": channel.name,
                "pace": pace.value,
            },
        )
        for line in lines
        for channel, pace in line.later
        if (line.id, channel.name) not in waiting
    ]
    insert(DigestLine, missing, using)


def _jobs(lines: Sequence[Line]) -> Iterable[deliveries.Job]:
    by_channel: dict[Channel, list[Any]] = defaultdict(list)
    for line in lines:
        for channel in line.now:
            by_channel[channel].append(line.id)
    for channel, keys in by_channel.items():
        for start in range(0, len(keys), channel.chunk):
            body = {"notifications": keys[start : start + channel.chunk]}
            yield deliveries.Job(KIND, channel.name, body, task=bool(channel.options.get("TASK")))
