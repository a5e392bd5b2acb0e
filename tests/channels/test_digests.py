"""Digests: one mail for each user, whatever happens to the process that sends them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from signals_audit import audit_context
from signals_audit.models import Delivery, DigestLine, Notification, Preference
from signals_audit.reactions import digests, notify
from signals_audit.types import Pace
from tests.testapp.models import Article

from .post import Mailbox, mail_server, use_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as (mailbox, port):
        use_server(settings, port)
        email = {"BACKEND": "signals_audit.channels.Email", "PACE": "daily"}
        inbox = "signals_audit.channels.Inbox"
        settings.SIGNALS_AUDIT = {"CHANNELS": {"inbox": inbox, "email": email}}
        yield mailbox


def run(period: str = "daily") -> str:
    output = StringIO()
    call_command("send_digests", period=period, stdout=output)
    return output.getvalue().strip()


def text_of(mailbox: Mailbox, reader: str) -> list[str]:
    (letter,) = [letter for letter in mailbox.letters if letter["To"] == f"{reader}@example.com"]
    return [letter["Subject"], *letter.get_body(("plain",)).get_content().split("-- ")[0].split("\r\n")]


def test_everybody_gets_one_mail_grouped_by_what_it_is_about(mailbox: Mailbox, users: list[User]) -> None:
    _ada, ben, cleo = users
    one, two = (Article.objects.create(title=title) for title in ("Signals", "Tasks"))
    for actor, target in ((ben, one), (cleo, two), (cleo, one)):
        with audit_context(actor=actor):
            notify(users, verb="commented on", target=target)
    assert mailbox.letters == []
    assert run() == "3 digests"
    assert text_of(mailbox, "ada") == [
        "3 notifications",
        "Signals",
        "- ben commented on Signals",
        "- cleo commented on Signals",
        "",
        "Tasks",
        "- cleo commented on Tasks",
        "",
        "",
    ]
    assert text_of(mailbox, "cleo") == ["1 notification", "Signals", "- ben commented on Signals", "", ""]
    assert (len(mailbox.letters), mailbox.sessions) == (3, 1)
    assert DigestLine.objects.count() == 0


def test_a_second_run_at_once_sends_nothing(mailbox: Mailbox, users: list[User]) -> None:
    notify(users, verb="wrote")
    assert [run(), run()] == ["3 digests", "0 digests"]
    assert len(mailbox.letters) == 3


def test_each_period_has_its_own(mailbox: Mailbox, users: list[User]) -> None:
    Preference.objects.create(user=users[0], kind="wrote", channel="email", pace=Pace.WEEKLY)
    notify(users[:2], verb="wrote")
    assert run() == "1 digest"
    assert mailbox.readers == ["ben@example.com"]
    assert run("weekly") == "1 digest"
    assert mailbox.readers == ["ben@example.com", "ada@example.com"]


def test_what_was_read_or_switched_off_meanwhile_is_left_out(mailbox: Mailbox, users: list[User]) -> None:
    notify(users, verb="wrote")
    notify(users[2], verb="said")
    Notification.objects.filter(recipient=users[0]).mark_read()
    for user in users[1:]:
        Preference.objects.create(user=user, kind="wrote", channel="email", pace=Pace.OFF)
    assert run() == "1 digest"
    assert text_of(mailbox, "cleo") == ["1 notification", "- system said", "", ""]
    assert DigestLine.objects.count() == 0


def test_what_the_inbox_does_not_show_is_told_in_the_digest(mailbox: Mailbox, users: list[User]) -> None:
    Preference.objects.create(user=users[0], kind="wrote", channel="inbox", pace=Pace.OFF)
    notify(users[0], verb="wrote")
    assert run() == "1 digest"
    assert mailbox.readers == ["ada@example.com"]


def test_what_came_together_in_one_line_is_told_once(mailbox: Mailbox, users: list[User]) -> None:
    for before, after in ((1, 2), (2, 3), (3, 1)):
        notify(
            users[0],
            verb="set %(before)s to %(after)s",
            collapse="it",
            data={"before": before, "after": after},
        )
    assert DigestLine.objects.count() == 1
    assert run() == "1 digest"
    assert text_of(mailbox, "ada") == [
        "1 notification",
        "- system set 1 to 1 (3 changes, back to what it was)",
        "",
        "",
    ]


def test_a_run_that_dies_in_the_middle_leaves_the_rest_to_the_next(
    mailbox: Mailbox, users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    notify(users, verb="wrote")
    monkeypatch.setattr(digests, "USERS", 1)
    running = digests.send_digests(Pace.DAILY, "default")
    assert next(running) == 1
    running.close()
    assert (len(mailbox.letters), DigestLine.objects.count()) == (1, 2)
    assert run() == "2 digests"
    assert sorted(mailbox.readers) == ["ada@example.com", "ben@example.com", "cleo@example.com"]


def test_one_that_dies_before_anything_is_sent_leaves_it_to_the_deliveries(
    mailbox: Mailbox, users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    notify(users, verb="wrote")
    monkeypatch.setattr("signals_audit.deliveries.running.deliver", lambda _key, _using: False)
    assert run() == "3 digests"
    assert run() == "0 digests"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.body["digest"], mailbox.letters) == ("pending", "daily", [])


def test_an_error_before_the_commit_loses_nothing(
    mailbox: Mailbox, users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    notify(users, verb="wrote")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="dead"):
        patch.setattr(digests.deliveries, "schedule", dies)
        run()
    assert (DigestLine.objects.count(), Delivery.objects.count()) == (3, 0)
    assert run() == "3 digests"


def dies(*_arguments: Any, **_options: Any) -> None:
    raise OSError("dead")


def test_two_at_once_send_each_mail_once(mailbox: Mailbox, users: list[User], monkeypatch: Any) -> None:
    if connection.vendor == "sqlite":
        return  # in memory: one connection for all threads
    monkeypatch.setattr(digests, "USERS", 3)
    many = [User(username=f"user{number}", email=f"user{number}@example.com") for number in range(20)]
    notify(User.objects.bulk_create(many), verb="wrote")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            run()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run()
    assert failures == []
    assert sorted(mailbox.readers) == sorted(user.email for user in many)


def test_the_number_of_statements_does_not_grow_with_what_waits(mailbox: Mailbox, users: list[User]) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            run()
        return len(queries)

    notify(users, verb="wrote")
    few = cost()
    for _number in range(10):
        notify(users, verb="wrote")
    assert cost() == few


def test_wrong_options_are_said(db: None) -> None:
    with pytest.raises(CommandError, match="There is no database “nowhere”"):
        call_command("send_digests", period="daily", database="nowhere")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("send_digests", "--period", "yearly")
