from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import AnonymousUser, Group, User
from django.test.utils import isolate_apps, override_settings
from django.utils.functional import SimpleLazyObject

from signals_audit.context import (
    ANONYMOUS,
    SYSTEM,
    UNKNOWN_ACTOR,
    audit_context,
    command_actor,
    command_of,
    current,
    default_actor,
    disabled,
    enter_task,
    is_disabled,
    leave_task,
    receiver_actor,
    resolve_actor,
    task_actor,
)
from signals_audit.types import Actor, ActorKind, AuditContext, Cause

ANNA = Actor(ActorKind.USER, "1", "anna")
IMMEDIATE = "django.tasks.backends.immediate.ImmediateBackend"
BERT = Actor(ActorKind.USER, "2", "bert")


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = current()
    yield
    assert current() is before
    assert not is_disabled("auth.User")


# Blocks


def test_without_a_block_nothing_is_named() -> None:
    assert current() == AuditContext()


def test_a_block_names_what_it_is_given() -> None:
    cause = Cause("blog.audit.notify", None)
    with audit_context(
        actor=ANNA, reason="why", correlation_id="c-1", remote_addr="::1", path="/", cause=cause, ticket=5
    ):
        assert current() == AuditContext(ANNA, "why", "c-1", "::1", "/", {"ticket": 5}, cause)


def test_an_inner_block_inherits_what_it_does_not_name() -> None:
    with audit_context(actor=ANNA, reason="outer", path="/", a=1, b=1):
        with audit_context(reason="inner", b=2, c=3):
            assert current() == AuditContext(ANNA, "inner", path="/", extra={"a": 1, "b": 2, "c": 3})
        assert current() == AuditContext(ANNA, "outer", path="/", extra={"a": 1, "b": 1})


def test_none_names_nobody() -> None:
    with audit_context(actor=ANNA, reason="why"), audit_context(actor=None):
        assert current() == AuditContext(None, "why")


def test_a_block_that_raises_restores_what_it_found() -> None:
    with audit_context(actor=ANNA):
        with pytest.raises(ZeroDivisionError), audit_context(actor=BERT):
            raise ZeroDivisionError
        assert current().actor == ANNA


def test_text_is_made_storable_and_cut() -> None:
    with audit_context(reason="a\0" * 2_000, correlation_id="\ud800", path="p" * 5_000, remote_addr=None):  # type: ignore[arg-type]
        assert current() == AuditContext(
            reason="a\ufffd" * 500, correlation_id="\ufffd", path="p" * 1024, remote_addr="None"
        )


def test_extra_is_made_plain_json_and_cannot_be_changed_from_outside() -> None:
    given: dict[str, Any] = {"tags": ["a\0"], "nan": float("nan"), "who": User(username="anna")}
    with audit_context(**given):
        given["tags"].append("later")
        assert current().extra == {"tags": ["a\ufffd"], "nan": "nan", "who": "anna"}
        with pytest.raises(TypeError):
            current().extra["new"] = 1  # type: ignore[index]


def test_one_block_can_be_nested_in_itself() -> None:
    block = audit_context(actor=ANNA)
    with block:
        with audit_context(actor=BERT), block:
            assert current().actor == ANNA
        assert current().actor == ANNA
    assert current().actor is None


def test_a_thousand_nested_blocks_restore_each_other_and_leave_nothing_in_memory() -> None:
    """T21."""

    def nest(level: int) -> None:
        actor = Actor(ActorKind.USER, str(level), "")
        with audit_context(actor=actor):
            if level % 100:
                nest(level - 1)
            assert resolve_actor(current()) == actor

    def run() -> int:
        for start in range(99, 1_000, 100):
            nest(start)
        gc.collect()
        return sum(type(found) is AuditContext for found in gc.get_objects())

    assert run() == run()


def test_what_a_block_left_open_goes_with_the_block_around_it() -> None:
    with audit_context(actor=ANNA):
        audit_context(actor=BERT).__enter__()
        assert current().actor == BERT
    assert current().actor is None


def test_leaving_a_block_twice_changes_nothing() -> None:
    with audit_context(actor=ANNA):
        block = audit_context(actor=BERT)
        with block:
            pass
        block.__exit__(None, None, None)
        assert current().actor == ANNA


# Functions


@audit_context(actor=ANNA)
def as_anna(then: Callable[[], Any] = current) -> Any:
    """Say who acts."""
    return then()


def test_a_decorated_function_is_a_block_at_each_call() -> None:
    assert as_anna().actor == ANNA
    assert as_anna(lambda: (as_anna(), current()))[1].actor == ANNA
    with pytest.raises(ZeroDivisionError):
        as_anna(lambda: 1 / 0)
    assert (as_anna.__name__, as_anna.__doc__) == ("as_anna", "Say who acts.")


def test_a_decorated_coroutine_function_is_a_block_until_it_is_done() -> None:
    @audit_context(actor=ANNA)
    async def work() -> Any:
        await asyncio.sleep(0)
        return current().actor

    async def main() -> list[Any]:
        return [current().actor, await work(), current().actor]

    assert asyncio.iscoroutinefunction(work)
    assert asyncio.run(main()) == [None, ANNA, None]


def test_generators_are_refused() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> Any:
        yield 1

    for generator in (numbers, later):
        with pytest.raises(TypeError, match=r"is a generator: use blocks between its yields instead"):
            audit_context(actor=ANNA)(generator)


# Threads and tasks


def test_threads_do_not_see_each_other() -> None:
    """P4: one shared block and one of each thread's own, entered and left at the same moments."""
    shared = audit_context(reason="shared")
    together = threading.Barrier(8)

    def work(number: int) -> set[tuple[Any, str]]:
        seen = set()
        for _ in range(50):
            with audit_context(actor=f"thread {number}"), shared:
                together.wait()
                seen.add((current().actor, current().reason))
                together.wait()
            seen.add((current().actor, current().reason))
        return seen

    with audit_context(actor=ANNA), ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert results == [{(f"thread {number}", "shared"), (None, "")} for number in range(8)]


def test_coroutines_do_not_see_each_other_on_the_loop_and_in_threads() -> None:
    shared = audit_context(reason="shared")

    async def work(number: int) -> set[Any]:
        seen = set()
        for _ in range(20):
            with audit_context(actor=number), shared:
                await asyncio.sleep(0)
                seen.add((current().actor, current().reason))
                seen.add(await sync_to_async(lambda: (current().actor, current().reason))())
            seen.add((current().actor, current().reason))
        return seen

    async def main() -> list[set[Any]]:
        return await asyncio.gather(*map(work, range(20)))

    assert asyncio.run(main()) == [{(number, "shared"), (None, "")} for number in range(20)]


def test_a_block_reaches_through_async_to_sync_and_back() -> None:
    async def ask() -> Any:
        return await sync_to_async(current)()

    with audit_context(actor=ANNA):
        assert async_to_sync(ask)().actor == ANNA
    assert async_to_sync(ask)().actor is None


def test_disabling_in_one_thread_leaves_the_others_alone() -> None:
    """T28."""
    with disabled(), ThreadPoolExecutor(1) as pool:
        assert is_disabled("auth.User")
        assert pool.submit(is_disabled, "auth.User").result() is False


# Disabling


@isolate_apps("django.contrib.auth")
def test_everything_or_single_models_can_be_disabled() -> None:
    class Staff(User):
        class Meta:
            app_label = "auth"
            proxy = True

    labels = ["auth.User", "auth.Group", "blog.Gone"]
    seen = {}
    with disabled():
        seen["all"] = [is_disabled(label) for label in labels]
        with disabled(User):
            seen["one within all"] = [is_disabled(label) for label in labels]
    with disabled(User):
        seen["class"] = [is_disabled(label) for label in labels]
        with disabled("auth.group"):
            seen["nested"] = [is_disabled(label) for label in labels]
    with disabled(Staff):
        seen["proxy"] = [is_disabled(label) for label in labels]
    with disabled("blog.Gone", Group):
        seen["unknown label"] = [is_disabled(label) for label in labels]
    seen["after"] = [is_disabled(label) for label in labels]
    assert seen == {
        "all": [True, True, True],
        "one within all": [True, True, True],
        "class": [True, False, False],
        "nested": [True, True, False],
        "proxy": [True, False, False],
        "unknown label": [False, True, True],
        "after": [False, False, False],
    }


def test_disabling_keeps_the_context_and_the_context_keeps_what_is_disabled() -> None:
    with audit_context(actor=ANNA), disabled(User):
        assert current().actor == ANNA
        with audit_context(actor=BERT):
            assert is_disabled("auth.User")


def test_a_function_can_be_disabled() -> None:
    assert disabled(User)(lambda: [is_disabled("auth.User"), is_disabled("auth.Group")])() == [True, False]


# Actors


def actor_in(**named: Any) -> Actor:
    with audit_context(**named):
        return resolve_actor(current())


def test_an_actor_is_taken_as_it_is() -> None:
    assert actor_in(actor=ANNA) is ANNA
    assert actor_in(actor=lambda: ANNA) is ANNA


def test_a_user_is_known_by_key_and_name() -> None:
    anna = User(pk=1, username="anna")
    assert actor_in(actor=anna) == ANNA
    assert actor_in(actor=SimpleLazyObject(lambda: anna)) == ANNA
    assert actor_in(actor=lambda: SimpleLazyObject(lambda: anna)) == ANNA
    assert actor_in(actor=User(username="new")) == Actor(ActorKind.USER, None, "new")


def test_a_user_may_have_any_kind_of_key() -> None:
    def user(pk: Any) -> Any:
        return SimpleNamespace(pk=pk, is_authenticated=True, get_username=lambda: "x\0" * 200)

    label = ("x\ufffd" * 128)[:255]
    assert actor_in(actor=user((1, "a"))) == Actor(ActorKind.USER, '[1,"a"]', label)
    assert actor_in(actor=user("k" * 255)) == Actor(ActorKind.USER, "k" * 255, label)


def test_an_anonymous_user_is_anonymous() -> None:
    assert actor_in(actor=AnonymousUser()) == ANONYMOUS == Actor(ActorKind.ANONYMOUS, None, "anonymous")


def test_a_name_is_something_that_is_no_user() -> None:
    assert actor_in(actor="nightly import") == Actor(ActorKind.SYSTEM, None, "nightly import")


def test_the_named_actors_have_their_kind() -> None:
    assert [make("n" * 300) for make in (command_actor, task_actor, receiver_actor)] == [
        Actor(kind, None, "n" * 255) for kind in (ActorKind.COMMAND, ActorKind.TASK, ActorKind.RECEIVER)
    ]


def test_the_actor_is_asked_for_at_each_change() -> None:
    request = SimpleNamespace(user=AnonymousUser())
    with audit_context(actor=lambda: request.user):
        seen = [resolve_actor(current())]
        request.user = User(pk=1, username="anna")
        seen.append(resolve_actor(current()))
        request.user.username = "renamed"
        seen.append(resolve_actor(current()))
    assert seen == [ANONYMOUS, ANNA, Actor(ActorKind.USER, "1", "renamed")]


def test_a_block_does_not_ask_for_the_actor_before_a_change() -> None:
    def fail() -> User:
        raise AssertionError("loaded")

    with audit_context(actor=SimpleLazyObject(fail)), audit_context(reason="why"), disabled(User):
        pass


BROKEN: dict[str, Callable[[], Any]] = {
    "fails": lambda: lambda: 1 / 0,
    "fails when loaded": lambda: SimpleLazyObject(lambda: 1 / 0),
    "number": lambda: 5,
    "user without name": lambda: SimpleNamespace(is_authenticated=True, pk=1),
    "needs an argument": lambda: lambda needed: ANNA,
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_an_actor_that_cannot_be_determined_is_unknown(
    make: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert actor_in(actor=make()) == UNKNOWN_ACTOR == Actor(ActorKind.SYSTEM, None, "")
    assert [(found.name, found.levelno) for found in caplog.records] == [("signals_audit", logging.WARNING)]


def test_changes_made_by_loading_the_actor_have_an_unknown_actor() -> None:
    seen = []

    def load() -> Actor:
        seen.append(resolve_actor(current()))
        return ANNA

    assert [actor_in(actor=load), *seen] == [ANNA, UNKNOWN_ACTOR]


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["manage.py", "migrate", "blog"], "migrate"),
        (["./site/manage.py", "audit_prune"], "audit_prune"),
        (["/usr/bin/django-admin", "loaddata"], "loaddata"),
        (["/lib/django/__main__.py", "shell"], "shell"),
        (["manage.py"], ""),
        (["manage.py", "--version"], ""),
        (["/usr/bin/pytest", "tests"], ""),
        (["/lib/gunicorn/__main__.py", "wsgi"], ""),
        ([], ""),
    ],
)
def test_the_command_is_read_from_the_command_line(argv: list[str], name: str) -> None:
    assert command_of(argv) == name


@pytest.mark.parametrize(
    ("argv", "actor"),
    [
        (["manage.py", "migrate"], Actor(ActorKind.COMMAND, None, "migrate")),
        (["manage.py", "runserver", "8000"], SYSTEM),
        (["manage.py", "testserver"], SYSTEM),
        (["uwsgi"], SYSTEM),
    ],
)
def test_where_nobody_is_named_the_command_or_the_system_acts(
    argv: list[str], actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    default_actor.cache_clear()
    try:
        assert [actor_in(), actor_in(actor=None), actor_in(actor=lambda: None)] == [actor] * 3
    finally:
        default_actor.cache_clear()


# Tasks


def result(number: int, path: str = "blog.tasks.publish") -> Any:
    return SimpleNamespace(id=f"task-{number}", task=SimpleNamespace(module_path=path))


def test_a_task_acts_until_it_is_finished() -> None:
    enter_task(None, task_result=result(1))
    assert current() == AuditContext(
        Actor(ActorKind.TASK, None, "blog.tasks.publish"), correlation_id="task-1"
    )
    leave_task(None, task_result=result(1))
    assert current() == AuditContext()


def test_a_task_that_runs_within_a_request_gives_the_request_back() -> None:
    """The immediate backend, and a task that enqueues another."""
    with audit_context(actor=ANNA, path="/"), disabled(Group):
        request = current()
        enter_task(None, task_result=result(1))
        enter_task(None, task_result=result(2, "other"))
        assert (current().actor.label, current().path, is_disabled("auth.Group")) == ("other", "", True)
        leave_task(None, task_result=result(2))
        assert current().actor.label == "blog.tasks.publish"
        leave_task(None, task_result=result(1))
        assert current() is request


def test_a_task_that_was_interrupted_leaves_nothing_behind() -> None:
    with audit_context(actor=ANNA):
        enter_task(None, task_result=result(1))
    assert current().actor is None
    leave_task(None, task_result=result(1))
    assert current().actor is None


def test_a_task_acts_in_an_async_worker_too() -> None:
    enter, leave = sync_to_async(enter_task), sync_to_async(leave_task)

    async def work(number: int) -> list[str]:
        await enter(None, task_result=result(number))
        await asyncio.sleep(0)
        seen = [current().correlation_id, await sync_to_async(lambda: current().correlation_id)()]
        await leave(None, task_result=result(number))
        return [*seen, current().correlation_id]

    async def main() -> list[list[str]]:
        return await asyncio.gather(*map(work, range(10)))

    assert asyncio.run(main()) == [[f"task-{number}", f"task-{number}", ""] for number in range(10)]


def reported_context() -> str:
    """Is what the task below does."""
    context = current()
    return f"{context.actor.kind.value} {context.actor.label} {context.correlation_id}"


def fail() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("aenqueue", [False, True], ids=["sync", "async"])
def test_the_immediate_backend_of_django_gives_the_request_back(aenqueue: bool) -> None:
    tasks = pytest.importorskip("django.tasks", reason="Django has tasks since 6.0")
    with audit_context(actor=ANNA), override_settings(TASKS={"default": {"BACKEND": IMMEDIATE}}):
        request = current()
        results = []
        for function in (reported_context, fail):
            task = tasks.task(function)
            results.append(async_to_sync(task.aenqueue)() if aenqueue else task.enqueue())
            assert current() is request
    assert results[0].return_value == f"task tests.test_context.reported_context {results[0].id}"
    assert [result.status for result in results] == ["SUCCESSFUL", "FAILED"]
