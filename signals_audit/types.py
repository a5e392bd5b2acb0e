"""The words of signals_audit: actions, actors, contexts and addresses of entries."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.db.models.enums import TextChoices
from django.utils.translation import gettext_lazy as _


class Action(TextChoices):
    """What was done to a row."""

    CREATE = "create", _("create")
    UPDATE = "update", _("update")
    DELETE = "delete", _("delete")


class ActorKind(TextChoices):
    """What sort of actor made a change."""

    USER = "user", _("user")
    ANONYMOUS = "anonymous", _("anonymous")
    SYSTEM = "system", _("system")
    COMMAND = "command", _("command")
    TASK = "task", _("task")
    RECEIVER = "receiver", _("receiver")


class Timing(enum.Enum):
    """When a reaction runs: inside the change's transaction, after its COMMIT, or by a task after that."""

    IN_TRANSACTION = "in_transaction"
    AFTER_COMMIT = "after_commit"
    TASK = "task"


class DeliveryState(TextChoices):
    """How far something got that is to be done after a COMMIT, come what may."""

    PENDING = "pending", _("pending")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class Pace(TextChoices):
    """How soon somebody wants to be told of something on a channel."""

    NOW = "now", _("at once")
    DAILY = "daily", _("once a day")
    WEEKLY = "weekly", _("once a week")
    OFF = "off", _("not at all")


class Unknown(enum.Enum):
    """The value that stands where the database's own value is not known."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change.

    `id` is the text of the user's primary key and None for everybody who is not a user; `label` stays
    readable after the account is gone.
    """

    kind: ActorKind
    id: str | None
    label: str


class EntryAddress(NamedTuple):
    """Where an entry stands: its change set, and its place within it."""

    change_set: uuid.UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Cause:
    """The reaction that is running, and the entry of the change that made it run.

    `change` describes that change, and `previous` is what had caused it.
    """

    name: str
    address: EntryAddress | None
    change: str = ""
    previous: Cause | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.change})" if self.change else self.name

    def chain(self) -> list[Cause]:
        """Return this cause and those before it, the latest first."""
        return [self, *(self.previous.chain() if self.previous is not None else ())]


NO_EXTRA: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AuditContext:
    """The facts around a change: who, why, from where, in which request.

    `actor` is an Actor, a user, or a callable without arguments that returns one of them; it is asked when
    a change is captured, so a user who is authenticated late still counts.
    """

    actor: Any = None
    reason: str = ""
    correlation_id: str = ""
    remote_addr: str = ""
    path: str = ""
    extra: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRA)
    cause: Cause | None = None
