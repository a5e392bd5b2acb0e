"""The processes that measure, seen from the one that asks them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[3]


class WorkerError(RuntimeError):
    """A process could not be started, or is gone."""


class Worker:
    """One package's process."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.tells: dict[str, Any] = {}
        self._process = process

    def asked(self, **request: Any) -> dict[str, Any]:
        """Return what the process measured."""
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Return the next thing that the process says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerError(f"The process of {self.name} has ended.")
        return dict(json.loads(line))


@contextmanager
def working(python: Path, names: Iterable[str]) -> Iterator[dict[str, Worker]]:
    """Have a process for each package, and end them all in the end."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(_started(python, name)) for name in names}
        for worker in workers.values():
            worker.tells = worker.answer()
        yield workers


@contextmanager
def _started(python: Path, name: str) -> Iterator[Worker]:
    process = subprocess.Popen(
        [python, "-m", f"{__package__}.worker", name],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Worker(name, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
