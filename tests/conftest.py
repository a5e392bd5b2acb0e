"""What every test runs under."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings
from hypothesis import settings

from signals_audit import failures
from signals_audit.capture import sentinel
from signals_audit.reactions import dispatch

# The same examples in every run, none of them judged by the clock of a busy machine.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def media_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep uploaded files out of the checkout."""
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


@pytest.fixture
def unnoticed() -> Iterator[None]:
    """Have this process forget what went wrong in other tests, for checks tell of it."""
    counts = (failures.unwritten, dispatch.failed)
    noticed, before = sentinel.noticed.copy(), [count.value for count in counts]
    sentinel.noticed.clear()
    for count in counts:
        count.value = 0
    yield
    sentinel.noticed.clear()
    sentinel.noticed.update(noticed)
    for count, value in zip(counts, before, strict=True):
        count.value = value
