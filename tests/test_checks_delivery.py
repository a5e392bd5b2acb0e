"""Checks of `DELIVERY`, of hooks that run as tasks, and of deliveries that nobody makes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, Tags, Warning, run_checks
from django.db import connection
from django.utils import timezone

from signals_audit import ChangeEvent, Timing, on_change, on_create, on_delete
from signals_audit.checks.messages import TAG
from signals_audit.hooks import hooks
from signals_audit.models import Delivery
from signals_audit.types import DeliveryState

NO_FUNCTION = 3
TASKS = 'SIGNALS_AUDIT["DELIVERY"]["TASKS"]'
NAME_ONE = 'Name a function like "signals_audit.tasks.enqueue".'

Check = Callable[..., list[CheckMessage]]


@pytest.fixture(autouse=True)
def _isolated(unnoticed: None) -> Iterator[None]:
    declared = hooks.snapshot()
    yield
    hooks.restore(declared)


@pytest.fixture
def check(settings: Any) -> Check:
    """Run the checks on what `DELIVERY` holds."""

    def run(**delivery: Any) -> list[CheckMessage]:
        settings.SIGNALS_AUDIT = {"DELIVERY": delivery}
        return in_order(run_checks(tags=[TAG]))

    return run


@pytest.fixture
def _no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("django.tasks", "django_tasks"):
        monkeypatch.setitem(sys.modules, name, None)


def in_order(messages: list[CheckMessage]) -> list[CheckMessage]:
    return sorted(messages, key=lambda message: (str(message.id), message.msg))


def error(number: int, message: str, hint: str | None = None) -> Error:
    return Error(message, hint=hint, id=f"signals_audit.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")


def react(event: ChangeEvent) -> None:
    """Do nothing about it."""


def __getattr__(name: str) -> Any:
    if name == "explosive":
        raise RuntimeError("not now")
    raise AttributeError(name)


# The settings


def test_every_option_in_order_is_no_reason_to_complain(check: Check) -> None:
    assert (
        check(LEASE=60, GRACE=0.5, ATTEMPTS=3, BACKOFF=1, DEPTH=4, QUEUE="audit", TASKS=f"{__name__}.react")
        == check(QUEUE=None)
        == check()
        == []
    )


def test_options_that_do_not_exist(check: Check) -> None:
    where = 'SIGNALS_AUDIT["DELIVERY"] has no option'
    known = "LEASE, GRACE, BACKOFF, ATTEMPTS, DEPTH, TASKS, QUEUE"
    assert check(LEAZE=1, task="x", other=1) == [
        error(4, f"{where} 'LEAZE'.", "Did you mean 'LEASE'?"),
        error(4, f"{where} 'other'.", f"Known are: {known}."),
        error(4, f"{where} 'task'.", "Did you mean 'TASKS'?"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LEASE", 0, "a number of seconds, not 0"),
        ("LEASE", "60", "a number of seconds, not '60'"),
        ("GRACE", True, "a number of seconds, not True"),
        ("BACKOFF", None, "a number of seconds, not None"),
        ("ATTEMPTS", 1.5, "a number above 0, not 1.5"),
        ("DEPTH", 0, "a number above 0, not 0"),
        ("TASKS", 7, "a dotted path, not 7"),
        ("QUEUE", "", "the name of a queue or None, not ''"),
    ],
)
def test_options_of_the_wrong_type(check: Check, name: str, value: Any, words: str) -> None:
    message = f'SIGNALS_AUDIT["DELIVERY"]["{name}"] must be {words}.'
    assert check(**{name: value}) == [error(4, message)]


def test_options_that_are_no_dict(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"DELIVERY": 7}
    assert run_checks(tags=[TAG]) == [error(4, 'SIGNALS_AUDIT["DELIVERY"] must be a dict, not 7.')]


# What hands over


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tasks", "tasks doesn't look like a module path"),
        ("no_such_module.enqueue", "No module named 'no_such_module'"),
        (f"{__name__}.gone", f'Module "{__name__}" does not define a "gone" attribute/class'),
        (f"{__name__}.explosive", "not now"),
    ],
)
def test_a_path_that_cannot_be_imported(check: Check, path: str, reason: str) -> None:
    assert check(TASKS=path) == [error(9, f"{TASKS}: {path!r} cannot be imported: {reason}.", NAME_ONE)]


def test_a_path_to_what_cannot_be_called(check: Check) -> None:
    path = f"{__name__}.NO_FUNCTION"
    assert check(TASKS=path) == [error(9, f"{TASKS}: {path!r} cannot be called.", "Name a function.")]


def test_celery_is_named_but_not_installed(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signals_audit.tasks.celery", raising=False)
    monkeypatch.setitem(sys.modules, "celery", None)
    path = "signals_audit.tasks.celery.enqueue"
    reason = "import of celery halted; None in sys.modules"
    hint = "Install django-signals-audit[celery]."
    assert check(TASKS=path) == [error(9, f"{TASKS}: {path!r} cannot be imported: {reason}.", hint)]


# Hooks


@pytest.mark.usefixtures("_no_tasks")
def test_hooks_that_run_as_tasks_where_there_are_none(check: Check) -> None:
    assert check() == []
    on_create("testapp.Article", timing=Timing.TASK)(react)
    on_delete("testapp.Article", durable=True)(react)
    message = (
        f"The hook {__name__}.react cannot run as a task: This Django has no tasks, and django-tasks is not "
        "installed."
    )
    hint = (
        'Install django-signals-audit[tasks], or use Celery: SIGNALS_AUDIT["DELIVERY"]["TASKS"] = '
        '"signals_audit.tasks.celery.enqueue". Until then audit_deliver runs it.'
    )
    assert check() == [warning(25, message, hint)]
    assert check(TASKS=f"{__name__}.react") == []


def test_hooks_that_run_as_tasks_where_there_are_some(check: Check) -> None:
    on_create("testapp.Article", timing=Timing.TASK)(react)
    assert check() == []


def test_hooks_that_run_as_tasks_in_a_queue_that_there_is_not(check: Check) -> None:
    on_create("testapp.Article", timing=Timing.TASK)(react)
    of_django = "Queue 'slow' is not valid for backend."
    message = f"The hook {__name__}.react cannot run as a task: {of_django}"
    hint = (
        'See the setting TASKS, and "QUEUE" in SIGNALS_AUDIT["DELIVERY"]. Until then audit_deliver runs it.'
    )
    assert check(QUEUE="slow") == [warning(25, message, hint)]


def test_durable_hooks_with_the_same_name_and_other_functions(check: Check) -> None:
    for number in range(2):
        on_change("testapp.Article", "title", durable=True)(partial(react, number))
    identity = f"{__name__}.react (update of testapp.article title)"
    message = f"Durable hooks with different functions are all called {identity!r}."
    hint = "Give their functions names of their own: a delivery finds its hook by the name."
    assert check() == [error(10, message, hint)]


def test_durable_hooks_that_can_be_told_apart(check: Check) -> None:
    for field in ("title", "body"):
        on_change("testapp.Article", field, durable=True)(react)
    for value in ("draft", "published"):
        on_change("testapp.Article", "status", now=value, durable=True)(react)
    for number in range(2):
        on_create("testapp.Article")(partial(react, number))
    assert check() == []


# Deliveries


def left_undone(*databases: str) -> list[CheckMessage]:
    return [
        message
        for message in run_checks(tags=[Tags.database], databases=list(databases))
        if message.id in ("signals_audit.W026", "signals_audit.W027")
    ]


def add(using: str, state: DeliveryState, *, overdue: timedelta) -> None:
    now = timezone.now()
    key = f"{Delivery.objects.using(using).count()}"
    row = Delivery(key=key, kind="hook", name="x", body={}, state=state, created_at=now, due_at=now - overdue)
    row.save(using=using)


HOURS = timedelta(hours=2)
MINUTES = timedelta(minutes=50)
FAILED = "What went wrong is kept with each: see the admin, where they can be tried again."
OVERDUE = "Is audit_deliver running? Run: manage.py audit_deliver --watch"


@pytest.mark.django_db(databases=["default", "other"])
def test_deliveries_that_have_failed_and_those_that_nobody_makes() -> None:
    add("default", DeliveryState.DONE, overdue=HOURS)
    add("default", DeliveryState.PENDING, overdue=MINUTES)
    add("default", DeliveryState.RUNNING, overdue=-HOURS)
    assert left_undone("default", "other") == []
    for _ in range(2):
        add("default", DeliveryState.FAILED, overdue=HOURS)
    for state in (DeliveryState.PENDING, DeliveryState.RUNNING, DeliveryState.PENDING):
        add("other", state, overdue=HOURS)
    failed = warning(26, "Deliveries on the database 'default' that have failed: 2.", FAILED)
    overdue = warning(
        27, "Deliveries on the database 'other' that are overdue by more than an hour: 3.", OVERDUE
    )
    assert left_undone("default", "other") == [failed, overdue]
    assert left_undone("other") == [overdue]
    assert left_undone() == []


@pytest.mark.django_db(transaction=True)
def test_a_database_without_the_table_is_no_reason_to_complain() -> None:
    with connection.schema_editor() as editor:
        editor.delete_model(Delivery)
    try:
        assert left_undone("default") == []
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(Delivery)
