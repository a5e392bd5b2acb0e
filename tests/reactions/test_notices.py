from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from signals_audit import audit_context, notify_on, register
from signals_audit.models import Notification
from signals_audit.values import decode
from tests.testapp.models import Article, Profile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def users() -> list[User]:
    return [User.objects.create(username=name) for name in ("ada", "ben", "cleo")]


def told() -> list[tuple[str, str, str, str]]:
    return [
        (line.actor_repr, line.verb, line.target_repr, line.recipient.username)
        for line in Notification.objects.order_by("id").select_related("recipient")
    ]


def data() -> list[dict[str, Any]]:
    lines = Notification.objects.order_by("id")
    return [{name: decode(value) for name, value in line.data.items()} for line in lines]


def test_a_user_is_told_of_what_settings_declare(settings: Any, users: list[User]) -> None:
    settings.SIGNALS_AUDIT = {
        "NOTIFY": [
            {
                "model": "testapp.Profile",
                "recipient": "user",
                "verb": gettext_lazy("opened"),
                "target": "user",
            },
            {
                "model": "testapp.Profile",
                "recipient": "user",
                "verb": "closed",
                "on": "delete",
                "target": "user",
            },
        ]
    }
    with audit_context(actor=users[1]):
        profile = Profile.objects.create(user=users[0])
        profile.plan = "paid"
        profile.save()
        profile.delete()
    assert told() == [("ben", "opened", "ada", "ada"), ("ben", "closed", "ada", "ada")]
    assert data() == [{}, {}]


def test_nobody_is_told_of_what_they_did_themselves(users: list[User]) -> None:
    notify_on(Profile, recipient="user", verb="opened")
    with audit_context(actor=users[0]):
        Profile.objects.create(user=users[0])
    assert told() == []


def test_the_change_of_a_field_tells_what_it_was_and_what_it_is(users: list[User]) -> None:
    notify_on(Profile, on="change", field="plan", recipient="user", verb="changed %(before)s to %(after)s")
    profile = Profile.objects.create(user=users[0])
    with audit_context(actor=users[1]):
        profile.plan = "paid"
        profile.save()
        profile.save()
        profile.user = users[2]
        profile.save()
    assert told() == [("ben", "changed %(before)s to %(after)s", f"Profile object ({profile.pk})", "ada")]
    assert data() == [{"model": "testapp.Profile", "field": "plan", "before": "free", "after": "paid"}]


def test_without_a_field_every_change_of_the_row_is_told_without_values(users: list[User]) -> None:
    notify_on(Profile, on="change", recipient="user", verb="changed")
    profile = Profile.objects.create(user=users[0])
    profile.plan = "paid"
    profile.save()
    profile.save()
    assert told() == [("system", "changed", f"Profile object ({profile.pk})", "ada")]
    assert data() == [{}]


def test_the_change_of_a_many_to_many_field_tells_what_came_and_went(users: list[User]) -> None:
    group = Group.objects.create(name="writers")
    notify_on(User, on="change", field="groups", recipient="groups.user_set", verb="joined", target="groups")
    users[1].groups.add(group)
    with audit_context(actor=users[0]):
        users[0].groups.add(group)
    assert told() == [
        ("system", "joined", "writers", "ben"),
        ("ada", "joined", "writers", "ben"),
    ]
    assert data() == [{"model": "auth.User", "field": "groups", "added": [group.pk], "removed": []}] * 2


def test_secrets_are_not_told(users: list[User]) -> None:
    register(Profile, mask=["plan"])
    notify_on(Profile, on="change", field="plan", recipient="user", verb="changed")
    profile = Profile.objects.create(user=users[0], plan="hidden before")
    profile.plan = "hidden after"
    profile.save()
    line = Notification.objects.get()
    assert line.data == {
        "model": "testapp.Profile",
        "field": "plan",
        "before": {"masked": True},
        "after": {"masked": True},
    }


def test_a_path_that_leads_to_nobody_tells_nobody(
    users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    notify_on(User, recipient="profile.user", verb="registered")
    notify_on(User, recipient="groups.user_set", verb="registered")
    User.objects.create(username="dora")
    assert told() == []
    assert caplog.records == []


def test_a_path_that_makes_no_sense_is_logged_and_breaks_nothing(
    users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    notify_on(Profile, recipient="owner", verb="opened")
    notify_on(Profile, recipient="plan", verb="opened")
    notify_on(Profile, recipient="user", verb="opened")
    profile = Profile.objects.create(user=users[0])
    change = f"create of testapp.Profile {profile.pk}"
    assert [record.getMessage() for record in caplog.records] == [
        f"The hook notify {path} failed after {change} on the database 'default'"
        for path in ("owner", "plan")
    ]
    assert told() == [("system", "opened", f"Profile object ({profile.pk})", "ada")]


def test_nobody_is_told_of_a_rollback_or_of_a_fixture(users: list[User], tmp_path: Path) -> None:
    notify_on(Profile, recipient="user", verb="opened")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Profile.objects.create(user=users[0])
        _ = 1 / 0
    fixture = tmp_path / "profiles.json"
    fields = {"user": users[0].pk, "plan": "paid"}
    fixture.write_text(json.dumps([{"model": "testapp.profile", "pk": 9, "fields": fields}]))
    call_command("loaddata", str(fixture), verbosity=0)
    assert Profile.objects.count() == 1
    assert told() == []


def test_what_makes_no_sense_in_settings_is_left_to_the_checks(settings: Any, users: list[User]) -> None:
    notice = {"model": "testapp.Profile", "recipient": "user", "verb": "opened"}
    settings.SIGNALS_AUDIT = {
        "NOTIFY": [
            "nonsense",
            {"model": "testapp.Profile"},
            notice | {"model": 7},
            notice | {"recipient": ["user"]},
            notice | {"on": "sunday"},
            notice | {"on": ["create"]},
            notice | {"target": 7},
            notice | {"field": 7},
            notice | {"verb": ""},
            notice | {"colour": "red", "field": None, "target": None},
        ],
        "AUTO_CREATE": {
            7: "testapp.Profile",
            "auth.User": [7, {"field": "user"}, {"model": 7}, {"model": "testapp.Profile", "field": 7}],
            "auth.Group": {"testapp.Profile"},
        },
    }
    User.objects.create(username="dora")
    Profile.objects.create(user=users[0])
    assert Profile.objects.count() == 1
    assert [line[1] for line in told()] == ["opened"]


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_changes_on_another_database_are_told_once_they_are_committed(
    users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Article, "readers", lambda _article: users[:2], raising=False)
    notify_on(Article, recipient="readers", verb="wrote")
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="other"):
        Article.objects.using("other").create(title="lost")
        _ = 1 / 0
    with transaction.atomic(using="other"):
        Article.objects.using("other").create(title="kept")
        assert told() == []
    assert told() == [("system", "wrote", "kept", "ada"), ("system", "wrote", "kept", "ben")]


def test_people_are_told_in_the_transaction_of_the_change(users: list[User]) -> None:
    notify_on(Profile, recipient="user", verb="opened", target="user")
    with transaction.atomic():
        Profile.objects.create(user=users[0])
        connection.run_on_commit.clear()  # as if this process had died right after COMMIT
    assert told() == [("system", "opened", "ada", "ada")]
