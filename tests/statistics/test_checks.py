"""Checks of `TRACING`, and of what was measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, Tags, Warning, run_checks
from django.db import connection
from django.utils import timezone

from signals_audit.checks.messages import TAG
from signals_audit.models import ReceiverStatistics
from signals_audit.receiver_statistics.table import hour_of

Check = Callable[..., list[CheckMessage]]
WHERE = 'SIGNALS_AUDIT["TRACING"]'
HOUR = timedelta(hours=1)
MAP_OF_ERRORS = "The signal map in the admin shows what they raised last."
MAP_OF_LOOPS = "The signal map in the admin shows how they go round in circles."


@pytest.fixture
def check(settings: Any, unnoticed: None) -> Check:
    """Run the checks on what `TRACING` holds."""

    def run(**tracing: Any) -> list[CheckMessage]:
        settings.SIGNALS_AUDIT = {"TRACING": tracing}
        found = run_checks(tags=[TAG])
        return [one for one in found if one.id in ("signals_audit.E004", "signals_audit.E012")]

    return run


def error(number: int, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"signals_audit.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")


def of_databases(*databases: str) -> list[CheckMessage]:
    found = run_checks(tags=[Tags.database], databases=list(databases))
    return [one for one in found if one.id in ("signals_audit.W029", "signals_audit.W030")]


def row(receiver: str, **values: Any) -> None:
    hour = values.pop("hour", hour_of(timezone.now()))
    ReceiverStatistics.objects.create(hour=hour, signal="post_save", receiver=receiver, **values)


def test_every_option_in_order_is_no_reason_to_complain(check: Check) -> None:
    path = "django.db.models.signals.post_save"
    signals = ["pre_save", "object_changed", path]
    assert (
        check(STATISTICS=0, SLOW=1, LOOPS="report", DEPTH=1, SIGNALS=signals, KEEP=1)
        == check(STATISTICS=1.0, SLOW=0.001, LOOPS="stop", SIGNALS=None)
        == check(STATISTICS=0.01, LOOPS="ignore", SIGNALS=[])
        == check()
        == []
    )


def test_options_that_do_not_exist(check: Check) -> None:
    known = "STATISTICS, SLOW, LOOPS, DEPTH, SIGNALS, KEEP"
    assert check(STATISTIC=1, loop="x", other=1) == [
        error(4, f"{WHERE} has no option 'STATISTIC'.", "Did you mean 'STATISTICS'?"),
        error(4, f"{WHERE} has no option 'loop'.", "Did you mean 'LOOPS'?"),
        error(4, f"{WHERE} has no option 'other'.", f"Known are: {known}."),
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STATISTICS", True, "a share from 0.0 to 1.0, not True"),
        ("STATISTICS", 1.1, "a share from 0.0 to 1.0, not 1.1"),
        ("STATISTICS", "1", "a share from 0.0 to 1.0, not '1'"),
        ("STATISTICS", float("nan"), "a share from 0.0 to 1.0, not nan"),
        ("SLOW", 0, "a number of seconds, not 0"),
        ("LOOPS", "raise", '"ignore", "report" or "stop", not \'raise\''),
        ("LOOPS", ["stop"], '"ignore", "report" or "stop", not [\'stop\']'),
        ("DEPTH", 0, "a number above 0, not 0"),
        ("SIGNALS", "post_save", "a list of names or None, not 'post_save'"),
        ("KEEP", 0.5, "a number of days above 0, not 0.5"),
    ],
)
def test_options_of_the_wrong_type(check: Check, name: str, value: Any, words: str) -> None:
    assert check(**{name: value}) == [error(4, f'{WHERE}["{name}"] must be {words}.')]


def test_options_that_are_no_dict(settings: Any, unnoticed: None) -> None:
    settings.SIGNALS_AUDIT = {"TRACING": True}
    assert run_checks(tags=[TAG]) == [error(4, f"{WHERE} must be a dict, not True.")]


def test_signals_that_do_not_exist(check: Check) -> None:
    where = f'{WHERE}["SIGNALS"]: there is no signal'
    assert check(SIGNALS=["post_safe", "tests.nowhere.x", "pre_save"]) == [
        error(12, f"{where} 'post_safe'.", "Did you mean 'post_save'?"),
        error(12, f"{where} 'tests.nowhere.x'.", None),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_said_where_something_is_watched(settings: Any) -> None:
    message = (
        "Receivers are to be watched, and the database 'default' has no table "
        "'signals_audit_receiverstatistics' to note it in."
    )
    hint = "Run migrate. Until then figures are kept in memory, a limited number."
    with connection.schema_editor() as editor:
        editor.delete_model(ReceiverStatistics)
    try:
        for tracing, expected in (
            ({}, []),
            ({"STATISTICS": 0.1}, [warning(29, message, hint)]),
            ({"LOOPS": "report"}, [warning(29, message, hint)]),
        ):
            settings.SIGNALS_AUDIT = {"TRACING": tracing}
            assert (of_databases("default"), of_databases()) == (expected, [])
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(ReceiverStatistics)
    assert of_databases("default") == []


@pytest.mark.django_db(databases=["default", "other"])
def test_receivers_that_failed_and_those_that_looped() -> None:
    row("a.well", calls=7)
    row("a.long_ago", errors=3, hour=hour_of(timezone.now()) - 30 * HOUR)
    assert of_databases("default", "other") == []
    for number, name in enumerate("bcde"):
        row(f"a.{name}", errors=number + 1)
    row("a.f", loops=2)
    assert of_databases("default", "other") == [
        warning(
            30,
            "Receivers failed within a day, says the database 'default': a.e (post_save) 4 time(s), "
            "a.d (post_save) 3 time(s), a.c (post_save) 2 time(s) and 1 more.",
            MAP_OF_ERRORS,
        ),
        warning(
            30,
            "Signals looped through receivers within a day, says the database 'default': "
            "a.f (post_save) 2 time(s).",
            MAP_OF_LOOPS,
        ),
    ]
    assert of_databases("other") == of_databases() == []
