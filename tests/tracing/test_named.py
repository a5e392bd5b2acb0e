"""Signals by their names: none is missing, none is there twice, and no module's contents are touched."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from typing import Any

import django
import pytest
from django.contrib.auth import signals as auth
from django.core import signals as core
from django.db.backends.signals import connection_created
from django.db.models import signals as model
from django.dispatch import Signal
from django.test.signals import template_rendered
from django.test.utils import modify_settings
from django.utils.functional import SimpleLazyObject

from signals_audit import signals as own
from signals_audit.tracing.named import (
    OWN,
    NamedSignal,
    Origin,
    UnknownSignal,
    name_of,
    named_signals,
    signal_named,
)
from tests.testapp import models as testapp

HAS_TASKS = django.VERSION >= (6, 0)
OF_MODELS = ["pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"]
OF_AUTH = ["user_logged_in", "user_login_failed", "user_logged_out"]
OF_PROJECTS = [
    *("class_prepared", "pre_migrate", "post_migrate"),
    *("request_started", "request_finished", "got_request_exception", "setting_changed"),
    *("template_rendered", "connection_created"),
]
OF_TASKS = ["task_enqueued", "task_started", "task_finished"] if HAS_TASKS else []
ALL = [
    *((name, Origin.DJANGO) for name in (*OF_MODELS, *OF_PROJECTS, *OF_AUTH, *OF_TASKS)),
    *((name, Origin.OWN) for name in OWN),
]


def test_all_signals_are_known_in_the_order_of_the_documentation() -> None:
    assert [(one.name, one.origin) for one in named_signals() if one.origin is not Origin.OTHER] == ALL


def test_names_are_those_of_the_signals_themselves() -> None:
    for one in named_signals():
        assert getattr(import_module(one.module), one.name) is one.signal
    assert len({id(one.signal) for one in named_signals()}) == len(named_signals())


def test_no_signal_of_djangos_documented_modules_is_missing() -> None:
    modules = [model, core, auth, *([import_module("django.tasks.signals")] if HAS_TASKS else [])]
    signals = [value for module in modules for value in vars(module).values() if isinstance(value, Signal)]
    known = {id(one.signal) for one in named_signals()}
    assert [one for one in (*signals, template_rendered, connection_created) if id(one) not in known] == []


def test_our_signals_are_listed_with_the_arguments_that_their_module_documents() -> None:
    assert list(OWN) == [name for name, value in vars(own).items() if isinstance(value, Signal)]
    documented = re.findall(r"^\* `(\w+)`", inspect.getdoc(own) or "", re.MULTILINE)
    assert documented == ["sender", "event", "sender", "events", "using", "sender", "events", "using"]


@pytest.mark.parametrize("name", ["post_save", "django.db.models.signals.post_save"])
def test_a_signal_is_found_by_its_name_and_by_its_path(name: str) -> None:
    assert signal_named(name) == NamedSignal(
        name="post_save",
        module="django.db.models.signals",
        signal=model.post_save,
        arguments=("instance", "created", "raw", "using", "update_fields"),
        origin=Origin.DJANGO,
    )
    assert signal_named(name).path == "django.db.models.signals.post_save"


@pytest.mark.parametrize("name", ["post_saved", "postsave"])
def test_a_name_that_is_wrong_leads_to_those_like_it(name: str) -> None:
    with pytest.raises(UnknownSignal) as raised:
        signal_named(name)
    assert str(raised.value).startswith(f"There is no signal “{name}”. Perhaps you mean post_save, ")


def test_a_name_like_no_other_leads_to_all() -> None:
    with pytest.raises(UnknownSignal) as raised:
        signal_named("xyz")
    names = ", ".join(name for name, _origin in ALL)
    assert str(raised.value) == f"There is no signal “xyz”. Perhaps you mean {names}."


def test_signals_of_installed_apps_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    article_read = Signal()
    monkeypatch.setattr(testapp, "article_read", article_read, raising=False)
    found = NamedSignal("article_read", "tests.testapp.models", article_read, (), Origin.OTHER)
    assert signal_named("article_read") == found
    assert [one for one in named_signals() if one.origin is Origin.OTHER] == [found]
    assert name_of(article_read) == "article_read"


def test_a_signal_that_is_imported_elsewhere_is_there_once_by_the_name_in_the_module_called_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    article_read = Signal()
    module: Any = type(sys)("tests.testapp.signals")
    module.article_read = article_read
    monkeypatch.setitem(sys.modules, "tests.testapp.signals", module)
    monkeypatch.setattr(testapp, "read", article_read, raising=False)
    others = [one.path for one in named_signals() if one.origin is Origin.OTHER]
    assert others == ["tests.testapp.signals.article_read"]


def test_signals_that_share_a_name_are_told_apart_by_their_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testapp, "post_save", Signal(), raising=False)
    with pytest.raises(UnknownSignal) as raised:
        signal_named("post_save")
    paths = "django.db.models.signals.post_save, tests.testapp.models.post_save"
    assert str(raised.value) == f"Several signals are called “post_save”: say which of {paths}."
    assert signal_named("tests.testapp.models.post_save").signal is testapp.post_save  # type: ignore[attr-defined]


def test_lazy_objects_of_apps_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(testapp, "lazy", SimpleLazyObject(lambda: made.append(1)), raising=False)
    assert "lazy" not in [one.name for one in named_signals()]
    assert made == []


def test_signals_of_apps_that_are_not_installed_are_not_there() -> None:
    names = {"django.contrib.auth", "django.contrib.admin", "signals_audit", "tests.testapp"}
    with modify_settings(INSTALLED_APPS={"remove": sorted(names)}):
        found = [one.name for one in named_signals() if one.origin is Origin.DJANGO]
    assert found == [*OF_MODELS, *OF_PROJECTS, *OF_TASKS]


def test_a_signal_without_a_name_is_shown_as_what_it_is() -> None:
    nameless = Signal()
    assert name_of(nameless) == repr(nameless)
