"""Models that are captured by triggers for the time of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Model

from signals_audit import register, triggers
from signals_audit.testing import isolated_registry
from signals_audit.triggers import handover

collect_ignore_glob = [] if connection.vendor in triggers.DIALECTS else ["test_*.py"]

Triggered = Callable[..., None]


@pytest.fixture(autouse=True)
def _connection_without_a_trace() -> Iterator[None]:
    yield
    for used in connections.all(initialized_only=True):
        if (known := used.__dict__.pop(handover.ATTRIBUTE, None)) is not None:
            used.execute_wrappers.remove(known)


@pytest.fixture
def triggered(request: pytest.FixtureRequest) -> Iterator[Triggered]:
    """Return what has models captured by triggers, until the test ends."""
    with isolated_registry():

        def have(*models: type[Model], **options: Any) -> None:
            for model in models:
                register(model, capture="triggers", **options)
            triggers.install(connection.alias)

        yield have
        triggers.uninstall(connection.alias)


@pytest.fixture
def watched(triggered: Triggered) -> Triggered:
    """Return what has models captured twice: by Django's side, and by triggers that were put up before."""

    def have(*models: type[Model], **options: Any) -> None:
        triggered(*models, **options)
        for model in models:
            register(model, **options)

    return have
