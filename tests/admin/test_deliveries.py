"""Deliveries in the admin: read by who may, tried again by who may, written by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from signals_audit.admin.deliveries import CappedPaginator
from signals_audit.models import Delivery
from tests.factories import DeliveryFactory

from .pages import as_staff, read, statements

pytestmark = pytest.mark.django_db

DELIVERIES = "/admin/signals_audit/delivery/"


def failed(**values: Any) -> Delivery:
    error = "Traceback\n<b>\nValueError: mail server is down\n"
    made: Delivery = DeliveryFactory(
        state="failed", attempts=8, error=error, finished_at=timezone.now(), **values
    )
    return made


def try_again(client: Client, *deliveries: Delivery) -> Any:
    chosen = [str(delivery.pk) for delivery in deliveries]
    return client.post(DELIVERIES, {"action": "try_again", "_selected_action": chosen}, follow=True)


def test_the_list_says_what_failed_and_why(browser: Client) -> None:
    failed()
    texts = " ".join(read(browser.get(DELIVERIES)).texts)
    assert "blog.audit.tell failed 8" in texts
    assert "ValueError: mail server is down" in texts


def test_the_page_of_one_shows_all_of_it_escaped(browser: Client) -> None:
    delivery = failed(body={"a": "<script>"})
    page = browser.get(f"{DELIVERIES}{delivery.pk}/change/")
    html = page.content.decode()
    assert "Traceback\n&lt;b&gt;\nValueError: mail server is down" in html
    assert "&lt;script&gt;" in html
    assert "<script>\n" not in html
    assert 'name="state"' not in html


def test_what_failed_is_tried_again_as_for_the_first_time(browser: Client) -> None:
    one, other = failed(), failed()
    done = DeliveryFactory(state="done")
    page = try_again(browser, one, done)
    assert "1 delivery will be tried again." in page.content.decode()
    one.refresh_from_db()
    assert (one.state, one.attempts, one.claim, one.finished_at) == ("pending", 0, None, None)
    assert timezone.now() - one.due_at < timedelta(minutes=1)
    assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == [
        "pending", other.state, "done",
    ]  # fmt: skip


def test_who_may_only_look_cannot_have_it_tried_again() -> None:
    delivery = failed()
    client = as_staff("signals_audit.view_delivery")
    assert client.get(DELIVERIES).status_code == 200
    try_again(client, delivery)
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert as_staff().get(DELIVERIES).status_code == 403


def test_nobody_adds_changes_or_deletes_one(browser: Client) -> None:
    delivery = failed()
    assert browser.get(f"{DELIVERIES}add/").status_code == 403
    assert browser.get(f"{DELIVERIES}{delivery.pk}/delete/").status_code == 403
    browser.post(f"{DELIVERIES}{delivery.pk}/change/", {"state": "done", "name": "x"})
    assert Delivery.objects.values_list("state", "name").get() == ("failed", "blog.audit.tell")


def test_no_more_are_counted_than_anybody_turns_over(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        failed()
    monkeypatch.setattr("signals_audit.admin.deliveries.MOST_COUNTED", 2)
    assert CappedPaginator(Delivery.objects.order_by("id"), 10).count == 2
    counts = [sql for sql in statements(browser, DELIVERIES) if "COUNT(" in sql and "delivery" in sql]
    assert counts
    assert all("LIMIT 2" in sql for sql in counts)
