"""Each test starts with what the project declares, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from signals_audit.hooks import hooks
from signals_audit.registry import registry


@pytest.fixture(autouse=True)
def declarations() -> Iterator[None]:
    """Forget what a test declares."""
    declared, registered = hooks.snapshot(), registry.snapshot()
    yield
    hooks.restore(declared)
    registry.restore(registered)
