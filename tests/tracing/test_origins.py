"""Who connected a receiver is remembered from the start, and nothing is kept alive for it."""

from __future__ import annotations

import gc
import inspect
import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.core.signals import request_finished
from django.db.models.signals import ModelSignal, post_migrate
from django.dispatch import Signal, receiver

from signals_audit.tracing import origins, seams
from signals_audit.tracing.origins import Connection, connection_of, lost
from tests.testapp.models import Author

HERE = "tests/tracing/test_origins.py"
ROOT = Path(__file__).resolve().parent.parent.parent


def hear(**_named: Any) -> None: ...


async def hear_later(**_named: Any) -> None: ...


class Ears:
    def hear(self, **_named: Any) -> None: ...


@pytest.fixture
def signal() -> Signal:
    return Signal()


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it be the time when apps are being loaded."""
    monkeypatch.setattr(apps, "ready", False)


def connections(signal: Signal) -> list[Connection | None]:
    return [connection_of(signal, one.key) for one in seams.connected(signal)]


def by(signal: Signal) -> list[str]:
    return [one.connected_by if one is not None else "" for one in connections(signal)]


def first_line(function: Any) -> int:
    return inspect.getsourcelines(function)[1]


def test_the_line_that_connects_is_remembered(signal: Signal) -> None:
    signal.connect(hear)
    receiver([signal], sender=Author)(hear)
    line = first_line(test_the_line_that_connects_is_remembered) + 1
    name = "test_the_line_that_connects_is_remembered"
    assert by(signal) == [f"{HERE}:{line} in {name}", f"{HERE}:{line + 1} in {name}"]


AT_IMPORT = Signal()
LINE_OF_IMPORT = inspect.currentframe().f_lineno + 3  # type: ignore[union-attr]


@receiver(AT_IMPORT)
def hear_from_the_start(**_named: Any) -> None: ...


def test_a_receiver_of_a_module_is_connected_by_its_line() -> None:
    assert by(AT_IMPORT) == [f"{HERE}:{LINE_OF_IMPORT}"]


def test_what_was_connected_is_described(signal: Signal) -> None:
    ears = Ears()
    signal.connect(ears.hear, sender=Author)
    signal.connect(hear_later)
    method, coroutine = connections(signal)
    assert method is not None
    assert coroutine is not None
    place = (HERE, Ears.hear.__code__.co_firstlineno)
    assert (method.name, method.place, method.sender) == (f"{__name__}.Ears.hear", place, "testapp.Author")
    assert (coroutine.name, coroutine.sender) == (f"{__name__}.hear_later", "")
    assert (method.is_async, coroutine.is_async) == (False, True)
    assert (method.is_early, coroutine.is_early) == (False, False)


def test_what_is_not_written_in_python_has_no_place(signal: Signal) -> None:
    signal.connect(print)
    (one,) = connections(signal)
    assert one is not None
    assert (one.name, one.place, one.is_async) == ("builtins.print", ("", 0), False)


def test_a_second_connection_of_the_same_receiver_does_not_count(signal: Signal) -> None:
    signal.connect(hear)
    first = by(signal)
    signal.connect(hear)
    assert by(signal) == first


def test_who_named_a_model_connected_its_receiver() -> None:
    model_signal = ModelSignal()
    model_signal.connect(hear, sender="testapp.Author")
    model_signal.connect(hear, "testapp.article", dispatch_uid="uid")
    name = "test_who_named_a_model_connected_its_receiver"
    line = first_line(test_who_named_a_model_connected_its_receiver) + 2
    assert by(model_signal) == [f"{HERE}:{line} in {name}", f"{HERE}:{line + 1} in {name}"]
    assert [one.sender for one in connections(model_signal) if one] == ["testapp.Author", "testapp.Article"]
    assert origins._listener.promises == {}


def test_receivers_of_djangos_apps_are_known_and_those_of_its_imports_are_not() -> None:
    (permissions,) = [one for one in seams.connected(post_migrate) if one.receiver is create_permissions]
    found = connection_of(post_migrate, permissions.key)
    assert found is not None
    assert found.connected_by.startswith("django/contrib/auth/apps.py:")
    assert found.connected_by.endswith(" in ready")
    assert found.is_early is True
    assert "" in by(request_finished)


def test_an_app_that_comes_first_is_remembered_too(tmp_path: Path) -> None:
    """Run a project whose first app connects while models are imported, and when it is ready."""
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog" / "__init__.py").touch()
    (tmp_path / "blog" / "apps.py").write_text(APPS)
    (tmp_path / "blog" / "models.py").write_text(MODELS)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [
        ["blog.models.at_import", "blog.Post", "blog/models.py:10", False],
        ["blog.models.by_name", "auth.User", "blog/models.py:13", False],
        ["blog.apps.Blog.ready.<locals>.local", "", "blog/apps.py:9 in ready", True],
        ["blog.apps.Blog.ready.<locals>.<lambda>", "", "blog/apps.py:10 in ready", True],
    ]


APPS = """
from django.apps import AppConfig
from django.db.models.signals import post_save

class Blog(AppConfig):
    name = "blog"
    def ready(self):
        def local(**kwargs): pass
        post_save.connect(local)
        post_save.connect(lambda **kwargs: None)
"""
MODELS = """
from django.conf import settings
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver

class Post(models.Model):
    pass

@receiver(post_save, sender=Post)
def at_import(**kwargs): pass

@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def by_name(**kwargs): pass
"""
SCRIPT = """
import json, os, sys
sys.path.insert(0, os.getcwd())
import django
from django.conf import settings
apps = ["blog", "django.contrib.auth", "django.contrib.contenttypes", "signals_audit"]
database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
settings.configure(INSTALLED_APPS=apps, DATABASES={"default": database}, SIGNALS_AUDIT={"MODELS": {}})
django.setup()
from signals_audit.tracing.maps import signal_map
(found,) = signal_map(signal="post_save").signals
lines = [one for one in found.receivers if one.name.startswith("blog.")]
print(json.dumps([[one.name, one.sender, one.connected_by, one.is_dead] for one in lines]))
"""


# Those that are lost


@pytest.mark.usefixtures("early")
def test_early_receivers_that_nobody_held_are_remembered(
    signal: Signal,
) -> None:
    signal.connect(lambda **_named: None, sender=Author)
    signal.connect(Ears().hear)
    gc.collect()
    assert signal.send(Author) == []
    assert seams.connected(signal) == []
    test = f"{__name__}.test_early_receivers_that_nobody_held_are_remembered"
    names = [(one.name, one.sender) for one in lost(signal)]
    assert names == [(f"{test}.<locals>.<lambda>", "testapp.Author"), (f"{__name__}.Ears.hear", "")]


@pytest.mark.usefixtures("early")
def test_a_receiver_that_takes_the_place_of_a_dead_one_in_memory_is_not_taken_for_it(signal: Signal) -> None:
    for _time in range(20):
        signal.connect(lambda **_named: None)
        gc.collect()
    signal.connect(hear)
    assert [one.name for one in connections(signal) if one][-1:] == [f"{__name__}.hear"]
    assert len(lost(signal)) == 1


def test_receivers_that_die_when_the_project_runs_are_nothing_to_remember(signal: Signal) -> None:
    for _time in range(20):
        signal.connect(lambda **_named: None)
        gc.collect()
    assert lost(signal) == []


@pytest.mark.usefixtures("early")
def test_a_receiver_that_was_disconnected_is_not_lost(signal: Signal) -> None:
    ears, others = Ears(), Ears()
    signal.connect(ears.hear)
    signal.connect(others.hear, dispatch_uid="uid")
    assert signal.disconnect(ears.hear)
    assert signal.disconnect(dispatch_uid="uid")
    del ears, others
    gc.collect()
    assert lost(signal) == []


@pytest.mark.usefixtures("early")
def test_a_receiver_that_is_held_is_not_lost(signal: Signal) -> None:
    signal.connect(lambda **_named: None, weak=False)
    signal.connect(hear)
    gc.collect()
    assert lost(signal) == []


@pytest.mark.usefixtures("early")
def test_not_more_are_remembered_as_lost_than_anybody_reads(signal: Signal) -> None:
    for number in range(origins.MOST_LOST + 50):
        made: dict[str, Any] = {}
        exec(f"{chr(10) * number}def local(**named): ...", made)  # noqa: S102 - pieces of code of their own
        signal.connect(made.pop("local"))
        made.clear()
        gc.collect(0)
    assert len(lost(signal)) == origins.MOST_LOST


# Nothing is kept


def test_receivers_senders_and_signals_die_as_if_nobody_had_looked(signal: Signal) -> None:
    def local(**_named: Any) -> None: ...

    ears, sender, passing = Ears(), type("Passing", (), {}), Signal()
    signal.connect(local, sender=sender)
    signal.connect(ears.hear)
    passing.connect(hear, weak=False)
    alive = [weakref.ref(one) for one in (local, ears, sender, passing)]
    number = id(passing)
    assert number in origins._listener.memories
    del local, ears, sender, passing
    gc.collect()
    assert [one() for one in alive] == [None] * 4
    assert number not in origins._listener.memories


def test_they_die_at_once_without_the_garbage_collector(signal: Signal) -> None:
    gc.disable()
    try:
        ears = Ears()
        signal.connect(ears.hear)
        alive = weakref.ref(ears)
        del ears
        assert alive() is None
    finally:
        gc.enable()


def test_what_is_remembered_of_a_signal_is_bounded(signal: Signal) -> None:
    everyone = [Ears() for _one in range(1000)]
    for ears in everyone:
        signal.connect(ears.hear)
        signal.disconnect(ears.hear)
    assert len(origins._listener.memories[id(signal)].known) <= origins.SPARE + 1


def test_threads_connect_at_the_same_time(signal: Signal) -> None:
    everyone = [Ears() for _one in range(400)]

    def connect(some: list[Ears]) -> None:
        for ears in some:
            signal.connect(ears.hear)

    threads = [threading.Thread(target=connect, args=(everyone[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = connections(signal)
    assert len(found) == 400
    assert {one.name for one in found if one is not None} == {f"{__name__}.Ears.hear"}


# Removing it


@pytest.fixture
def removed() -> Iterator[None]:
    kept = dict(origins._listener.memories)
    origins.remove()
    yield
    origins.install()
    origins._listener.memories.update(kept)


@pytest.mark.usefixtures("removed")
def test_removing_leaves_no_trace(signal: Signal) -> None:
    for owner in (Signal, ModelSignal):
        assert vars(owner)["connect"].__code__.co_filename == inspect.getfile(owner)
    signal.connect(hear, sender=Author)
    assert connections(signal) == [None]
    assert (origins._listener.memories, origins._listener.promises, lost(signal)) == ({}, {}, [])


def test_installing_again_changes_nothing() -> None:
    before = Signal.connect, ModelSignal.connect, dict(origins._listener.memories)
    origins.install()
    config = apps.get_app_config("signals_audit")
    type(config)(config.name, config.module)
    assert (Signal.connect, ModelSignal.connect, dict(origins._listener.memories)) == before


def test_connecting_looks_as_before() -> None:
    assert inspect.signature(Signal.connect).parameters.keys() == {
        "self",
        "receiver",
        "sender",
        "weak",
        "dispatch_uid",
    }
    assert Signal.connect.__qualname__ == "Signal.connect"
