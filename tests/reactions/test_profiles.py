from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext, isolate_apps

from signals_audit import Actor, ActorKind, audit_context, auto_create
from signals_audit.exceptions import ConfigurationError
from signals_audit.models import AuditEntry
from signals_audit.reactions import ensure_profile
from signals_audit.reactions.profiles import relations_to
from tests.testapp.models import Article, Author, Bistro, Comment, Person, Place, Profile, Restaurant, Review

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Actor(ActorKind.USER, "17", "ada")


def test_a_new_user_gets_a_profile(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"AUTO_CREATE": {"auth.User": "testapp.Profile"}}
    user = User.objects.create_user("ada")
    assert list(Profile.objects.values_list("user", "plan")) == [(user.pk, "free")]


def test_saving_the_user_again_makes_no_other_profile() -> None:
    auto_create("auth.User", "testapp.Profile")
    user = User.objects.create_user("ada")
    with CaptureQueriesContext(connection) as queries:
        user.save()
    assert Profile.objects.count() == 1
    assert not [query for query in queries.captured_queries if "testapp_profile" in query["sql"]]


def test_the_profile_is_made_in_the_transaction_of_its_user_and_goes_with_it() -> None:
    auto_create(User, Profile)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        User.objects.create_user("ada")
        assert Profile.objects.count() == 1
        _ = 1 / 0
    assert not User.objects.exists()
    assert not Profile.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_user_whose_profile_cannot_be_made_is_not_made_either() -> None:
    auto_create(User, Profile, defaults={"plan": lambda user: 1 / 0})
    with pytest.raises(ZeroDivisionError):
        User.objects.create_user("ada")
    assert not User.objects.exists()


def test_the_creation_of_the_profile_hangs_under_that_of_the_user() -> None:
    auto_create(User, Profile)
    with audit_context(actor=ADA):
        User.objects.create_user("ben")
    user, profile = AuditEntry.objects.order_by("id").select_related("change_set")
    assert [user.model, profile.model] == ["auth.User", "testapp.Profile"]
    assert (profile.caused_by, profile.caused_by_change_set, profile.caused_by_seq) == (
        "auto_create testapp.Profile",
        user.change_set_id,
        user.seq,
    )
    assert profile.change_set == user.change_set
    assert profile.change_set.actor_repr == "ada"


def test_defaults_are_values_or_callables_that_are_given_the_instance(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {
        "AUTO_CREATE": {
            "auth.User": {
                "model": "testapp.Profile",
                "field": "user",
                "defaults": {"plan": lambda user: f"of {user.username}"},
            },
            "testapp.Article": [
                "testapp.Comment",
                {"model": "testapp.Review", "defaults": {"stars": 3}},
            ],
        }
    }
    User.objects.create_user("ada")
    Article.objects.create(title="one")
    assert Profile.objects.get().plan == "of ada"
    assert list(Comment.objects.values_list("article__title", "text")) == [("one", "")]
    assert list(Review.objects.values_list("article__title", "stars")) == [("one", 3)]


def test_fixtures_bring_their_own_profiles(tmp_path: Path) -> None:
    auto_create(User, Profile)
    fixture = tmp_path / "users.json"
    user = {"model": "auth.user", "pk": 7, "fields": {"username": "ada", "password": "!"}}
    profile = {"model": "testapp.profile", "pk": 9, "fields": {"user": 7, "plan": "paid"}}
    fixture.write_text(json.dumps([user, profile]))
    call_command("loaddata", str(fixture), verbosity=0)
    assert list(Profile.objects.values_list("pk", "user", "plan")) == [(9, 7, "paid")]


def test_a_profile_made_by_somebody_else_in_the_meantime_is_taken() -> None:
    user = User.objects.create_user("ada")
    auto_create(User, Profile)
    faster: list[Profile] = []

    def overtake(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "testapp_profile" in sql and not faster:
            faster.append(Profile.objects.create(user=user, plan="faster"))
        return found

    with transaction.atomic(), connection.execute_wrapper(overtake):
        profile = ensure_profile(user)
    assert [profile] == faster == list(Profile.objects.all())


def test_a_receiver_that_makes_sure_of_the_profile_finds_it() -> None:
    auto_create(User, Profile)

    def make_profile(instance: User, created: bool, **kwargs: Any) -> None:
        Profile.objects.get_or_create(user=instance, defaults={"plan": "from the receiver"})

    post_save.connect(make_profile, sender=User)
    try:
        user = User.objects.create_user("ada")
    finally:
        post_save.disconnect(make_profile, sender=User)
    assert Profile.objects.get() == user.profile
    assert user.profile.plan == "free"


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_the_profile_is_made_on_the_database_of_its_user() -> None:
    auto_create(User, Profile)
    user = User(username="ada")
    user.save(using="other")
    assert Profile.objects.using("other").get().user == user
    assert not Profile.objects.exists()
    assert ensure_profile(user) == Profile.objects.using("other").get()


def test_each_of_many_new_users_gets_a_profile() -> None:
    auto_create(User, Profile)
    User.objects.bulk_create([User(username=name) for name in ("ada", "ben", "cleo")])
    assert sorted(Profile.objects.values_list("user__username", flat=True)) == ["ada", "ben", "cleo"]


def test_users_older_than_the_declaration_get_their_profile_when_it_is_needed() -> None:
    user = User.objects.create_user("ada")
    auto_create(User, Profile, defaults={"plan": "late"})
    profile = ensure_profile(user)
    assert (profile, ensure_profile(user)) == (Profile.objects.get(), profile)
    assert Profile.objects.get().plan == "late"
    assert AuditEntry.objects.get(model="testapp.Profile").caused_by == "auto_create testapp.Profile"


def test_which_of_several_rows_is_needed_has_to_be_said() -> None:
    auto_create(Article, Comment)
    auto_create(Article, Review)
    article = Article.objects.create(title="one")
    assert ensure_profile(article, Review) == Review.objects.get()
    assert ensure_profile(article, "testapp.Comment") == Comment.objects.get()
    declared = r"testapp\.Comment, testapp\.Review"
    with pytest.raises(
        ConfigurationError, match=rf"^auto_create: which target for testapp\.Article\? Declared: {declared}$"
    ):
        ensure_profile(article)
    with pytest.raises(
        ConfigurationError, match=r"^auto_create: which target for auth\.Group\? Declared: none$"
    ):
        ensure_profile(Group.objects.create(name="x"))


def test_where_several_rows_belong_to_the_instance_the_first_one_is_the_profile() -> None:
    article = Article.objects.create(title="one")
    first, _second = Review.objects.create(article=article), Review.objects.create(article=article)
    auto_create(Article, Review)
    assert ensure_profile(article) == first


@isolate_apps("tests.testapp")
def test_the_field_that_is_meant_points_at_the_model_or_else_at_its_parents() -> None:
    class Inspection(models.Model):
        place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="+")
        restaurant = models.ForeignKey(Restaurant, on_delete=models.CASCADE, related_name="+")

        class Meta:
            app_label = "testapp"

    class Motel(Place):
        class Meta:
            app_label = "testapp"

    assert relations_to(Inspection, Place) == ["place"]
    assert relations_to(Inspection, Restaurant) == ["restaurant"]
    assert relations_to(Inspection, Bistro) == ["place", "restaurant"]
    assert relations_to(Motel, Place) == []


def test_a_proxy_counts_as_its_model() -> None:
    auto_create("testapp.PublishedArticle", "testapp.Comment")
    article = Article.objects.create(title="one")
    assert Comment.objects.get().article == article


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("testapp.Missing", r"^auto_create: App 'testapp' doesn't have a 'Missing' model\.$"),
        (
            "testapp.Author",
            r"^auto_create: testapp\.Author must have exactly one foreign key to testapp\.Person, "
            r"or `field` must name the one that is meant; found: none$",
        ),
    ],
)
def test_a_target_that_cannot_be_made_is_an_error_that_names_it(target: str, message: str) -> None:
    auto_create(Person, target)
    with pytest.raises(ConfigurationError, match=message):
        Person.objects.create(name="Ada")
    assert not Person.objects.exists()
    assert not Author.objects.exists()
