"""How a transaction is told who acts, so that its triggers know."""
# ruff: noqa: S608 - what stands in these statements are our own names

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from ..capture.identifiers import uuid7
from ..values import dumps
from .sqlite import CONTEXT, FACTS


@dataclass(frozen=True, slots=True)
class Said:
    """What triggers have to know. Each context of a transaction has a slot, and a change set of its own.

    `is_new` says that the slot was another context's before, `by_sets` that triggers are to take all rows of
    a statement together.
    """

    slot: int
    facts: dict[str, Any]
    actor_id: str
    cause: tuple[str, str, str] | None
    silent: tuple[str, ...]
    is_new: bool = False
    by_sets: bool = False


class Speech(Protocol):
    """A database's way; `stays` says whether what was said holds until the transaction ends."""

    stays: bool

    def spoken(self, said: Said | None) -> Any:
        """Return a block in which a statement runs, with the database told."""


class Settings:
    """PostgreSQL: settings that end with the transaction, and go back with its savepoints."""

    stays = True
    NAMES = ("current", "facts", "actor", "cause", "disabled", "sets")
    SET = tuple(f"set_config('signals_audit.{name}', %s, true)" for name in NAMES)
    CLEARED = "set_config(%s, '', true)"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    @contextmanager
    def spoken(self, said: Said | None) -> Iterator[None]:
        """Have the settings made."""
        if said is not None:
            self._run(*self._settings(said))
        yield

    def asked(self, said: Said | None, question: str, params: tuple[str, ...]) -> list[str]:
        """Have the settings made, and return the answers to a question, in one statement."""
        columns, values = self._settings(said) if said is not None else ((), ())
        found: list[str] = self._run((f"ARRAY({question})", *columns), (*params, *values))[0]
        return found

    def _settings(self, said: Said) -> tuple[tuple[str, ...], tuple[str, ...]]:
        cause = "\n".join(said.cause) if said.cause else ""
        who = (str(said.slot), dumps(said.facts), said.actor_id, cause)
        told = (*who, " ".join(said.silent), "on" if said.by_sets else "")
        if not said.is_new:
            return self.SET, told
        return (*self.SET, self.CLEARED), (*told, f"signals_audit.slot_{said.slot}")

    def _run(self, columns: tuple[str, ...], params: tuple[str, ...]) -> Any:
        """Select with a bare cursor: it is no query of the project's."""
        with self._connection.wrap_database_errors:
            cursor = self._connection.create_cursor()
            try:
                cursor.execute(f"SELECT {', '.join(columns)}", params)
                return cursor.fetchone()
            finally:
                cursor.close()


class Row:
    """SQLite: a row that is active while a statement runs, for nobody else can write at that time."""

    stays = False
    COLUMNS = ("slot", "is_active", "seq", *FACTS)
    INSERT = (
        f"INSERT OR REPLACE INTO {CONTEXT} ({', '.join(COLUMNS)}) "
        f"VALUES (?, 1, 0, {', '.join('?' * len(FACTS))})"
    )
    ACTIVATE = (
        f"UPDATE {CONTEXT} SET is_active = 1, caused_by = ?, caused_by_change_set = ?, caused_by_seq = ?, "
        "silent = ? WHERE slot = ?"
    )
    QUIET = f"UPDATE {CONTEXT} SET is_active = 0"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    @contextmanager
    def spoken(self, said: Said | None) -> Iterator[None]:
        """Have the row active for one statement."""
        if said is None:
            yield
            return
        self._say(said)
        try:
            yield
        except BaseException:
            with suppress(DatabaseError):  # the transaction may be gone already
                self._run(self.QUIET, ())
            raise
        self._run(self.QUIET, ())

    def _say(self, said: Said) -> None:
        address, seq, name = said.cause or ("", "", "")
        cause = (name, address.replace("-", "") or None, int(seq) if seq else None)
        silent = f" {' '.join(said.silent)} "
        if not said.is_new and self._run(self.ACTIVATE, (*cause, silent, said.slot)):
            return
        facts = said.facts
        known = (facts[name] for name in FACTS[3:8])
        made = (
            uuid7().hex,
            facts["actor_kind"],
            said.actor_id,
            *known,
            dumps(facts["extra"]),
            *cause,
            silent,
        )
        self._run(self.INSERT, (said.slot, *made))

    def _run(self, sql: str, params: tuple[Any, ...]) -> int:
        with self._connection.wrap_database_errors:
            return int(self._connection.connection.execute(sql, params).rowcount)


class Variables:
    """MariaDB: variables of the session that are set while a statement runs."""

    stays = False
    NAMES = (
        *("change_set", "seq", "is_open", "actor_kind", "actor_id", "actor_repr", "remote_addr"),
        *("correlation_id", "reason", "path", "extra", "caused_by", "caused_by_change_set"),
        *("caused_by_seq", "silent"),
    )
    SET = "SET " + ", ".join(f"@signals_audit_{name} = %s" for name in NAMES)
    QUIET = "SELECT @signals_audit_seq, " + ", ".join(f"@signals_audit_{name} := NULL" for name in NAMES)

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._sets: dict[int, tuple[uuid.UUID, int]] = {}

    @contextmanager
    def spoken(self, said: Said | None) -> Iterator[None]:
        """Have the variables set for one statement, and note how far its change set got."""
        if said is None:
            yield
            return
        if said.is_new or said.slot not in self._sets:
            self._sets[said.slot] = (uuid7(), 0)
        self._run(self.SET, self._values(said))
        try:
            yield
        except BaseException:
            with suppress(DatabaseError):  # the connection may be gone, and its variables with it
                self._go_on(said)
            raise
        self._go_on(said)

    def _go_on(self, said: Said) -> None:
        rows = self._run(self.QUIET, ())
        self._sets[said.slot] = (self._sets[said.slot][0], int(rows[0][0] or 0))

    def _values(self, said: Said) -> tuple[Any, ...]:
        change_set, seq = self._sets[said.slot]
        facts, (address, place, name) = said.facts, said.cause or ("", "", "")
        known = (facts["actor_kind"], said.actor_id, *(facts[name] for name in FACTS[3:8]))
        because = (name, self._uuid(uuid.UUID(address)) if address else None, int(place) if place else None)
        silent = f" {' '.join(said.silent)} "
        return (self._uuid(change_set), seq, 0, *known, dumps(facts["extra"]), *because, silent)

    def _uuid(self, value: uuid.UUID) -> str:
        return str(value) if self._connection.features.has_native_uuid_field else value.hex

    def _run(self, sql: str, params: tuple[Any, ...]) -> Any:
        with self._connection.wrap_database_errors:
            cursor = self._connection.create_cursor()
            try:
                cursor.execute(sql, params)
                return cursor.fetchall()
            finally:
                cursor.close()


SPEECHES: dict[str, Callable[[BaseDatabaseWrapper], Speech]] = {
    "postgresql": Settings,
    "sqlite": Row,
    "mysql": Variables,
}


def speech_for(connection: BaseDatabaseWrapper) -> Speech:
    """Return the way of a connection's database."""
    return SPEECHES[connection.vendor](connection)
