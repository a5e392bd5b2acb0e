"""Atomic blocks that the machine is in."""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction


class Blocks:
    """The atomic blocks that are open, on both databases, one within the other."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Any]] = []

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, using: str, savepoint: bool) -> None:
        block = transaction.atomic(using, savepoint=savepoint)
        block.__enter__()
        self._open.append((using, block))

    def leave(self, error: BaseException | None = None) -> str:
        """Leave the innermost block, and those that Django then has to roll back; return its database."""
        using, block = self._open.pop()
        block.__exit__(type(error) if error else None, error, error and error.__traceback__)
        self.unwind()
        return using

    def leave_broken(self, error: BaseException) -> None:
        """Leave blocks until none is left that the error may have broken."""
        broken = {using for using, _ in self._open}
        while broken:
            broken.discard(self.leave(error))
            broken &= {using for using, _ in self._open}

    def roll_back(self) -> None:
        """Roll the innermost block back."""
        transaction.set_rollback(True, self._open[-1][0])
        self.unwind()

    def unwind(self) -> None:
        """Leave the blocks that must be rolled back."""
        while any(connections[using].needs_rollback for using, _ in self._open):
            _using, block = self._open.pop()
            block.__exit__(None, None, None)
