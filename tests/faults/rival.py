"""A rival that writes between the statements of one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext, suppress
from typing import Any

from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F

from signals_audit import audit_context
from tests.testapp.models import Article, Author, Parent, Vote


def create(number: int) -> None:
    Article.objects.create(title=f"New {number}")


def save(number: int) -> None:
    Parent(pk=1, name=f"Saved {number}").save(force_update=True)


def update(number: int) -> None:
    Vote.objects.filter(pk=1).update(weight=F("weight") + 1)


def delete(number: int) -> None:
    Vote.objects.filter(pk=2 + number).delete()


FORMS = (create, save, update, delete)
WAYS = ((True, False), (False, False), (True, True), (False, True))


def meet() -> dict[str, int]:
    """Write in every form, first of all on a connection and later on, in autocommit and in a block."""
    for form in FORMS:
        for number, (is_first, in_block) in enumerate(WAYS):
            if is_first:
                connections.close_all()
            block = transaction.atomic() if in_block else nullcontext()
            acting = audit_context(actor=_actor_from_the_database)
            with closing(_rival()) as rival, connection.execute_wrapper(_before_writes(rival)), block, acting:
                form(number)
    return {"written": len(WAYS) * len(FORMS)}


def _actor_from_the_database() -> str:
    """Return an actor that is read when it is asked for, as the user of a request is."""
    return str(Author.objects.first())


def _rival() -> BaseDatabaseWrapper:
    """Return a second connection, which does not wait for SQLite's lock."""
    rival = connection.copy()
    if rival.vendor == "sqlite":
        rival.settings_dict["OPTIONS"] = {"timeout": 0}
    return rival


def _before_writes(rival: BaseDatabaseWrapper) -> Callable[..., Any]:
    def interfere(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if not sql.startswith("SELECT"):
            _write(rival)
        return execute(sql, *arguments)

    return interfere


def _write(rival: BaseDatabaseWrapper) -> None:
    """Write, unless the file is locked."""
    with suppress(OperationalError), rival.cursor() as cursor:
        cursor.execute("INSERT INTO testapp_unaudited (name) VALUES ('rival')")
