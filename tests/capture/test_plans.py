"""Plans: which columns of a table are read, under whose name, and which relations its rows stand for."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from signals_audit import on_change, on_m2m_change
from signals_audit.capture.plans import plan_for
from signals_audit.hooks import hooks
from signals_audit.models import AuditEntry, ChangeSet, Notification
from signals_audit.registry import registry
from tests.testapp.models import (
    Article,
    Bistro,
    Membership,
    Place,
    PublishedArticle,
    Restaurant,
    Seat,
    Unaudited,
)


def configured(settings: Any, *labels: str, **options: dict[str, Any]) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {label: {} for label in labels} | options}


def test_a_model_that_nobody_named_has_no_plan(settings: Any) -> None:
    configured(settings, "testapp.Article")
    assert plan_for(Unaudited) is None


def test_the_log_itself_has_no_plan_even_when_everything_is_audited(settings: Any) -> None:
    configured(settings, "*", "signals_audit.*", "signals_audit.AuditEntry")
    assert [plan_for(model) for model in (AuditEntry, ChangeSet, Notification)] == [None] * 3


def test_a_pattern_leaves_sessions_out_and_last_login(settings: Any) -> None:
    configured(settings, "*")
    plan = plan_for(User)
    assert plan_for(Session) is None
    assert plan is not None
    assert plan.recorded is not None
    assert "last_login" not in plan.recorded
    assert "username" in plan.recorded


def test_a_plan_is_made_once_and_anew_when_settings_change(settings: Any) -> None:
    configured(settings, "testapp.Article")
    first = plan_for(Article)
    assert plan_for(Article) is first
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"fields": ["title"]}}}
    second = plan_for(Article)
    assert second is not None
    assert second.recorded == {"title"}
    assert second.names == ("id", "title")


def test_nothing_has_a_plan_when_the_app_is_switched_off(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"ENABLED": False, "MODELS": ["testapp.Article"]}
    assert plan_for(Article) is None


def test_a_proxy_shares_the_plan_of_its_concrete_model(settings: Any) -> None:
    configured(settings, "testapp.Article")
    plan = plan_for(PublishedArticle)
    assert plan is not None
    assert (plan.model, plan.written) == (Article, Article)


def test_a_parent_is_read_with_its_child(settings: Any) -> None:
    configured(settings, "testapp.Bistro")
    plans = [plan_for(model) for model in (Place, Restaurant, Bistro)]
    assert [plan.names for plan in plans if plan is not None] == [
        ("id", "name", "city"),
        ("place_ptr", "stars"),
        ("restaurant_ptr", "is_cosy"),
    ]


def test_a_composite_key_has_several_places(settings: Any) -> None:
    configured(settings, "testapp.Seat")
    plan = plan_for(Seat)
    assert plan is not None
    assert (plan.names, plan.key) == (("row", "number", "guest"), (0, 1))
    assert plan.key_of(("A", 1, "g")) == ("A", 1)


@pytest.mark.parametrize(
    ("registered", "expected"),
    [(["testapp.Article"], True), (["testapp.Article", "testapp.Article_tags"], False), ([], False)],
)
def test_an_automatic_through_table_stands_for_its_relation_unless_it_is_registered(
    settings: Any, registered: list[str], expected: bool
) -> None:
    configured(settings, *registered)
    plan = plan_for(Article.tags.through)
    relations = [] if plan is None else [(relation.owner.model, relation.name) for relation in plan.relations]
    assert relations == ([(Article, "tags")] if expected else [])


def test_a_custom_through_table_stands_for_its_relation_unless_it_is_audited(settings: Any) -> None:
    configured(settings, "testapp.Group")
    folded = plan_for(Membership)
    configured(settings, "testapp.*")
    own = plan_for(Membership)
    assert folded is not None
    assert own is not None
    assert [relation.name for relation in folded.relations] == ["members"]
    assert (own.relations, own.recorded is not None) == ((), True)


@pytest.fixture
def isolated() -> Any:
    declared, hooked = registry.snapshot(), hooks.snapshot()
    yield
    registry.restore(declared)
    hooks.restore(hooked)


@pytest.mark.usefixtures("isolated")
def test_a_hook_alone_has_the_whole_row_read_and_nothing_recorded(settings: Any) -> None:
    configured(settings, "testapp.Tag")
    on_change("testapp.Article", "title")(lambda event: None)
    plan = plan_for(Article)
    assert plan is not None
    assert plan.recorded is None
    assert plan.names == tuple(field.name for field in Article._meta.local_concrete_fields)


@pytest.mark.usefixtures("isolated")
def test_a_hook_on_a_relation_alone_has_its_through_rows_read(settings: Any) -> None:
    configured(settings, "testapp.Tag")
    on_m2m_change("testapp.Article", "tags")(lambda event: None)
    plan = plan_for(Article.tags.through)
    assert plan is not None
    assert [(relation.name, relation.recorded) for relation in plan.relations] == [("tags", False)]


@pytest.mark.usefixtures("isolated")
def test_a_hook_on_an_excluded_field_has_it_read_and_not_recorded(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"exclude": ["views"]}}}
    on_change("testapp.Article", "views")(lambda event: None)
    plan = plan_for(Article)
    assert plan is not None
    assert plan.recorded is not None
    assert ("views" in plan.names, "views" in plan.recorded) == (True, False)
