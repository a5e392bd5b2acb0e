"""Receivers are measured here as the settings say, and nothing of it is left to other tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.signals import post_save
from django.dispatch import Signal

from signals_audit.receiver_statistics import flushing
from signals_audit.tracing.figures import Measured, store

Watch = Callable[..., None]
Connect = Callable[..., None]
Taken = Callable[[], dict[str, Measured]]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    store._figures.clear()
    flushing.begin_anew()


@pytest.fixture
def watch(settings: Any) -> Watch:
    """Watch as `TRACING` says; without anything, not at all."""

    def start(**tracing: Any) -> None:
        settings.SIGNALS_AUDIT = {"TRACING": tracing}

    return start


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect receivers of `post_save`, or of another signal, until the test is over."""
    connected: list[tuple[Signal, Any, dict[str, Any]]] = []

    def connect(receiver: Any, sender: Any = None, signal: Signal = post_save, weak: bool = False) -> None:
        signal.connect(receiver, sender=sender, weak=weak)
        connected.append((signal, receiver, {"sender": sender}))

    yield connect
    for signal, receiver, named in connected:
        signal.disconnect(receiver, **named)


@pytest.fixture
def taken() -> Taken:
    """Take what was measured of this package's tests, by the last part of the receivers' names."""

    def take() -> dict[str, Measured]:
        found = store.take().items()
        return {receiver.rpartition(".")[2]: each for (_, receiver), each in found if "tests." in receiver}

    return take
