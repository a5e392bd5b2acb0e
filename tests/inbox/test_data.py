"""The inbox as JSON, and the badge."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.testapp.models import Article

from .conftest import tell

pytestmark = pytest.mark.django_db


def badge(
    user: User | AnonymousUser | None, template: str = "{% load signals_audit %}{% audit_badge %}"
) -> str:
    request = RequestFactory().get("/")
    if user is not None:
        request.user = user
    return Template(template).render(Context({"request": request})).strip()


def test_the_number_of_unread_ones_is_one_query_that_stops_counting(
    browser: Client, ada: User, ben: User
) -> None:
    address = reverse("audit_inbox:unread")
    tell(ada, read_at=timezone.now())
    tell(ben)
    assert browser.get(address).json() == {"unread": 0}
    tell(ada, 3)
    tell(ada, hidden=True, read_at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).json() == {"unread": 3}
    asked = [query["sql"] for query in queries if "signals_audit_notification" in query["sql"]]
    assert len(asked) == 1
    tell(ada, 150)
    assert browser.get(address).json() == {"unread": 100}


def test_the_list_is_paged(browser: Client, ada: User) -> None:
    article = Article.objects.create(title="Signals")
    tell(ada, 25)
    line = tell(
        ada, target_model="testapp.Article", target_id=str(article.pk), target_repr="Signals <b>", kind="k"
    )
    first = browser.get(reverse("audit_inbox:list")).json()
    assert first["notifications"][0] == {
        "id": str(line.uuid),
        "kind": "k",
        "text": "ben commented on Signals <b>",
        "remark": "",
        "actor": "ben",
        "verb": "commented on",
        "target": "Signals <b>",
        "is_there": True,
        "is_read": False,
        "time": line.created_at.isoformat(),
        "open": reverse("audit_inbox:open", args=[line.uuid]),
    }
    second = browser.get(reverse("audit_inbox:list"), {"before": first["next"]}).json()
    assert (len(first["notifications"]), len(second["notifications"]), second["next"]) == (25, 1, None)


@pytest.mark.parametrize("name", ["unread", "list"])
def test_who_has_not_logged_in_is_told_so_and_changes_are_not_taken(browser: Client, name: str) -> None:
    address = reverse(f"audit_inbox:{name}")
    assert Client().get(address).status_code == 401
    assert browser.post(address).status_code == 405


@pytest.mark.parametrize(("number", "shown"), [(1, "1"), (99, "99"), (100, "99+"), (101, "99+")])
def test_the_badge_says_how_many_are_unread(ada: User, number: int, shown: str) -> None:
    tell(ada, number)
    text = badge(ada)
    assert f'<span aria-hidden="true">{shown}</span><span class="sa-hidden">{shown} unread</span>' in text
    assert 'data-signals-audit-badge="/notifications/unread.json"' in text


def test_there_is_no_badge_at_zero_nor_for_nobody(ada: User) -> None:
    assert 'class="sa-badge"' not in badge(ada)
    assert badge(AnonymousUser()) == badge(None) == ""
    assert Template("{% load signals_audit %}{% audit_badge %}").render(Context()).strip() == ""


def test_it_is_counted_once_for_a_page(ada: User) -> None:
    tell(ada, 2)
    template = "{% load signals_audit %}{% audit_badge %}{% audit_unread as n %}[{{ n }}]{% audit_badge %}"
    with CaptureQueriesContext(connection) as queries:
        assert "[2]" in badge(ada, template)
    assert len(queries) == 1


def test_without_the_pages_the_badge_asks_nobody(ada: User, settings: object) -> None:
    settings.ROOT_URLCONF = "tests.inbox.no_urls"  # type: ignore[attr-defined]
    tell(ada)
    assert badge(ada).startswith('<span class="sa-badge">')
