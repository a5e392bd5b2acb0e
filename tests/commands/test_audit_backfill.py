"""`audit_backfill --profiles` makes what older rows lack, once, and says why in the log."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from signals_audit import auto_create, disabled
from signals_audit.hooks import hooks
from signals_audit.models import AuditEntry
from tests.testapp.models import Article, Author, Profile, Review

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _declarations() -> Iterator[None]:
    declared = hooks.snapshot()
    yield
    hooks.restore(declared)


def run(*options: str) -> list[str]:
    out = StringIO()
    call_command("audit_backfill", *options, stdout=out)
    return out.getvalue().splitlines()


def users(*names: str) -> list[User]:
    with disabled():
        return [User.objects.create_user(name) for name in names]


def test_older_users_get_their_profiles_with_defaults_of_their_own() -> None:
    ada, ben, cyd, dee = users("ada", "ben", "cyd", "dee")
    Profile.objects.all().delete()
    with disabled():
        Profile.objects.create(user=ben, plan="gold")
    auto_create(User, Profile, defaults={"plan": lambda user: f"plan of {user.username}"[:20]})
    assert run("--profiles", "--dry-run") == ["auth.User → testapp.Profile: 3 rows are missing"]
    assert run("--profiles", "--batch=2") == ["auth.User → testapp.Profile: 3 rows made"]
    assert dict(Profile.objects.values_list("user__username", "plan")) == {
        ada.username: "plan of ada",
        ben.username: "gold",
        cyd.username: "plan of cyd",
        dee.username: "plan of dee",
    }
    assert run("--profiles") == ["auth.User → testapp.Profile: 0 rows made"]


def test_their_entries_say_what_made_them() -> None:
    users("ada")
    Profile.objects.all().delete()
    AuditEntry.objects.all().delete()
    auto_create(User, Profile)
    run("--profiles")
    assert list(AuditEntry.objects.values_list("action", "model", "caused_by")) == [
        ("create", "testapp.Profile", "auto_create testapp.Profile")
    ]


def test_several_targets_are_filled_each_and_one_model_may_be_chosen(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"AUTO_CREATE": {"testapp.Author": [{"model": "testapp.Article"}]}}
    with disabled():
        Author.objects.create(name="a")
    auto_create(User, Profile)
    users("ada")
    Profile.objects.all().delete()
    assert run("--profiles", "--dry-run") == [
        "testapp.Author → testapp.Article: 1 row is missing",
        "auth.User → testapp.Profile: 1 row is missing",
    ]
    assert run("--profiles", "--model=auth.user") == ["auth.User → testapp.Profile: 1 row made"]
    assert Article.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Say what is to be made: --profiles."),
        (["--profiles", "--model=no.Such"], "No installed app with label 'no'."),
        (["--profiles", "--database=none"], "There is no database “none”."),
        (["--profiles", "--batch=0"], "--batch must be above 0."),
    ],
)
def test_what_cannot_be_is_said(options: list[str], message: str) -> None:
    with pytest.raises(CommandError) as failure:
        run(*options)
    assert str(failure.value) == message


def test_a_declaration_that_cannot_be_fulfilled_is_said() -> None:
    auto_create(User, Review)
    with pytest.raises(CommandError, match=r"testapp.Review must have exactly one foreign key to auth.User"):
        run("--profiles")
