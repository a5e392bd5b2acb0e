"""A throw-away Redis on loopback, for the tests that need a broker (Linux)."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import HOST, PATIENCE, free_port, program, within

REQUIRED = "SIGNALS_AUDIT_TEST_REDIS"


@contextmanager
def broker(folder: Path, port: int = 0) -> Iterator[str]:
    """Have a server that keeps nothing on disk, and give its URL."""
    command = server()
    port = port or free_port()
    options = ["--bind", HOST, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with Path(folder, "redis.log").open("wb") as log:
        process = subprocess.Popen([command, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            started = within(PATIENCE, lambda: process.poll() is not None or answers(port))
            assert started and process.poll() is None, Path(log.name).read_text()
            yield url(port)
        finally:
            process.kill()
            process.wait()


def url(port: int) -> str:
    return f"redis://{HOST}:{port}/0"


def server() -> str:
    """Return the program; where there is none, leave the test out, but never where it has to be."""
    if found := program("redis-server"):
        return found
    reason = "There is no Redis: install Debian's redis-server."
    if os.environ.get(REQUIRED):
        pytest.fail(reason)
    pytest.skip(reason)


def answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
