"""Saving and deleting for real, to see what runs, in transactions that are rolled back.

Receivers are really called, and what they do outside of the project's databases is not undone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router, transaction
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .context import audit_context
from .exceptions import AuditError
from .models import AuditEntry
from .tracing.receivers import receiver_name
from .tracing.traces import Trace, trace_signals
from .tracing.trees import error_text


class CannotRehearse(AuditError):
    """There is nothing to rehearse with, or no way to undo it."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A function that was registered for COMMIT, and did not run."""

    name: str
    using: str
    is_robust: bool


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """What a save or a delete set off.

    `entries` are those that would be in the log. `error` is what the save raised, if it did. `warnings` say
    what was not undone.
    """

    trace: Trace
    entries: tuple[AuditEntry, ...]
    callbacks: tuple[Callback, ...]
    warnings: tuple[str, ...]
    error: Exception | None = None


def rehearse_update(model: type[Model], pk: Any, *, using: str | None = None) -> Rehearsal:
    """Load a row and save it as it is.

    Raises CannotRehearse where there is no such row, or the database cannot roll back.
    """
    alias = using or router.db_for_write(model)
    key = _key(model, pk)

    def perform() -> None:
        found = list(model._base_manager.using(alias).filter(pk=key)[:1])
        if not found:
            told = {"model": model._meta.label, "key": pk, "using": alias}
            raise CannotRehearse(_("There is no %(model)s “%(key)s” on the database “%(using)s”.") % told)
        found[0].save(using=alias)

    return _rehearse(perform, alias)


def rehearse_create_and_delete(
    factory: Callable[[], Any], *, model: type[Model] | None = None, using: str | None = None
) -> Rehearsal:
    """Have a function make an object, save it unless that was done, and delete it.

    Raises CannotRehearse where it makes something else than an object of the model, or the database cannot
    roll back.
    """

    def perform() -> None:
        made = factory()
        if not isinstance(made, model or Model):
            told = {"factory": receiver_name(factory), "made": type(made).__name__}
            told["model"] = model._meta.label if model else "Model"
            raise CannotRehearse(_("%(factory)s made no %(model)s, but a %(made)s.") % told)
        if made._state.adding:
            made.save(using=using)
        made.delete()

    return _rehearse(perform, using or (router.db_for_write(model) if model else DEFAULT_DB_ALIAS))


def _key(model: type[Model], pk: Any) -> Any:
    """Return a key as the model has it, of one that may be written as text."""
    fields = model._meta.pk_fields
    values = (pk,) if len(fields) == 1 else pk
    try:
        if isinstance(values, str):
            raise ValidationError("a composite key is a list")
        key = tuple(part.to_python(value) for part, value in zip(fields, values, strict=True))
    except (ValidationError, TypeError, ValueError):
        raise CannotRehearse(_("“%(key)s” is no key of a %(model)s.") % _told(model, pk)) from None
    return key if len(fields) > 1 else key[0]


def _told(model: type[Model], pk: Any) -> dict[str, Any]:
    return {"model": model._meta.label, "key": pk}


def _rehearse(perform: Callable[[], None], using: str) -> Rehearsal:
    stage = Stage(using)
    with stage.opened(), audit_context(correlation_id=stage.id):
        with trace_signals() as trace:
            error = _error_of(perform)
        entries, callbacks = stage.entries(), stage.callbacks()
    return Rehearsal(trace, entries, callbacks, (*_warnings(trace, error), *stage.warnings), error)


def _error_of(perform: Callable[[], None]) -> Exception | None:
    try:
        perform()
    except CannotRehearse:
        raise
    except Exception as error:  # whatever the project's code raises belongs to what is to be seen
        return error
    return None


def _warnings(trace: Trace, error: Exception | None) -> Iterator[str]:
    yield _("All receivers were really called: mails, requests, files and caches are not rolled back.")
    enqueued = sum(sent.name == "task_enqueued" for sent in trace.sent)
    if enqueued:
        yield ngettext("%d task was enqueued.", "%d tasks were enqueued.", enqueued) % enqueued
    raised = [error, *(called.error for sent in trace.sent for called in sent.receivers)]
    if any(map(_wants_no_transaction, raised)):
        yield _(
            "transaction.atomic(durable=True) was refused, for a rehearsal is a transaction itself. In a "
            "real save outside of transactions it works."
        )


def _wants_no_transaction(error: BaseException | None) -> bool:
    """Tell whether an error is Django's that a durable block stands within another; it has no class."""
    return isinstance(error, RuntimeError) and "durable atomic block" in str(error)


@dataclass(slots=True)
class Stage:
    """The project's databases, each in a transaction that is rolled back.

    All of them, for receivers may write to others than that of the row.
    """

    using: str
    id: str = field(default_factory=lambda: f"rehearsal {uuid.uuid4()}")
    warnings: list[str] = field(default_factory=list)
    _before: dict[str, int] = field(default_factory=dict)  # how many callbacks waited already, by aliases

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Undo all that a block writes."""
        with ExitStack() as stack:
            self._open(self.using, stack)
            for alias in connections:
                if alias != self.using:
                    self._open_if_possible(alias, stack)
            yield

    def _open(self, alias: str, stack: ExitStack) -> None:
        connection = connections[alias]
        # Other backends would find out by making a table.
        if connection.vendor == "mysql" and not connection.features.supports_transactions:
            raise CannotRehearse(_("The database “%s” cannot roll back.") % alias)
        with connection.cursor():  # a test may forbid that; the block alone would not notice
            stack.enter_context(_undone(alias))
        self._before[alias] = len(_waiting(alias))

    def _open_if_possible(self, alias: str, stack: ExitStack) -> None:
        try:
            self._open(alias, stack)
        except Exception as error:  # it may be away, or forbidden in a test
            told = {"using": alias, "error": error_text(error)}
            self.warnings.append(
                _("What is written to the database “%(using)s” is not rolled back: %(error)s") % told
            )

    def entries(self) -> tuple[AuditEntry, ...]:
        """Return the entries that the block has made."""
        return tuple(entry for alias in self._before for entry in self._entries_on(alias))

    def _entries_on(self, alias: str) -> Sequence[AuditEntry]:
        if not router.allow_migrate(alias, AuditEntry._meta.app_label, model_name="auditentry"):
            return ()
        made = AuditEntry.objects.using(alias).filter(change_set__correlation_id=self.id)
        try:
            with transaction.atomic(using=alias):
                return list(made.select_related("change_set").order_by("id"))
        except DatabaseError:  # without the log's tables, or after an error that ended the transaction
            return ()

    def callbacks(self) -> tuple[Callback, ...]:
        """Return what waits for the COMMIT that does not come."""
        return tuple(
            Callback(receiver_name(function), alias, is_robust)
            for alias, before in self._before.items()
            for _savepoints, function, is_robust in _waiting(alias)[before:]
        )


def _waiting(alias: str) -> list[Any]:
    """Return what waits for COMMIT on a database, with the savepoints that it belongs to."""
    return connections[alias].run_on_commit


@contextmanager
def _undone(using: str) -> Iterator[None]:
    with transaction.atomic(using=using):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=using)
