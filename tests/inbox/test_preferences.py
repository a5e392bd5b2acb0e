"""What people want to be told of, chosen on a page or by the link in a mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.urls import reverse

from signals_audit import notify_on
from signals_audit.channels.letters import SALT
from signals_audit.hooks import hooks
from signals_audit.models import Notification, Preference
from signals_audit.reactions import declare_kind, notify
from signals_audit.reactions.kinds import _labels, kinds
from signals_audit.types import Pace
from tests.testapp.models import Profile

pytestmark = pytest.mark.django_db

PAGE = "/notifications/preferences/"


@pytest.fixture(autouse=True)
def declared(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.SIGNALS_AUDIT = {
        "CHANNELS": {
            "inbox": "signals_audit.channels.Inbox",
            "email": {"BACKEND": "signals_audit.channels.Email", "PACE": "daily", "LABEL": "By mail"},
        },
        "NOTIFY": [{"model": "testapp.Profile", "recipient": "user", "verb": "opened a profile"}],
    }
    before = hooks.snapshot()
    monkeypatch.setattr("signals_audit.reactions.kinds._labels", _labels.copy())
    notify_on(
        Profile, on="change", field="plan", recipient="user", verb="changed %(before)s to %(after)s", kind=""
    )
    yield
    hooks.restore(before)


def stored(user: User) -> list[tuple[str, str, str]]:
    return sorted(Preference.objects.filter(user=user).values_list("kind", "channel", "pace"))


def test_every_declared_kind_has_a_row_and_every_channel_a_column(browser: Client, ada: User) -> None:
    text = browser.get(PAGE).content.decode()
    assert re.findall(r'<th scope="col">([^<]+)', text) == ["About", "Inbox", "By mail"]
    assert re.findall(r'<th scope="row">([^<]+)', text) == ["Opened a profile", "Changed … to …"]
    assert re.findall(r'<option value="(\w+)" selected', text) == ["now", "daily", "now", "daily"]
    first = re.search(r'<select name="inbox:opened a profile".*?</select>', text)
    assert first is not None
    assert re.findall(r'value="(\w+)"', first[0]) == ["now", "off"]


def test_what_is_chosen_is_stored_and_only_that(browser: Client, ada: User, ben: User) -> None:
    chosen = {
        "inbox:opened a profile": "off",
        "email:opened a profile": "daily",
        "email:changed %(before)s to %(after)s": "weekly",
    }
    assert browser.post(PAGE, chosen)["Location"] == PAGE
    assert stored(ada) == [
        ("changed %(before)s to %(after)s", "email", "weekly"),
        ("opened a profile", "inbox", "off"),
    ]
    assert stored(ben) == []
    browser.post(PAGE, {"inbox:opened a profile": "now"})
    assert ("opened a profile", "inbox", "now") in stored(ada)


@pytest.mark.parametrize(
    "chosen",
    [
        {"inbox:opened a profile": "daily"},
        {"inbox:opened a profile": "always"},
        {"inbox:no such kind": "off"},
        {"pigeon:opened a profile": "off"},
        {"user": "2", "": "off"},
    ],
)
def test_nonsense_is_not_stored(browser: Client, ada: User, chosen: dict[str, str]) -> None:
    assert browser.post(PAGE, chosen).status_code == 302
    assert stored(ada) == []


def test_nothing_arrives_of_what_is_switched_off(browser: Client, ada: User) -> None:
    browser.post(PAGE, {"inbox:opened a profile": "off", "email:opened a profile": "off"})
    Profile.objects.create(user=ada)
    assert Notification.objects.count() == 0


def test_kinds_of_code_appear_when_they_are_declared_or_chosen_once(browser: Client, ada: User) -> None:
    declare_kind("news", "The news")
    Preference.objects.create(user=ada, kind="gossip", channel="inbox", pace=Pace.OFF)
    text = browser.get(PAGE).content.decode()
    assert re.findall(r'<th scope="row">([^<]+)', text)[0] == "The news"
    assert re.findall(r'<th scope="row">([^<]+)', text)[-1] == "Gossip"
    assert next(iter(kinds())) == "news"
    assert notify(ada, verb="said", kind="gossip") == 1
    assert Notification.objects.get().hidden


def test_a_kind_is_escaped(browser: Client, ada: User) -> None:
    declare_kind('"><script>alert(1)</script>')
    assert "<script>" not in browser.get(PAGE).content.decode()


# The link in a mail


def address(**wish: Any) -> str:
    return reverse("audit_inbox:unsubscribe", args=[signing.dumps(wish, salt=SALT)])


def test_one_click_ends_the_mails_without_a_login(ada: User) -> None:
    link = address(user=str(ada.pk), channel="email", kinds=["news", "gossip"])
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(link)
    assert (page.status_code, stored(ada)) == (200, [])
    assert "Gossip" in page.content.decode()
    assert strict.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert strict.post(link).status_code == 200
    assert stored(ada) == [("gossip", "email", "off"), ("news", "email", "off")]


def test_a_link_that_nobody_signed_is_not_found(ada: User) -> None:
    good = address(user=str(ada.pk), channel="email", kinds=["news"])
    other = reverse("audit_inbox:unsubscribe", args=[signing.dumps({"user": str(ada.pk)}, salt="other")])
    gone = address(user="77", channel="email", kinds=["news"])
    odd = address(user="nobody", channel="email", kinds=["news"])
    assert [Client().post(link).status_code for link in (good[:-2] + "/", other, gone, odd)] == [404] * 4
    assert stored(ada) == []
