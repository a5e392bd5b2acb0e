"""The triggers are there while the tests of this folder run, and gone afterwards."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from . import triggers

pytest.register_assert_rewrite("tests.oracle.comparing", "tests.oracle.replaying")


@pytest.fixture(scope="package", autouse=True)
def installed_triggers(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Have all tables watched."""
    with django_db_blocker.unblock():
        for using in connections:
            triggers.install(using)
    yield
    with django_db_blocker.unblock():
        for using in connections:
            triggers.uninstall(using)


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest) -> None:
    """Let long tests be long: dumping the stack of a thread that runs may crash the interpreter."""
    if request.node.get_closest_marker("long"):
        faulthandler.cancel_dump_traceback_later()
