"""Hooks that run as tasks, in workers that are real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.databases import HOST, free_port

from .redis import broker, server, url
from .running import happen

CAUSED = ["user", "ada", "asked to", "c-1", "tests.tasks.audit.comment", "create of testapp.Article"]
FAILED = "ValueError: The hook was told to fail."
NOT_HANDED_OVER = "The delivery <key> on the database 'default' could not be handed over to a task"
NO_TASKS = (
    "ConfigurationError: This Django has no tasks, and django-tasks is not installed. Install "
    'django-signals-audit[tasks], or use Celery: SIGNALS_AUDIT["DELIVERY"]["TASKS"] = '
    '"signals_audit.tasks.celery.enqueue".'
)


def having(
    deliveries: dict[str, list[Any]], *, comments: dict[str, str], logged: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return what is found: each comment is there once, and its entry says who and what made it."""
    return {
        "deliveries": deliveries,
        "comments": comments,
        "count": len(comments),
        "entries": dict.fromkeys(comments, CAUSED),
        "logged": list(logged),
    }


def with_redis(name: str, folder: Path, *, queue: str = "") -> dict[str, Any]:
    with broker(folder) as there:
        return happen(name, folder, by="celery", broker=there, queue=queue)


DELIVERED: dict[str, list[Any]] = {"plain": ["done", 1, ""], "fails": ["pending", 1, FAILED]}


@pytest.mark.parametrize("queue", ["", "audit"])
def test_a_worker_of_celery_runs_hooks_in_the_name_of_who_made_the_change(queue: str, tmp_path: Path) -> None:
    found = with_redis("delivered", tmp_path, queue=queue)
    assert found == having(DELIVERED, comments={"plain": "elsewhere"})


@pytest.mark.parametrize("queue", ["", "audit"])
def test_a_worker_of_djangos_tasks_runs_hooks_in_the_name_of_who_made_the_change(
    queue: str, tmp_path: Path
) -> None:
    found = happen("delivered", tmp_path, by="database", queue=queue)
    assert found == having(DELIVERED, comments={"plain": "elsewhere"})


def test_djangos_own_backend_runs_hooks_at_once(tmp_path: Path) -> None:
    failure = "tests.tasks.audit.comment (create of testapp.article ) failed on the database 'default'"
    assert happen("delivered", tmp_path, by="immediate") == having(
        DELIVERED, comments={"plain": "here"}, logged=(failure, FAILED)
    )


def left_behind(*logged: str) -> dict[str, Any]:
    """Return what is found where nothing can be handed over, and after `audit_deliver`."""
    pending, done = (
        dict.fromkeys(("plain", "other"), state) for state in (["pending", 0, ""], ["done", 1, ""])
    )
    return {
        "before": having(pending, comments={}, logged=logged),
        "after": having(done, comments={"plain": "here", "other": "here"}, logged=logged),
    }


def test_a_broker_that_is_down_costs_no_write_and_no_delivery_and_is_waited_for_once(tmp_path: Path) -> None:
    port = free_port()
    refused = f"Error 111 connecting to {HOST}:{port}. Connection refused."
    left_alone = f"OperationalError: The broker is left alone for some seconds: {refused}"
    assert happen("unreachable", tmp_path, by="celery", broker=url(port)) == left_behind(
        NOT_HANDED_OVER, f"OperationalError: {refused}", NOT_HANDED_OVER, left_alone
    )


def test_a_broker_that_is_there_again_is_used_again(tmp_path: Path) -> None:
    server()
    port = free_port()
    refused = f"OperationalError: Error 111 connecting to {HOST}:{port}. Connection refused."
    assert happen("back", tmp_path, by="celery", broker=url(port)) == having(
        {"plain": ["pending", 0, ""], "other": ["done", 1, ""]},
        comments={"other": "elsewhere"},
        logged=(NOT_HANDED_OVER, refused),
    )


def test_no_tasks_at_all_cost_no_write_and_no_delivery(tmp_path: Path) -> None:
    assert happen("unreachable", tmp_path, by="nothing") == left_behind(
        NOT_HANDED_OVER, NO_TASKS, NOT_HANDED_OVER, NO_TASKS
    )


KILLED = {
    "before": having({"is killed": ["running", 1, ""], "plain": ["pending", 0, ""]}, comments={}),
    "between": having(
        {"is killed": ["running", 1, ""], "plain": ["done", 1, ""]}, comments={"plain": "elsewhere"}
    ),
    "after": having(
        {"is killed": ["done", 2, ""], "plain": ["done", 1, ""]},
        comments={"is killed": "here", "plain": "elsewhere"},
    ),
}


def test_what_a_killed_worker_of_celery_was_at_is_done_once(tmp_path: Path) -> None:
    assert with_redis("killed", tmp_path) == KILLED


def test_what_a_killed_worker_of_djangos_tasks_was_at_is_done_once(tmp_path: Path) -> None:
    assert happen("killed", tmp_path, by="database") == KILLED


def test_a_hook_that_kills_its_process_leaves_the_worker_at_work(tmp_path: Path) -> None:
    assert with_redis("killed_by_itself", tmp_path) == {
        "before": having(
            {"kills itself": ["running", 1, ""], "plain": ["done", 1, ""]}, comments={"plain": "elsewhere"}
        ),
        "after": having(
            {"kills itself": ["done", 2, ""], "plain": ["done", 1, ""]},
            comments={"kills itself": "here", "plain": "elsewhere"},
        ),
    }


def test_celery_brings_back_a_task_whose_process_died_before_it_began(tmp_path: Path) -> None:
    found = with_redis("killed_too_early", tmp_path)
    assert found == {**having({"plain": ["done", 1, ""]}, comments={"plain": "elsewhere"}), "died": True}
