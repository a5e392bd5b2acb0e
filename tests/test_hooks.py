from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User

from signals_audit import (
    UNKNOWN,
    Action,
    Actor,
    ActorKind,
    AuditContext,
    Change,
    ChangeEvent,
    RelationChange,
    Timing,
    auto_create,
    notify_on,
    on_change,
    on_create,
    on_delete,
    on_m2m_change,
)
from signals_audit.hooks import AutoCreate, Hook, HookRegistry, Notify, hooks
from signals_audit.registry import concrete_label
from tests.testapp.models import Article, Profile, PublishedArticle, Tag


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    declared = hooks.snapshot()
    yield
    hooks.restore(declared)


class Nobody:
    """The subject of an event of which nobody asks the object."""

    def instance(self) -> None:
        return None

    def text(self) -> str:
        return ""


def event(
    action: Action = Action.UPDATE,
    changes: Mapping[str, Change | RelationChange] | None = None,
    *,
    relation: str | None = None,
) -> ChangeEvent:
    return ChangeEvent(
        model=Article,
        action=action,
        pk=1,
        object_id="1",
        using="default",
        source="save",
        actor=Actor(ActorKind.SYSTEM, None, "system"),
        context=AuditContext(),
        created_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
        changes=changes or {},
        encoded={},
        subject=Nobody(),
        relation=relation,
    )


def do_nothing(event: ChangeEvent) -> None:
    """Be a hook."""


class Callable_:  # noqa: N801
    def __call__(self, event: ChangeEvent) -> None:
        """Be a hook that is no function."""

    def method(self, event: ChangeEvent) -> None:
        """Be a hook that is a method."""


TITLE = {"title": Change("one", "two")}


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ({}, True),
        ({"field": "title"}, True),
        ({"field": "body"}, False),
        ({"field": "title", "was": "one"}, True),
        ({"field": "title", "now": "two"}, True),
        ({"field": "title", "was": "one", "now": "two"}, True),
        ({"field": "title", "was": "two"}, False),
        ({"field": "title", "now": "one"}, False),
        ({"field": "title", "was": None}, False),
        ({"field": "title", "was": UNKNOWN}, False),
    ],
)
def test_a_hook_wants_the_change_of_its_field_from_and_to_its_values(
    conditions: dict[str, Any], wanted: bool
) -> None:
    hook = Hook("testapp.Article", Action.UPDATE, do_nothing, **conditions)
    assert hook.wants(event(changes=TITLE)) is wanted


@pytest.mark.parametrize("before", [None, UNKNOWN, "", 0])
def test_none_and_unknown_are_values_to_ask_for(before: Any) -> None:
    hook = Hook("testapp.Article", Action.UPDATE, do_nothing, field="title", was=before)
    assert hook.wants(event(changes={"title": Change(before, "two")}))
    assert not hook.wants(event(changes={"title": Change("one", "two")}))


def test_a_hook_wants_its_action_only() -> None:
    every = [Hook("testapp.Article", action, do_nothing) for action in Action]
    assert [[hook.wants(event(action)) for hook in every] for action in Action] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_changes_of_rows_and_of_relations_are_kept_apart() -> None:
    changes = {"tags": RelationChange((1,), ())}
    related = event(changes=changes, relation="tags")
    row = Hook("testapp.Article", Action.UPDATE, do_nothing)
    tags = Hook("testapp.Article", Action.UPDATE, do_nothing, field="tags", relation=True)
    picks = Hook("testapp.Article", Action.UPDATE, do_nothing, field="picks", relation=True)
    assert [hook.wants(related) for hook in (row, tags, picks)] == [False, True, False]
    assert [hook.wants(event(changes=TITLE)) for hook in (row, tags, picks)] == [True, False, False]


def test_declared_hooks_are_found_by_model_in_their_order() -> None:
    on_create("testapp.Article")(do_nothing)
    on_change(Article, "title", was="one", now="two", timing=Timing.IN_TRANSACTION)(do_nothing)
    on_delete("TESTAPP.article")(do_nothing)
    on_m2m_change("testapp.PublishedArticle", "tags")(do_nothing)
    on_create(Tag)(do_nothing)
    found = [
        Hook("testapp.Article", Action.CREATE, do_nothing),
        Hook(
            "testapp.Article",
            Action.UPDATE,
            do_nothing,
            timing=Timing.IN_TRANSACTION,
            field="title",
            was="one",
            now="two",
        ),
        Hook("TESTAPP.article", Action.DELETE, do_nothing),
        Hook("testapp.PublishedArticle", Action.UPDATE, do_nothing, field="tags", relation=True),
    ]
    assert list(hooks.of(Article)) == list(hooks.of(PublishedArticle)) == found
    assert hooks.of(User) == ()


def test_a_decorated_function_stays_what_it_was() -> None:
    assert on_create(Article)(do_nothing) is do_nothing


def test_the_same_declaration_twice_counts_once() -> None:
    for _ in range(2):
        on_create(Article)(do_nothing)
        auto_create("auth.User", Profile, defaults={"plan": "paid"})
        notify_on(Profile, recipient="user", verb="opened")
    on_create(Article, timing=Timing.IN_TRANSACTION)(do_nothing)
    declared = hooks.snapshot()
    assert len(hooks.of(Article)) == 2
    assert declared.auto_creates == (AutoCreate("auth.User", "testapp.Profile", None, {"plan": "paid"}),)
    assert declared.notifies == (Notify("testapp.Profile", "user", "opened"),)


def test_the_defaults_of_the_caller_are_not_kept() -> None:
    defaults = {"plan": "paid"}
    auto_create("auth.User", Profile, defaults=defaults)
    defaults["plan"] = "free"
    assert hooks.auto_creates()[0].defaults == {"plan": "paid"}


def test_hooks_have_the_name_that_entries_carry() -> None:
    names = [
        Hook("testapp.Article", Action.CREATE, function, title=title).name
        for function, title in [
            (do_nothing, ""),
            (partial(do_nothing), ""),
            (Callable_(), ""),
            (Callable_().method, ""),
            (do_nothing, "auto_create x"),
        ]
    ]
    assert names == [
        f"{__name__}.do_nothing",
        f"{__name__}.do_nothing",
        f"{__name__}.Callable_",
        f"{__name__}.Callable_.method",
        "auto_create x",
    ]


def test_sources_add_hooks_before_those_declared() -> None:
    own = HookRegistry()
    first = Hook("testapp.Article", Action.CREATE, do_nothing, title="from a source")
    second = Hook("testapp.Article", Action.CREATE, do_nothing)
    asked: list[str] = []

    def source(label: str) -> list[Hook]:
        asked.append(label)
        return [first] if label == "testapp.article" else []

    own.add(second)
    own.add_source(source)
    own.add_source(source)
    for _ in range(2):
        assert own.of(PublishedArticle) == own.of(Article) == (first, second)
        assert own.of(Tag) == ()
    assert asked == ["testapp.article", "testapp.article", "testapp.tag"]  # once for each class


def test_listeners_hear_of_every_declaration_once() -> None:
    own = HookRegistry()
    heard: list[uuid.UUID] = []

    def listen() -> None:
        heard.append(uuid.uuid4())

    own.on_change(listen)
    own.on_change(listen)
    before = own.snapshot()
    own.add(Hook("testapp.Article", Action.CREATE, do_nothing))
    own.add_auto_create(AutoCreate("auth.User", "testapp.Profile"))
    own.add_notify(Notify("testapp.Profile", "user", "opened"))
    own.restore(before)
    assert len(heard) == 4
    assert (own.of(Article), own.auto_creates(), own.notifies()) == ((), (), ())


@pytest.mark.parametrize(
    ("label", "concrete"),
    [
        ("testapp.PublishedArticle", "testapp.article"),
        ("testapp.ARTICLE", "testapp.article"),
        ("Nowhere.Nothing", "nowhere.nothing"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_label_stands_for_the_model_whose_table_is_written(label: str, concrete: str) -> None:
    assert concrete_label(label) == concrete
