"""Conditions on changes are put together as one says them, and hooks keep to them."""

from __future__ import annotations

from typing import Any

import pytest

from signals_audit import Actor, ActorKind, ChangeEvent, Timing, audit_context, on_change, on_create
from signals_audit.conditions import Condition, by, changed
from signals_audit.testing import isolated_registry
from tests.capture.log import make
from tests.testapp.models import Article, Tag

pytestmark = pytest.mark.django_db(transaction=True)

YES, NO = Condition(lambda event: 1), Condition(lambda event: "")


@pytest.fixture(autouse=True)
def _isolated() -> Any:
    with isolated_registry():
        yield


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (YES, True),
        (NO, False),
        (YES & YES, True),
        (YES & NO, False),
        (NO & YES, False),
        (NO | YES, True),
        (NO | NO, False),
        (~NO, True),
        (~YES, False),
        (~(YES & NO) & (NO | ~NO), True),
        (YES & (lambda event: None), False),
        (NO | (lambda event: [1]), True),
    ],
)
def test_conditions_are_put_together(condition: Condition, holds: bool) -> None:
    event: Any = None
    assert condition(event) is holds


def test_what_need_not_be_asked_is_not_asked() -> None:
    event: Any = None
    asked: list[str] = []
    other = Condition(lambda event: asked.append("asked"))
    (NO & other)(event)
    (YES | other)(event)
    assert asked == []


def test_a_hook_runs_where_its_condition_holds() -> None:
    calls: list[Any] = []
    ada = Actor(ActorKind.USER, "1", "ada")
    opened = changed("status", now="published") & ~changed("views") & by(ActorKind.USER)

    @on_change(Article, when=opened | changed("title", was="a", now="z"))
    def note(event: ChangeEvent) -> None:
        calls.append(sorted(event.changes))

    article = make(Article, title="a")

    def write(**values: Any) -> None:
        Article.objects.filter(pk=article.pk).update(**values)

    write(status="published")  # by nobody
    write(status="draft")
    with audit_context(actor=ada):
        write(status="published", views=3)
        write(status="draft")
        write(status="published")
        write(title="y")
        write(title="z")
        write(title="a")
        write(title="z")
    assert calls == [["status"], ["title"]]


@pytest.mark.parametrize("timing", [Timing.IN_TRANSACTION, Timing.AFTER_COMMIT])
def test_hooks_of_a_higher_priority_run_first_and_others_in_their_order(timing: Timing) -> None:
    calls: list[str] = []
    for name, priority in (("a", 0), ("b", 0), ("first", 10), ("last", -1), ("second", 5)):
        on_create(Tag, timing=timing, priority=priority)(lambda event, name=name: calls.append(name))
    Tag.objects.create(name="x")
    assert calls == ["first", "second", "a", "b", "last"]


@pytest.mark.parametrize("durable", [False, True])
def test_a_condition_that_fails_holds_up_no_write(durable: bool, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[Any] = []
    on_create(Tag, when=lambda event: 1 / 0, durable=durable)(calls.append)  # type: ignore[arg-type, return-value]
    Tag.objects.create(name="x")
    assert (Tag.objects.count(), calls) == (1, [])
    assert "ZeroDivisionError" in caplog.text
