"""One observed write: its transaction, and the events that it makes on the way."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from ..events import ChangeEvent
from . import pipeline
from .connection import ConnectionState, state_of


class WriteBlock:
    """Hold a write, its before-read and its entries together in one transaction.

    Inside a transaction it opens nothing; in autocommit it opens one, and closes it before Django sends
    `post_save`: what plain Django allows around a write stays allowed. Statements inside a save's block add
    to it.
    """

    __slots__ = ("_atomic", "_depth", "_outer", "_was", "events", "has_written", "instance", "state")

    def __init__(self, state: ConnectionState, instance: Model | None = None) -> None:
        self.state = state
        self.instance = instance
        self.events: list[ChangeEvent] = []
        self.has_written = False
        self._atomic: Any = None
        self._was: tuple[bool, str | None] | None = None

    @staticmethod
    def around(connection: BaseDatabaseWrapper) -> AbstractContextManager[WriteBlock]:
        """Return the block of the save that runs on a connection, or a new one for a statement of its own.

        A statement within a savepoint of its own may be undone alone: it does not add to the save's block.
        """
        state = state_of(connection)
        block: WriteBlock | None = state.block
        if block is not None and block._depth == len(connection.savepoint_ids):
            return nullcontext(block)
        return WriteBlock(state)

    def wrote(self) -> None:
        """Note that a statement changed rows: from here on they may not stay without their entries."""
        self.has_written = self.state.is_locked = True

    def saved(self, model: type[Model]) -> None:
        """Have reactions find the instance as it will be after the save: Django says so only later."""
        instance = self.instance
        if instance is not None and instance._meta.concrete_model is model._meta.concrete_model:
            self._was = (instance._state.adding, instance._state.db)
            instance._state.adding, instance._state.db = False, self.state.connection.alias

    def flush(self) -> None:
        """Have the entries of what happened so far written, and tell of it: much more is to come."""
        try:
            self._deliver()
        except BaseException:
            self.state.spoil()
            raise
        self.events.clear()

    def __enter__(self) -> WriteBlock:
        connection = self.state.connection
        if connection.get_autocommit() and not connection.in_atomic_block:
            self._atomic = transaction.atomic(connection.alias, savepoint=False)
            self._atomic.__enter__()
        self._depth = len(connection.savepoint_ids)
        self._outer, self.state.block = self.state.block, self
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.state.block = self._outer
        if error is None:
            try:
                self._deliver()
            except BaseException as failure:
                self.state.spoil()
                self._leave(type(failure), failure, failure.__traceback__)
                raise
        self._leave(error_type, error, traceback)

    def _leave(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._unsaved()
        if self._atomic is not None:
            try:
                self._atomic.__exit__(error_type, error, traceback)
            except BaseException:  # a constraint may fail as late as at COMMIT
                self._unsaved()
                raise
        elif error is not None and self.state.connection.in_atomic_block and self._must_roll_back():
            self.state.connection.needs_rollback = True

    def _must_roll_back(self) -> bool:
        """Tell whether a change may stand without its entry; of a statement that failed Django takes care."""
        return self.has_written or self.instance is not None

    def _unsaved(self) -> None:
        if self.instance is not None and self._was is not None:
            self.instance._state.adding, self.instance._state.db = self._was

    def _deliver(self) -> None:
        """Have the entries written, then tell of the events; what reactions write has blocks of its own."""
        if not self.events:
            return
        state = self.state
        block, announced = state.block, state.is_announced
        state.block, state.is_announced = None, True
        try:
            recorded = [event for event in self.events if event.address is not None]
            if recorded:
                pipeline.write(self.state.connection, self.state.journal.unwritten(), recorded)
            state.is_announced = False
            told = [event for event in self.events if event.pk is not None]  # not those that stand for many
            pipeline.keep(told, state.connection.alias)
            awaited = {model for model in {event.model for event in told} if pipeline.is_awaited(model)}
            for event in told:
                if event.model in awaited:
                    state.keep_until_commit(event)
                pipeline.announce(event)
            pipeline.announce_captured(told, state.connection.alias)
        finally:
            state.block, state.is_announced = block, announced
