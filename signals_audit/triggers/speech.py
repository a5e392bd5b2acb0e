"""How a transaction is told who acts, so that its triggers know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

from ..values import dumps


@dataclass(frozen=True, slots=True)
class Said:
    """What triggers have to know. Each context of a transaction has a slot, and a change set of its own.

    `is_new` says that the slot was another context's before.
    """

    slot: int
    facts: dict[str, Any]
    actor_id: str
    cause: tuple[str, str, str] | None
    silent: tuple[str, ...]
    is_new: bool = False


class Speech(Protocol):
    """A database's way; `stays` says whether what was said holds until the transaction ends."""

    stays: bool

    def spoken(self, said: Said | None) -> Any:
        """Return a block in which a statement runs, with the database told."""


class Settings:
    """PostgreSQL: settings that end with the transaction, and go back with its savepoints."""

    stays = True
    SQL = "SELECT " + ", ".join(
        f"set_config('signals_audit.{name}', %s, true)"
        for name in ("current", "facts", "actor", "cause", "disabled")
    )

    CLEAR = "SELECT set_config(%s, '', true)"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    @contextmanager
    def spoken(self, said: Said | None) -> Iterator[None]:
        """Have the settings made, with a bare cursor: it is no query of the project's."""
        if said is not None:
            cause = "\n".join(said.cause) if said.cause else ""
            told = (str(said.slot), dumps(said.facts), said.actor_id, cause, " ".join(said.silent))
            with self._connection.wrap_database_errors:
                cursor = self._connection.create_cursor()
                try:
                    cursor.execute(self.SQL, told)
                    if said.is_new:
                        cursor.execute(self.CLEAR, (f"signals_audit.slot_{said.slot}",))
                finally:
                    cursor.close()
        yield


SPEECHES = {"postgresql": Settings}


def speech_for(connection: BaseDatabaseWrapper) -> Speech:
    """Return the way of a connection's database."""
    return SPEECHES[connection.vendor](connection)
