"""Real reasons why an entry cannot be written, each for the time of a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.db import connection, connections

from signals_audit import audit_context, recorder, recovery
from signals_audit.models import AuditEntry, ChangeSet

TABLE = AuditEntry._meta.db_table
REFUSALS = {
    "sqlite": (
        f"CREATE TRIGGER refusing BEFORE INSERT ON {TABLE} BEGIN SELECT RAISE(ABORT, 'refused'); END",
        "DROP TRIGGER refusing",
    ),
    "postgresql": (
        f"ALTER TABLE {TABLE} ADD CONSTRAINT refusing CHECK (false) NOT VALID",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT refusing",
    ),
    "mysql": (
        f"CREATE TRIGGER refusing BEFORE INSERT ON {TABLE} FOR EACH ROW SIGNAL SQLSTATE '45000'",
        "DROP TRIGGER refusing",
    ),
}


def run(sql: str, using: str = "default") -> Any:
    with connections[using].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() if cursor.description else None


@contextmanager
def without_table(model: Any) -> Iterator[None]:
    """Have a table missing, under another name."""
    name, hidden = model._meta.db_table, f"{model._meta.db_table}_hidden"

    def rename(old: str, new: str) -> None:
        with connection.schema_editor() as editor:
            editor.alter_db_table(model, old, new)

    rename(name, hidden)
    try:
        yield
    finally:
        rename(hidden, name)


@contextmanager
def refused(using: str = "default") -> Iterator[None]:
    """Have the database refuse entries by a rule of its own."""
    put_up, take_down = REFUSALS[connection.vendor]
    run(put_up, using)
    try:
        yield
    finally:
        run(take_down, using)


@contextmanager
def disk_full() -> Iterator[None]:
    """Have no room for what the entry says, though there is some for the row."""
    before = run("PRAGMA max_page_count")[0]
    run("VACUUM")
    pages = run("PRAGMA page_count")[0]
    run(f"PRAGMA max_page_count = {pages + 50}")
    try:
        with audit_context(note="x" * 2_000_000):
            yield
    finally:
        run(f"PRAGMA max_page_count = {before}")


@contextmanager
def not_encodable() -> Iterator[None]:
    """Have no way to make an entry of a value."""

    def fail(_event: Any) -> Any:
        raise RecursionError("no way to say this")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "stored_changes", fail)
        patch.setattr(recovery, "stored_changes", fail)
        yield


FAULTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "entries missing": lambda: without_table(AuditEntry),
    "change sets missing": lambda: without_table(ChangeSet),
    "refused": refused,
    "not encodable": not_encodable,
}
if connection.vendor == "sqlite":
    FAULTS["disk full"] = disk_full
