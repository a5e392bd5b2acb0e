"""Checks of the receivers of signals: what is said of the project's, and nothing of Django's."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import CheckMessage, Warning, run_checks
from django.db import models
from django.db.models import signals
from django.dispatch import Signal
from django.test.utils import isolate_apps

from signals_audit.capture.receivers import drop_intention
from signals_audit.checks.messages import TAG
from signals_audit.checks.signals import WORDS, check_signals
from signals_audit.tracing.findings import Finding
from tests.testapp import models as testapp
from tests.testapp.models import Article, Author

HERE = "tests/test_checks_signals.py"

Connect = Callable[..., None]


def hear(**_named: Any) -> None: ...


def hear_little(sender: Any, signal: Any) -> None: ...


class Ears:
    def hear(self, **_named: Any) -> None: ...


@pytest.fixture
def connect() -> Iterator[Connect]:
    done: list[tuple[Signal, dict[str, Any]]] = []

    def connect(signal: Signal, receiver: Any, **options: Any) -> None:
        signal.connect(receiver, weak=False, **options)
        done.append((signal, {"receiver": receiver, **options}))

    yield connect
    for signal, options in done:
        signal.disconnect(**options)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Signal:
    signal = Signal()
    monkeypatch.setattr(testapp, "article_read", signal, raising=False)
    return signal


def warning(function: Any, finding: Finding, signal: str, connected_by: str) -> Warning:
    name = f"{__name__}.{function.__qualname__}"
    place = f"({HERE}:{inspect.getsourcelines(function)[1]}, connected by {HERE}:{connected_by})"
    return Warning(
        f"The receiver {name} {place} {WORDS[finding].text.format(signal=signal)}",
        hint=WORDS[finding].hint,
        id=f"signals_audit.W{WORDS[finding].number:03}",
    )


def by_fixture() -> str:
    """Return the line on which the fixture connects, and its name."""
    lines = Path(__file__).read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "receiver, weak=False" in text)
    return f"{line} in connect"


def found() -> list[CheckMessage]:
    return check_signals()


def test_a_project_as_it_should_be_is_told_nothing(read: Signal, connect: Connect) -> None:
    connect(read, hear, sender=Article)
    connect(read, hear, sender=Author)
    connect(signals.pre_delete, hear, sender=Article)
    connect(signals.post_init, hear, sender=Article)
    assert found() == []


@pytest.mark.parametrize(
    ("signal", "receiver", "options", "finding"),
    [
        ("post_save", hear, [{}, {"sender": Article}], Finding.TWICE),
        ("post_save", hear_little, [{"sender": Article}, {"sender": Author}], Finding.NO_KWARGS),
        ("pre_delete", hear, [{}], Finding.EVERY_SENDER_DELETE),
        ("post_delete", hear, [{}], Finding.EVERY_SENDER_DELETE),
        ("m2m_changed", hear, [{}], Finding.NO_SENDER_M2M),
    ],
)
def test_each_finding_is_told_once(
    connect: Connect, signal: str, receiver: Any, options: list[dict[str, Any]], finding: Finding
) -> None:
    for one in options:
        connect(getattr(signals, signal), receiver, **one)
    assert found() == [warning(receiver, finding, signal, by_fixture())]


def test_one_receiver_may_have_several(connect: Connect) -> None:
    connect(signals.pre_delete, hear_little)
    connect(signals.pre_delete, hear_little, dispatch_uid="again")
    assert [message.id for message in found()] == [
        *("signals_audit.W031", "signals_audit.W033", "signals_audit.W034")
    ]


def test_a_receiver_that_was_gone_before_the_project_ran_is_told(
    read: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "ready", False)
    read.connect(Ears().hear)
    line = inspect.getsourcelines(test_a_receiver_that_was_gone_before_the_project_ran_is_told)[1] + 4
    gc.collect()
    monkeypatch.setattr(apps, "ready", True)
    where = f"{line} in test_a_receiver_that_was_gone_before_the_project_ran_is_told"
    told = [warning(Ears.hear, Finding.DEAD, "article_read", where)]
    assert found() == told
    assert read.send(None) == []
    assert found() == told


def test_receivers_that_come_and_go_while_the_project_runs_are_not(read: Signal) -> None:
    read.connect(Ears().hear)
    gc.collect()
    assert found() == []
    assert read.send(None) == []
    assert found() == []


def test_what_checks_tell_is_told_by_the_command_too(connect: Connect) -> None:
    connect(signals.m2m_changed, hear)
    assert warning(hear, Finding.NO_SENDER_M2M, "m2m_changed", by_fixture()) in run_checks(tags=[TAG])


def test_nothing_is_told_of_receivers_of_django_and_ours(connect: Connect) -> None:
    with isolate_apps("tests.testapp"):

        class Photo(models.Model):
            image = models.ImageField(width_field="width")
            width = models.IntegerField()

            class Meta:
                app_label = "testapp"

        field = Photo._meta.get_field("image")
        connect(signals.pre_delete, field.update_dimension_fields, dispatch_uid="one")
        connect(signals.pre_delete, field.update_dimension_fields, dispatch_uid="two")
        connect(signals.pre_delete, drop_intention)
        assert found() == []


def test_ids_and_sentences_are_stable() -> None:
    assert {finding: words.number for finding, words in WORDS.items()} == {
        Finding.TWICE: 31,
        Finding.DEAD: 32,
        Finding.NO_KWARGS: 33,
        Finding.EVERY_SENDER_DELETE: 34,
        Finding.NO_SENDER_M2M: 35,
    }
