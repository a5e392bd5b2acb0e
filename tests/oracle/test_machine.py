"""Random sequences of all write forms: after each step the log is right."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import Writing

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_whatever_is_written_the_log_is_right() -> None:
    few = settings(max_examples=7, stateful_step_count=20, suppress_health_check=QUIET)
    run_state_machine_as_test(Writing, settings=few)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_whatever_is_written_the_log_is_right_however_long_it_is_tried(part: int) -> None:
    many = settings(max_examples=40, stateful_step_count=40, suppress_health_check=QUIET, derandomize=False)
    run_state_machine_as_test(Writing, settings=many)
