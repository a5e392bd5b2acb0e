from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.test.utils import isolate_apps

from signals_audit import register
from signals_audit.models import AuditEntry, ChangeSet, Notification
from signals_audit.registry import ModelOptions, Registry, registry
from tests.testapp.models import Article, Bistro, Membership, Place, PublishedArticle, Restaurant, Tag


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    registered = registry.snapshot()
    yield
    registry.restore(registered)


@pytest.fixture
def models_setting(settings: Any) -> Any:
    """Set `SIGNALS_AUDIT["MODELS"]`."""

    def set_models(value: Any) -> None:
        settings.SIGNALS_AUDIT = {"MODELS": value}

    return set_models


def test_models_are_named_by_label_in_any_case(models_setting: Any) -> None:
    models_setting({"auth.User": {"exclude": ["email"]}, "TESTAPP.tag": None})
    assert registry.options_for(User) == ModelOptions(exclude=("email",))
    assert registry.options_for(Tag) == ModelOptions()
    assert registry.options_for(Group) is None
    assert registry.models() == [User, Tag]


def test_models_may_be_a_list_of_labels(models_setting: Any) -> None:
    models_setting(["auth.User", "testapp.Tag"])
    assert registry.models() == [User, Tag]


def test_the_nearest_name_wins(models_setting: Any) -> None:
    models_setting(
        {
            "*": {"exclude": ["all"]},
            "auth.*": {"exclude": ["app"]},
            "auth.User": {"exclude": ["model"]},
        }
    )
    assert [registry.options_for(model) for model in (User, Group, Tag)] == [
        ModelOptions(exclude=("model",)),
        ModelOptions(exclude=("app",)),
        ModelOptions(exclude=("all",)),
    ]
    register(User, exclude=["code"])
    assert registry.options_for(User) == ModelOptions(exclude=("code",))


def test_everything_leaves_out_our_own_tables_sessions_and_rows_of_relations(models_setting: Any) -> None:
    models_setting(["*"])
    audited = registry.models()
    assert {User, Group, ContentType, Membership} <= set(audited)
    assert not {AuditEntry, ChangeSet, Notification, Session, Article.tags.through} & set(audited)
    assert not [model for model in audited if model._meta.auto_created or model._meta.proxy]


def test_the_patterns_of_an_app_leave_them_out_too(models_setting: Any) -> None:
    models_setting(["sessions.*", "signals_audit.*", "testapp.*"])
    audited = registry.models()
    assert {model._meta.app_label for model in audited} == {"testapp"}
    assert Article.tags.through not in audited


def test_sessions_and_rows_of_relations_are_audited_when_named(models_setting: Any) -> None:
    models_setting(["sessions.Session", "testapp.Article_tags"])
    assert registry.models() == [Session, Article.tags.through]


def test_our_own_tables_are_never_audited(models_setting: Any) -> None:
    models_setting({"signals_audit.AuditEntry": {}})
    register(Notification)
    assert registry.models() == []


def test_a_proxy_is_audited_as_its_model(models_setting: Any) -> None:
    models_setting({"testapp.Article": {"exclude": ["views"]}})
    assert registry.options_for(PublishedArticle) == ModelOptions(exclude=("views",))
    register(PublishedArticle, exclude=["body"])
    assert registry.options_for(Article) == ModelOptions(exclude=("body",))
    assert registry.models() == [Article]


def test_a_proxy_may_be_named_by_its_label_too(models_setting: Any) -> None:
    models_setting({"testapp.PublishedArticle": {"exclude": ["views"]}})
    assert registry.options_for(Article) == ModelOptions(exclude=("views",))
    register("testapp.PublishedArticle", exclude=["body"])
    assert registry.options_for(Article) == ModelOptions(exclude=("body",))
    assert registry.models() == [Article]


def test_a_multi_table_parent_is_audited_with_its_child(models_setting: Any) -> None:
    models_setting({"testapp.Restaurant": {"exclude": ["stars"]}})
    assert registry.options_for(Place) == ModelOptions(exclude=("stars",))
    assert registry.options_for(Bistro) is None
    register(Place, exclude=["city"])
    assert registry.options_for(Place) == ModelOptions(exclude=("city",))
    assert registry.models() == [Place, Restaurant]


@isolate_apps("tests.testapp")
def test_register_works_as_function_decorator_and_by_label(models_setting: Any) -> None:
    models_setting({})
    assert register(User) is User
    assert register("auth.Group", fields=["name"]) == "auth.Group"

    @register(mask=["plan"], m2m=[], before="memory", previously=["testapp.Old"])
    class Plain(models.Model):
        class Meta:
            app_label = "testapp"

    @register
    class Bare(models.Model):
        class Meta:
            app_label = "testapp"

    assert [registry.options_for(model) for model in (User, Group, Plain, Bare)] == [
        ModelOptions(),
        ModelOptions(fields=("name",)),
        ModelOptions(mask=("plan",), m2m=(), before="memory", previously=("testapp.Old",)),
        ModelOptions(),
    ]


def test_registering_again_replaces_and_unregistering_leaves_what_settings_say(models_setting: Any) -> None:
    models_setting({"auth.User": {"exclude": ["email"]}})
    register(User, exclude=["username"])
    register("auth.user", mask=["username"])
    assert registry.options_for(User) == ModelOptions(mask=("username",))
    registry.unregister("auth.User")
    assert registry.options_for(User) == ModelOptions(exclude=("email",))
    registry.unregister("auth.User")


def test_the_lists_of_the_caller_are_neither_kept_nor_changed(models_setting: Any) -> None:
    given = {"auth.User": {"exclude": ["email"], "fields": ["email", "username"]}}
    exclude = ["name"]
    models_setting(given)
    register(Tag, exclude=exclude)
    options = registry.options_for(User)
    given["auth.User"]["exclude"].append("username")
    exclude.append("id")
    assert registry.options_for(User) is options
    assert options == ModelOptions(fields=("email", "username"), exclude=("email",))
    assert registry.options_for(Tag) == ModelOptions(exclude=("name",))
    assert given == {"auth.User": {"exclude": ["email", "username"], "fields": ["email", "username"]}}


@pytest.mark.parametrize(
    ("options", "audited"),
    [
        (ModelOptions(), {"name": True, "last_login": False}),
        (ModelOptions(exclude=("name",)), {"name": False, "last_login": False}),
        (ModelOptions(fields=("last_login",)), {"name": False, "last_login": True}),
        (ModelOptions(fields=("name", "last_login"), exclude=("name",)), {"name": False, "last_login": True}),
    ],
)
def test_fields_are_chosen_and_left_out(options: ModelOptions, audited: dict[str, bool]) -> None:
    assert {name: options.audits(name) for name in audited} == audited


@pytest.mark.parametrize(
    ("options", "audited"),
    [
        (ModelOptions(), True),
        (ModelOptions(fields=("name",)), True),
        (ModelOptions(m2m=("tags",)), True),
        (ModelOptions(m2m=()), False),
        (ModelOptions(exclude=("tags",)), False),
    ],
)
def test_relations_are_chosen_and_left_out(options: ModelOptions, audited: bool) -> None:
    assert options.audits_relation("tags") is audited


def test_options_that_are_unknown_or_of_the_wrong_type_are_left_out(models_setting: Any) -> None:
    models_setting(
        {
            "auth.User": {"exlude": ["email"], "mask": {"email"}, "fields": 7, "before": "exakt"},
            "testapp.Tag": {"exclude": "name"},
            "auth.Group": "nonsense",
            7: {},
        }
    )
    assert registry.options_for(User) == ModelOptions(mask=("email",))
    assert registry.options_for(Tag) == ModelOptions(exclude=("name",))
    assert registry.options_for(Group) is None


def test_listeners_hear_of_every_change_once() -> None:
    own, heard = Registry(), []

    def listen() -> None:
        heard.append(own.snapshot())

    own.on_change(listen)
    own.on_change(listen)
    own.register("auth.User", ModelOptions())
    own.unregister("auth.User")
    assert heard == [{"auth.user": ModelOptions()}, {}]


def test_what_is_restored_is_as_it_was() -> None:
    own = Registry()
    own.register("auth.User", ModelOptions(exclude=("email",)))
    before = own.snapshot()
    own.register("auth.Group", ModelOptions())
    own.unregister("auth.User")
    own.restore(before)
    assert own.snapshot() == before == {"auth.user": ModelOptions(exclude=("email",))}
