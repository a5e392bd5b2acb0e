"""Statements of many rows, told some at a time or by the database itself: the same entries.

Every statement of two rows counts as a large one here, and two rows are as many as are in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from signals_audit.capture import sets, staging
from signals_audit.models import AuditEntry

from .comparing import assert_log_says_what_triggers_saw
from .forms import FORMS
from .machine import Writing
from .test_forms import EVERY, world
from .test_machine import QUIET

pytestmark = pytest.mark.django_db(databases=["default", "other"])
__all__ = ["world"]


@pytest.fixture(params=["rows", "database"])
def policy(request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Have all models' statements of two rows or more told in one of the ways."""
    options = {"bulk": request.param}
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": options, "auth.User": options}}
    monkeypatch.setattr(sets, "FEW", dict.fromkeys(sets.FEW, 1))
    for module in (sets, staging):
        monkeypatch.setattr(module, "AT_ONCE", 2)
    yield request.param


@pytest.mark.parametrize("name", EVERY)
def test_the_log_of_large_statements_says_what_the_triggers_saw(name: str, policy: str, world: Any) -> None:
    EVERY[name](world)
    assert (assert_log_says_what_triggers_saw() != {}) is (name in FORMS)


def test_the_database_itself_made_entries(policy: str, world: Any) -> None:
    EVERY["delete_a_queryset_fast"](world)
    texts = AuditEntry.objects.filter(model="testapp.Review").values_list("object_repr", flat=True)
    assert [text.startswith("testapp.Review ") for text in texts] == [policy == "database"] * 2


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_whatever_is_written_the_log_of_large_statements_is_right(policy: str) -> None:
    few = settings(max_examples=3, stateful_step_count=20, suppress_health_check=QUIET)
    run_state_machine_as_test(Writing, settings=few)


@pytest.mark.long
@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.parametrize("part", range(5))
def test_whatever_is_written_the_log_of_large_statements_is_right_however_long_it_is_tried(
    policy: str, part: int
) -> None:
    many = settings(max_examples=40, stateful_step_count=40, suppress_health_check=QUIET, derandomize=False)
    run_state_machine_as_test(Writing, settings=many)
