"""Mail goes to a real server here: one that takes it, refuses it, is slow, or is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext_lazy

from signals_audit import audit_context, deliveries
from signals_audit.channels.letters import SALT
from signals_audit.models import Delivery, Notification
from signals_audit.reactions import notify
from tests.testapp.models import Article

from .post import Mailbox, free_port, mail_server, silent_server, use_server

pytestmark = pytest.mark.django_db(transaction=True)


def configure(settings: Any, **options: Any) -> None:
    email = {"BACKEND": "signals_audit.channels.Email", "FROM": "Site <site@example.org>", **options}
    inbox = "signals_audit.channels.Inbox"
    settings.SIGNALS_AUDIT = {"CHANNELS": {"inbox": inbox, "email": email}, "DELIVERY": {"ATTEMPTS": 3}}


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as (mailbox, port):
        use_server(settings, port)
        configure(settings)
        yield mailbox


def again() -> None:
    """Try what is left over, as `audit_deliver` does when it is due."""
    Delivery.objects.filter(state="pending").update(due_at=timezone.now() - timedelta(seconds=1))
    deliveries.deliver_due("default", limit=100)


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("id").values_list("state", "attempts"))


def test_each_recipient_gets_a_mail_of_their_own_over_one_connection(
    mailbox: Mailbox, users: list[User]
) -> None:
    article = Article.objects.create(title="Signals")
    with audit_context(actor=users[2]):
        notify(users, verb="commented on", target=article)
    assert mailbox.readers == ["ada@example.com", "ben@example.com"]
    assert mailbox.sessions == 1
    letter = mailbox.letters[0]
    assert (letter["From"], letter["Subject"]) == ("Site <site@example.org>", "cleo commented on Signals")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] is None
    assert letter.get_body(("plain",)).get_content().splitlines()[0] == "cleo commented on Signals"
    assert "<li>cleo commented on Signals</li>" in letter.get_body(("html",)).get_content()
    assert states() == [("done", 1)]


def test_links_lead_to_the_site_and_one_of_them_ends_it(
    mailbox: Mailbox, users: list[User], settings: Any
) -> None:
    configure(settings, BASE_URL="https://example.org/")
    notify(users[0], verb="commented on", target=Article.objects.create(title="Signals"))
    letter, line = mailbox.letters[0], Notification.objects.get()
    address = "".join(letter["List-Unsubscribe"].split()).strip("<>")
    assert (
        b"=?" not in mailbox.raw[0].partition(b"\r\n\r\n")[0]
    )  # a long header may not be encoded: few undo it
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    start = "https://example.org/notifications/unsubscribe/"
    assert address.startswith(start)
    token = signing.loads(address.removeprefix(start).rstrip("/"), salt=SALT)
    assert token == {"user": str(users[0].pk), "channel": "email", "kinds": ["commented on"]}
    text = letter.get_body(("plain",)).get_content()
    assert f"https://example.org/notifications/{line.uuid}/open/" in text
    assert address in text


def test_the_id_of_a_mail_is_the_same_when_it_is_sent_again(mailbox: Mailbox, users: list[User]) -> None:
    notify(users[:2], verb="wrote")
    Delivery.objects.update(state="pending", finished_at=None)  # as if the process had died before the mark
    again()
    ids = [letter["Message-ID"] for letter in mailbox.letters]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2
    assert all(known.endswith("@example.org>") for known in ids)


def test_who_has_no_address_or_is_not_active_is_left_out_and_said(
    mailbox: Mailbox, users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    ada, ben, _cleo = users
    User.objects.filter(pk=ada.pk).update(email="")
    User.objects.filter(pk=ben.pk).update(is_active=False)
    with caplog.at_level("INFO", logger="signals_audit.channels"):
        notify(users, verb="wrote")
    assert mailbox.readers == ["cleo@example.com"]
    assert [record.getMessage() for record in caplog.records if record.name == "signals_audit.channels"] == [
        f"The user {ada.pk} has no address, and gets no mail",
        f"The user {ben.pk} is not active, and gets no mail",
    ]
    assert Notification.objects.count() == 3


def test_without_anybody_to_write_to_there_is_nothing_to_do(mailbox: Mailbox, users: list[User]) -> None:
    User.objects.update(email="")
    notify(users, verb="wrote")
    assert (mailbox.sessions, states()) == (0, [("done", 1)])


def test_a_mail_is_in_the_language_of_the_reader(mailbox: Mailbox, users: list[User], settings: Any) -> None:
    configure(settings, LANGUAGE=f"{__name__}.language_of")
    notify(users[:2], verb=gettext_lazy("Delete"), actor="nobody")
    assert [letter["Subject"] for letter in mailbox.letters] == ["nobody Löschen", "nobody Delete"]


def language_of(user: User) -> str:
    return "de" if user.username == "ada" else "en"


def test_what_people_write_can_neither_add_headers_nor_markup(mailbox: Mailbox, users: list[User]) -> None:
    article = Article.objects.create(title="One\r\nBcc: all@example.com\r\n<script>alert(1)</script>")
    notify(users[0], verb="wrote", actor="nobody", target=article)
    (letter,) = mailbox.letters
    assert letter["Bcc"] is None
    assert "nobody wrote One" in letter["Subject"]
    assert "\n" not in letter["Subject"]
    assert "<script>" not in letter.get_body(("html",)).get_content()


def test_a_template_that_fails_ends_the_delivery(
    mailbox: Mailbox, users: list[User], settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    for name, text in (("subject.txt", "x"), ("body.txt", "{% url 'no-such-page' %}"), ("body.html", "x")):
        (tmp_path / "mine" / name).write_text(text)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    configure(settings, TEMPLATES="mine")
    notify(users, verb="wrote")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, mailbox.letters) == ("failed", 1, [])
    assert "The template mine/body.txt failed: NoReverseMatch(" in delivery.error
    assert Notification.objects.count() == 3


def test_a_server_that_is_down_is_tried_again_with_more_patience_each_time(
    users: list[User], settings: Any
) -> None:
    port = free_port()
    use_server(settings, port)
    configure(settings)
    notify(users, verb="wrote")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert "ConnectionRefusedError" in delivery.error
    first = delivery.due_at - timezone.now()
    again()
    delivery.refresh_from_db()
    assert delivery.due_at - timezone.now() > first * 1.5
    again()
    assert states() == [("failed", 3)]
    with mail_server() as (mailbox, port):
        use_server(settings, port)
        Delivery.objects.update(state="pending", attempts=0)
        again()
        assert sorted(mailbox.readers) == ["ada@example.com", "ben@example.com", "cleo@example.com"]


def test_a_server_that_says_nothing_is_not_waited_for(users: list[User], settings: Any) -> None:
    configure(settings, TIMEOUT=0.3)
    with silent_server() as port:
        use_server(settings, port)
        notify(users, verb="wrote")
    assert states() == [("pending", 1)]
    assert "TimeoutError" in Delivery.objects.get().error


def test_a_server_that_refuses_everything_is_tried_again(mailbox: Mailbox, users: list[User]) -> None:
    mailbox.refuse_all = "451 4.3.0 Later"
    notify(users, verb="wrote")
    assert (states(), mailbox.letters) == ([("pending", 1)], [])
    mailbox.refuse_all = ""
    again()
    assert mailbox.readers == ["ada@example.com", "ben@example.com", "cleo@example.com"]
    assert states() == [("done", 2)]


def test_a_recipient_who_is_refused_is_tried_again_alone(mailbox: Mailbox, users: list[User]) -> None:
    mailbox.refused["ben@example.com"] = "450 4.2.1 Later"
    notify(users, verb="wrote")
    assert mailbox.readers == ["ada@example.com", "cleo@example.com"]
    assert states() == [("done", 1), ("pending", 0)]
    first, alone = Delivery.objects.order_by("id")
    assert alone.body["origin"] == first.key  # the mail's id stays what it was
    again()
    assert states() == [("done", 1), ("pending", 1)]
    mailbox.refused.clear()
    again()
    assert mailbox.readers == ["ada@example.com", "cleo@example.com", "ben@example.com"]
    assert states() == [("done", 1), ("done", 2)]


def test_when_a_connection_breaks_only_those_who_got_nothing_are_tried_again(
    mailbox: Mailbox, users: list[User]
) -> None:
    mailbox.refused["ben@example.com"] = "421 4.3.2 Closing"
    notify(users, verb="wrote")
    for _time in range(2):
        mailbox.refused.clear()
        again()
    assert sorted(mailbox.readers) == ["ada@example.com", "ben@example.com", "cleo@example.com"]
    assert {state for state, _attempts in states()} == {"done"}


def test_an_address_that_is_none_costs_nobody_else_their_mail(mailbox: Mailbox, users: list[User]) -> None:
    User.objects.filter(pk=users[0].pk).update(email="ada\n@example.com")
    notify(users, verb="wrote")
    for _attempt in range(4):
        again()
    assert sorted(mailbox.readers) == ["ben@example.com", "cleo@example.com"]
    assert states() == [("done", 1), ("failed", 1)]
