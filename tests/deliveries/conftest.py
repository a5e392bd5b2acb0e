from __future__ import annotations

from collections.abc import Iterator

import pytest

from signals_audit.testing import isolated_registry


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    with isolated_registry():
        yield
