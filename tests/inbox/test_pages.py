"""The pages of the inbox: everybody sees and changes their own, and only by POST."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from signals_audit.models import Notification
from tests.testapp.models import Article, Seat

from .conftest import tell

pytestmark = pytest.mark.django_db

CHANGES = ("mark-read", "mark-unread", "open")


def page(browser: Client, name: str = "inbox", *args: Any, **query: Any) -> str:
    response = browser.get(reverse(f"audit_inbox:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def unread(user: User) -> int:
    return Notification.objects.filter(recipient=user, read_at=None).count()


def about(target: Any) -> dict[str, str]:
    return {
        "target_model": target._meta.label,
        "target_id": str(target.pk),
        "target_repr": str(target),
    }


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Article, "get_absolute_url", lambda article: f"/articles/{article.pk}/", raising=False
    )


def test_the_inbox_shows_what_is_unread_and_all_of_it(browser: Client, ada: User) -> None:
    tell(ada, actor_repr="one", read_at=timezone.now())
    tell(ada, actor_repr="two")
    assert re.findall(r"<strong>(\w+)</strong>", page(browser)) == ["two"]
    assert re.findall(r"<strong>(\w+)</strong>", page(browser, show="all")) == ["two", "one"]


def test_nobody_sees_or_changes_what_others_were_told(browser: Client, ada: User, ben: User) -> None:
    line = tell(ben, actor_repr="somebody")
    assert "somebody" not in page(browser, show="all")
    for name in CHANGES:
        assert browser.post(reverse(f"audit_inbox:{name}", args=[line.uuid])).status_code == 404
    assert browser.get(reverse("audit_inbox:open", args=[line.uuid])).status_code == 404
    assert browser.post(reverse("audit_inbox:open", args=[uuid.uuid4()])).status_code == 404
    browser.post(reverse("audit_inbox:mark-all-read"))
    assert unread(ben) == 1


def test_what_is_hidden_is_in_no_list_and_cannot_be_opened(browser: Client, ada: User) -> None:
    line = tell(ada, actor_repr="secretly", hidden=True, read_at=timezone.now())
    assert "secretly" not in page(browser, show="all")
    assert browser.post(reverse("audit_inbox:open", args=[line.uuid])).status_code == 404


@pytest.mark.parametrize("name", ["inbox", "preferences"])
def test_who_has_not_logged_in_is_sent_there(db: None, name: str) -> None:
    assert Client().get(reverse(f"audit_inbox:{name}"))["Location"].startswith("/accounts/login/?next=")


def test_changes_are_posts_with_a_token(ada: User) -> None:
    line = tell(ada)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    pages = [("mark-all-read", []), ("preferences", []), *((name, [line.uuid]) for name in CHANGES)]
    assert [strict.post(reverse(f"audit_inbox:{name}", args=args)).status_code for name, args in pages] == [
        403
    ] * 5
    gets = [("mark-all-read", []), ("mark-read", [line.uuid]), ("mark-unread", [line.uuid])]
    assert [strict.get(reverse(f"audit_inbox:{name}", args=args)).status_code for name, args in gets] == [
        405
    ] * 3
    assert unread(ada) == 1


def test_a_line_is_marked_read_and_unread_again(browser: Client, ada: User) -> None:
    line = tell(ada)
    browser.post(reverse("audit_inbox:mark-read", args=[line.uuid]))
    assert unread(ada) == 0
    response = browser.post(reverse("audit_inbox:mark-unread", args=[line.uuid]), {"show": "all"})
    assert (unread(ada), response["Location"]) == (1, reverse("audit_inbox:inbox") + "?show=all")


def test_a_line_keeps_the_moment_when_it_was_first_read(browser: Client, ada: User) -> None:
    line = tell(ada)
    moments = []
    for _time in range(2):
        browser.post(reverse("audit_inbox:mark-read", args=[line.uuid]))
        line.refresh_from_db()
        moments.append(line.read_at)
    assert moments[0] is not None
    assert moments[0] == moments[1]


def test_marking_all_leaves_what_came_after_the_page_was_made(browser: Client, ada: User) -> None:
    tell(ada, 3)
    found = re.search(r'name="newest" value="(\d+)"', page(browser))
    assert found is not None
    tell(ada, actor_repr="late")
    browser.post(reverse("audit_inbox:mark-all-read"), {"newest": found[1]})
    assert re.findall(r"<strong>(\w+)</strong>", page(browser)) == ["late"]
    browser.post(reverse("audit_inbox:mark-all-read"))
    assert unread(ada) == 0


def test_opening_marks_read_and_leads_to_the_target(browser: Client, ada: User, urls: None) -> None:
    article = Article.objects.create(title="Signals")
    line = tell(ada, **about(article))
    address = reverse("audit_inbox:open", args=[line.uuid])
    assert f'action="{address}"' in page(browser)
    assert (browser.get(address)["Location"], unread(ada)) == (f"/articles/{article.pk}/", 1)
    assert (browser.post(address)["Location"], unread(ada)) == (f"/articles/{article.pk}/", 0)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "https:///evil.example",
        " //evil.example",
        "",
        None,
    ],
)
def test_it_leads_to_no_other_site(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.setattr(Article, "get_absolute_url", lambda _article: url, raising=False)
    line = tell(ada, **about(Article.objects.create(title="Signals")))
    response = browser.post(reverse("audit_inbox:open", args=[line.uuid]))
    assert response["Location"] == reverse("audit_inbox:inbox")


def test_an_address_that_fails_costs_only_itself(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Article, "get_absolute_url", lambda _article: 1 / 0, raising=False)
    article = Article.objects.create(title="Signals")
    line = tell(ada, **about(article))
    response = browser.post(reverse("audit_inbox:open", args=[line.uuid]))
    assert response["Location"] == reverse("audit_inbox:inbox")
    assert [record.getMessage() for record in caplog.records] == [
        f"The address of testapp.Article {article.pk} is not known"
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"target_model": "testapp.Article", "target_id": "77"},
        {"target_model": "testapp.Article", "target_id": "no number"},
        {"target_model": "testapp.Article", "target_id": "9" * 200},
        {"target_model": "testapp.Gone", "target_id": "1"},
        {"target_model": "nonsense", "target_id": "1"},
        {"target_model": "testapp.Seat", "target_id": "[1"},
        {"target_model": "testapp.Seat", "target_id": '["A"]'},
    ],
)
def test_a_target_that_is_gone_stays_readable_without_a_link(
    browser: Client, ada: User, urls: None, facts: dict[str, str]
) -> None:
    line = tell(ada, target_repr="Signals in Django", **facts)
    text = page(browser)
    assert '<span class="sa-gone">Signals in Django</span>' in text
    assert reverse("audit_inbox:open", args=[line.uuid]) not in text
    response = browser.post(reverse("audit_inbox:open", args=[line.uuid]))
    assert (response["Location"], unread(ada)) == (reverse("audit_inbox:inbox"), 0)


def test_a_target_with_a_key_of_several_parts_is_found(browser: Client, ada: User) -> None:
    Seat.objects.create(row="A", number=7)
    tell(ada, target_model="testapp.Seat", target_id='["A",7]', target_repr="Seat A7")
    assert "<span>Seat A7</span>" in page(browser)


def test_older_ones_are_on_further_pages_that_have_no_offset(browser: Client, ada: User) -> None:
    tell(ada, 60)
    seen: list[str] = []
    address: str | None = reverse("audit_inbox:inbox")
    with CaptureQueriesContext(connection) as queries:
        while address is not None:
            text = browser.get(address).content.decode()
            seen += re.findall(r"/notifications/([0-9a-f-]{36})/read/", text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = reverse("audit_inbox:inbox") + following[1] if following else None
    assert seen == [str(line.uuid) for line in Notification.objects.order_by("-id")]
    assert not any("OFFSET" in query["sql"] for query in queries)


@pytest.mark.parametrize("before", ["", "x", "-1", "٣", "9" * 30, "1e3", "0"])
def test_nonsense_in_the_address_breaks_nothing(browser: Client, ada: User, before: str) -> None:
    tell(ada)
    page(browser, before=before)
    browser.post(reverse("audit_inbox:mark-all-read"), {"newest": before, "show": "<script>"})


def test_the_inbox_costs_the_same_number_of_queries_however_full_it_is(
    browser: Client, ada: User, urls: None
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(browser)
        return len(queries)

    tell(ada, **about(Article.objects.create(title="one")))
    few = cost()
    for number in range(20):
        tell(ada, **about(Article.objects.create(title=str(number))))
    assert cost() == few


def test_what_people_write_is_escaped(browser: Client, ada: User) -> None:
    hostile = "<script>alert(1)</script>"
    tell(ada, actor_repr=hostile, verb=f"said %(x)s {hostile} to", data={"x": hostile}, target_repr=hostile)
    for text in (page(browser), page(browser, show="all")):
        assert "<script>alert" not in text
        assert text.count("&lt;script&gt;alert(1)") >= 4


def test_there_is_no_style_or_script_in_the_pages(browser: Client, ada: User) -> None:
    tell(ada)
    for name in ("inbox", "preferences"):
        assert re.findall(r"<script|<style|style=|onclick|javascript:", page(browser, name)) == []


def test_the_page_is_in_the_language_of_the_reader(browser: Client, ada: User) -> None:
    tell(ada, verb="Delete")
    with translation.override("de"):
        assert "Löschen" in page(browser)
    assert "Delete" in page(browser)


def test_a_line_that_stands_for_several_says_so(browser: Client, ada: User) -> None:
    tell(
        ada,
        verb="changed %(before)s to %(after)s on",
        count=3,
        first_data={"before": "one", "after": "two"},
        data={"before": "two", "after": "three"},
        updated_at=timezone.now(),
    )
    text = page(browser)
    assert "changed one to three on" in text
    assert "· 3 changes" in text


def test_pages_are_not_cached(browser: Client, ada: User) -> None:
    for name in ("inbox", "preferences", "unread", "list"):
        assert "no-store" in browser.get(reverse(f"audit_inbox:{name}"))["Cache-Control"]
