"""The package's own triggers: the same entries, whichever way a row is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from signals_audit import triggers as backend

from .comparing import assert_log_says_what_triggers_saw
from .test_forms import EVERY, world

pytestmark = pytest.mark.django_db(databases=["default", "other"])
__all__ = ["world"]
OPTIONS = {"capture": "triggers"}
OTHERWISE = {"save_with_values_remembered"}  # it has Django's side capture, beside the triggers


@pytest.fixture(scope="module", autouse=True)
def captured_by_triggers(installed_triggers: None, django_db_blocker: Any) -> Iterator[None]:
    """Have all models captured by triggers."""
    with override_settings(SIGNALS_AUDIT={"MODELS": {"testapp.*": OPTIONS, "auth.User": OPTIONS}}):
        with django_db_blocker.unblock():
            for using in connections:
                backend.install(using)
        yield
        with django_db_blocker.unblock():
            for using in connections:
                backend.uninstall(using)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in OTHERWISE])
def test_the_log_of_triggers_says_what_the_triggers_saw(name: str, world: Any) -> None:
    EVERY[name](world)
    assert_log_says_what_triggers_saw()
