"""What receivers and senders are called, however they were wrapped before they were connected."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.apps import apps
from django.db.models import Model
from model_utils.models import TimeStampedModel

from signals_audit.tracing.receivers import (
    receiver_module,
    receiver_name,
    receiver_place,
    sender_name,
    shortened,
)
from signals_audit.tracing.watching import Wrapped
from tests.testapp import models as testapp
from tests.testapp.models import Article

HERE = "tests/tracing/test_receivers.py"


def told(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    return wrapper


def untold(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **named: Any) -> Any:
        return function(*args, **named)

    return wrapper


def plain(**_named: Any) -> None: ...


async def later(**_named: Any) -> None: ...


@told
@told
def decorated(**_named: Any) -> None: ...


@untold
def hidden(**_named: Any) -> None: ...


class Ears:
    def hear(self, **_named: Any) -> None: ...

    @told
    def decorated(self, **_named: Any) -> None: ...

    @classmethod
    def of_class(cls, **_named: Any) -> None: ...

    @staticmethod
    def static(**_named: Any) -> None: ...

    partly = functools.partialmethod(hear, more=1)

    def __call__(self, **_named: Any) -> None: ...


class Sharp(Ears):
    def __init__(self, **_named: Any) -> None: ...


class Slim:
    __slots__ = ()

    def __call__(self, **_named: Any) -> None: ...


class Endless:
    """Claims to wrap another of its kind, and another."""

    def __init__(self) -> None:
        self.__wrapped__ = self

    def __call__(self, **_named: Any) -> None: ...


def line_of(function: Any) -> int:
    return int(function.__code__.co_firstlineno)


INNER = decorated.__wrapped__.__wrapped__  # type: ignore[attr-defined]
EARS = {name: vars(Ears)[name] for name in ("hear", "decorated", "__call__")}


@pytest.mark.parametrize(
    ("receiver", "name", "line"),
    [
        (plain, "plain", line_of(plain)),
        (later, "later", line_of(later)),
        (decorated, "decorated", line_of(INNER)),
        (hidden, "untold.<locals>.wrapper", line_of(hidden)),
        (functools.partial(functools.partial(plain, a=1), b=2), "plain", line_of(plain)),
        (functools.partial(decorated), "decorated", line_of(INNER)),
        (functools.lru_cache(plain), "plain", line_of(plain)),
        (sync_to_async(plain), "plain", line_of(plain)),
        (async_to_sync(later), "later", line_of(later)),
        (staticmethod(plain), "plain", line_of(plain)),
        (Wrapped(Wrapped(plain)), "plain", line_of(plain)),
        (Wrapped(functools.partial(Ears().hear)), "Ears.hear", line_of(EARS["hear"])),
        (Ears().hear, "Ears.hear", line_of(EARS["hear"])),
        (Sharp().hear, "Sharp.hear", line_of(EARS["hear"])),
        (Ears().decorated, "Ears.decorated", line_of(EARS["decorated"].__wrapped__)),
        (Sharp.of_class, "Sharp.of_class", line_of(Ears.of_class)),
        (Ears.static, "Ears.static", line_of(Ears.static)),
        (Ears().partly, "Ears.hear", line_of(EARS["hear"])),
        (Ears(), "Ears", line_of(EARS["__call__"])),
        (Ears().__call__, "Ears.__call__", line_of(EARS["__call__"])),
        (Slim(), "Slim", line_of(Slim.__call__)),
        (Sharp, "Sharp", line_of(Sharp.__init__)),
        (Endless(), "Endless", line_of(Endless.__call__)),
    ],
)
def test_a_receiver_has_the_name_and_the_place_of_what_runs(receiver: Any, name: str, line: int) -> None:
    assert receiver_name(receiver) == f"{__name__}.{name}"
    assert receiver_place(receiver) == (HERE, line)
    assert receiver_module(receiver) == __name__


def test_functions_within_others_say_so() -> None:
    def local(**_named: Any) -> None: ...

    inside = f"{__name__}.test_functions_within_others_say_so.<locals>"
    assert receiver_name(local) == f"{inside}.local"
    assert receiver_name(lambda **_named: None) == f"{inside}.<lambda>"


@pytest.mark.parametrize(
    ("receiver", "name"),
    [(print, "builtins.print"), ([].append, "builtins.list.append"), (dict, "builtins.dict")],
)
def test_what_is_not_written_in_python_has_no_place(receiver: Any, name: str) -> None:
    assert (receiver_name(receiver), receiver_place(receiver)) == (name, ("", 0))


@pytest.mark.parametrize("receiver", [mock.Mock(), mock.MagicMock(), mock.call])
def test_objects_that_answer_to_every_name_are_called_as_what_they_are(receiver: Any) -> None:
    assert receiver_name(receiver).startswith("unittest.mock.")
    assert receiver_place(receiver)[0] == "unittest/mock.py"


def test_a_method_that_is_inherited_has_its_code_where_it_was_written() -> None:
    class Field(Article._meta.get_field("body").__class__): ...  # type: ignore[misc]

    method = Field().contribute_to_class
    assert receiver_name(method).startswith(f"{__name__}.")
    assert receiver_module(method) == "django.db.models.fields"


def test_files_are_shown_as_they_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/site", "/site/inner", "/other/", "relative"])
    assert [shortened(path) for path in ("/site/a/b.py", "/site/inner/a.py", "/other/b.py")] == [
        "a/b.py",
        "a.py",
        "b.py",
    ]
    assert [shortened(path) for path in ("/sites/b.py", "<string>")] == ["/sites/b.py", "<string>"]


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        (None, ""),
        (Article, "testapp.Article"),
        (Article.tags.through, "testapp.Article_tags"),
        ("a name", "a name"),
        (testapp, "tests.testapp.models"),
        (Ears, f"{__name__}.Ears"),
        (Ears(), f"{__name__}.Ears"),
        (plain, f"{__name__}.plain"),
        (17, "builtins.int"),
        (Model, "django.db.models.base.Model"),
        (TimeStampedModel, "model_utils.models.TimeStampedModel"),
    ],
)
def test_senders_have_names(sender: Any, name: str) -> None:
    assert sender_name(sender) == name


def test_an_app_is_called_by_its_label() -> None:
    assert sender_name(apps.get_app_config("testapp")) == "testapp"
