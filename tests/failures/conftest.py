from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signals_audit import failures
from signals_audit.reactions import dispatch


@pytest.fixture(autouse=True)
def _counts() -> Iterator[None]:
    """Have the counts of the process begin at nothing, and end as they began."""
    counts = (failures.unwritten, failures.lost, dispatch.failed)
    before = [count.value for count in counts]
    for count in counts:
        count.value = 0
    yield
    for count, value in zip(counts, before, strict=True):
        count.value = value


@pytest.fixture
def spool(settings: Any, tmp_path: Path) -> Path:
    """Let writes through whose entries cannot be written, and spool the entries into a folder."""
    folder = tmp_path / "spool"
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": {}}, "ON_ERROR": "log", "SPOOL": folder}
    return folder
