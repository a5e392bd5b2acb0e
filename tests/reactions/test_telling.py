"""What is written down when people are told: by their preferences, as one line while it is unread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals_audit import audit_context, notify_on, register
from signals_audit.channels import Channel
from signals_audit.models import Delivery, DigestLine, Notification, Preference
from signals_audit.reactions import notify
from signals_audit.sentences import remark, sentence
from signals_audit.types import Pace
from tests.testapp.models import Article, Author, Profile

pytestmark = pytest.mark.django_db(transaction=True)


class Paper(Channel):
    """A channel that keeps what was sent."""

    sent: list[tuple[str, list[str]]] = []
    chunk = 2

    def send(self, notifications: Sequence[Notification], delivery: Delivery) -> None:
        self.sent.append((delivery.name, [line.recipient.get_username() for line in notifications]))


INBOX = {"inbox": "signals_audit.channels.Inbox"}


@pytest.fixture
def paper(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Paper]:
    settings.SIGNALS_AUDIT = {"CHANNELS": {**INBOX, "paper": f"{__name__}.Paper"}}
    monkeypatch.setattr(Paper, "sent", [])
    return Paper


@pytest.fixture
def users() -> list[User]:
    return [User.objects.create(username=name) for name in ("ada", "ben", "cleo")]


def wish(user: User, channel: str, pace: Pace, kind: str = "wrote") -> None:
    Preference.objects.update_or_create(user=user, kind=kind, channel=channel, defaults={"pace": pace})


def shown() -> list[str]:
    lines = Notification.objects.filter(hidden=False).order_by("id").select_related("recipient")
    return [line.recipient.username for line in lines]


# Preferences


def test_who_has_said_nothing_is_told_on_every_channel_at_its_own_pace(
    paper: type[Paper], users: list[User]
) -> None:
    notify(users, verb="wrote")
    assert shown() == ["ada", "ben", "cleo"]
    assert paper.sent == [("paper", ["ada", "ben"]), ("paper", ["cleo"])]
    assert [delivery.state for delivery in Delivery.objects.all()] == ["done", "done"]


def test_preferences_count_for_their_kind_and_channel_alone(paper: type[Paper], users: list[User]) -> None:
    ada, ben, cleo = users
    wish(ada, "inbox", Pace.OFF)
    wish(ben, "paper", Pace.OFF)
    wish(cleo, "paper", Pace.OFF, kind="something else")
    notify(users, verb="wrote")
    assert shown() == ["ben", "cleo"]
    assert paper.sent == [("paper", ["ada", "cleo"])]
    hidden = Notification.objects.get(hidden=True)
    assert (hidden.recipient, hidden.read_at) == (ada, hidden.created_at)


def test_who_wants_to_be_told_of_nothing_costs_no_row(paper: type[Paper], users: list[User]) -> None:
    for channel in ("inbox", "paper"):
        wish(users[0], channel, Pace.OFF)
    notify(users[0], verb="wrote")
    assert (Notification.objects.count(), Delivery.objects.count(), paper.sent) == (0, 0, [])


def test_a_digest_is_waited_for(paper: type[Paper], users: list[User]) -> None:
    wish(users[0], "paper", Pace.DAILY)
    wish(users[1], "paper", Pace.WEEKLY)
    notify(users, verb="wrote")
    waiting = DigestLine.objects.order_by("id").values_list("recipient__username", "channel", "pace")
    assert list(waiting) == [("ada", "paper", "daily"), ("ben", "paper", "weekly")]
    assert paper.sent == [("paper", ["cleo"])]
    assert DigestLine.objects.order_by("id")[0].notification == Notification.objects.order_by("id")[0]


def test_the_kind_may_be_another_than_the_verb_and_the_channels_fewer(
    paper: type[Paper], users: list[User]
) -> None:
    wish(users[0], "inbox", Pace.OFF, kind="news")
    notify(users, verb="wrote", kind="news", channels=["inbox"])
    notify(users, verb="wrote", channels=["paper"])
    assert shown() == ["ben", "cleo"]
    assert set(Notification.objects.filter(hidden=False).values_list("kind", flat=True)) == {"news"}
    assert paper.sent == [("paper", ["ada", "ben"]), ("paper", ["cleo"])]


def test_the_same_goes_for_what_is_declared(paper: type[Paper], users: list[User]) -> None:
    notify_on(Profile, recipient="user", verb="opened", kind="profiles", channels=["paper"])
    wish(users[1], "paper", Pace.OFF, kind="profiles")
    for user in users[:2]:
        Profile.objects.create(user=user)
    assert (shown(), paper.sent) == ([], [("paper", ["ada"])])


def test_a_channel_that_cannot_be_made_is_logged_and_the_others_work(
    settings: Any, users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    settings.SIGNALS_AUDIT = {"CHANNELS": {**INBOX, "gone": "no.such.Backend", "odd": 7}}
    notify(users[0], verb="wrote")
    notify(users[0], verb="wrote")
    assert shown() == ["ada", "ada"]
    assert [record.getMessage() for record in caplog.records] == [
        f"Nobody can be told on the channel {name!r}: see SIGNALS_AUDIT['CHANNELS']"
        for name in ("gone", "odd")
    ]


def test_nothing_is_sent_of_what_is_rolled_back(paper: type[Paper], users: list[User]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(users, verb="wrote")
        _ = 1 / 0
    assert (Notification.objects.count(), Delivery.objects.count(), paper.sent) == (0, 0, [])


def test_what_is_to_be_sent_is_kept_with_the_change(paper: type[Paper], users: list[User]) -> None:
    with transaction.atomic():
        notify(users[0], verb="wrote")
        connection.run_on_commit.clear()  # as if this process had died right after COMMIT
    line, delivery = Notification.objects.get(), Delivery.objects.get()
    assert (delivery.kind, delivery.name, delivery.state) == ("channel", "paper", "pending")
    assert delivery.body == {"notifications": [line.pk]}
    assert paper.sent == []


def test_of_what_is_gone_meanwhile_nobody_is_told(paper: type[Paper], users: list[User]) -> None:
    with transaction.atomic():
        notify(users[:2], verb="wrote")
        Notification.objects.filter(recipient=users[0]).delete()
        notify(users[2], verb="wrote")
        users[2].delete()
    assert paper.sent == [("paper", ["ben"])]
    assert {delivery.state for delivery in Delivery.objects.all()} == {"done"}


def test_a_channel_that_is_gone_meanwhile_ends_its_deliveries(
    paper: type[Paper], users: list[User], settings: Any
) -> None:
    with transaction.atomic():
        notify(users[:1], verb="wrote")
        settings.SIGNALS_AUDIT = {}
    delivery = Delivery.objects.get()
    assert delivery.state == "failed"
    assert "There is no channel 'paper' any more." in delivery.error


def test_the_number_of_statements_does_not_grow_with_that_of_recipients(paper: type[Paper]) -> None:
    paper.chunk = 100_000
    try:
        User.objects.bulk_create(User(username=f"user{number}") for number in range(400))
        Preference.objects.bulk_create(
            Preference(user=user, kind="wrote", channel="paper", pace=Pace.DAILY)
            for user in User.objects.filter(pk__gt=0).order_by("pk")[::2]
        )

        def cost(number: int) -> int:
            with CaptureQueriesContext(connection) as queries:
                notify(User.objects.order_by("pk")[:number], verb="wrote")
            return len(queries)

        assert cost(4) == cost(400)
    finally:
        paper.chunk = 2


# Errors


@pytest.mark.parametrize("table", ["notification", "preference", "delivery", "digestline"])
def test_what_goes_wrong_costs_the_news_and_not_the_change(
    paper: type[Paper], users: list[User], caplog: pytest.LogCaptureFixture, table: str
) -> None:
    wish(users[0], "paper", Pace.DAILY)

    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if f"signals_audit_{table}" in sql:
            raise OperationalError("out of order")
        return execute(sql, *arguments)

    with transaction.atomic():
        with connection.execute_wrapper(refuse):
            notify(users, verb="wrote")
        Author.objects.create(name="Ada")
    assert Author.objects.count() == 1
    assert (Notification.objects.count(), Delivery.objects.count(), paper.sent) == (0, 0, [])
    assert [record.getMessage() for record in caplog.records] == [
        "3 notifications 'wrote' could not be written"
    ]


def test_declared_news_that_cannot_be_collected_cost_the_change_nothing(
    users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    notify_on(Article, recipient="editors", verb="wrote")

    def broken(article: Article) -> Any:
        return User.objects.extra(where=["no_such_column = 1"])  # a set whose query the database refuses

    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(Article, "editors", broken, raising=False)
        Article.objects.create(title="one")
        Article.objects.bulk_create([Article(title="two"), Article(title="three")])
    assert Article.objects.count() == 3
    assert [record.getMessage() for record in caplog.records] == ["notify editors failed"] * 2


def test_an_error_that_ends_the_whole_transaction_is_raised(
    users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if "signals_audit_notification" in sql:
            monkeypatch.setattr(connections[connection.alias], "savepoint_rollback", gone)
            raise OperationalError("deadlock")
        return execute(sql, *arguments)

    def gone(_savepoint: str) -> None:
        raise OperationalError("SAVEPOINT does not exist")

    with pytest.raises(OperationalError, match="deadlock"), transaction.atomic():
        Author.objects.create(name="Ada")
        try:
            with connection.execute_wrapper(refuse):
                notify(users, verb="wrote")
        finally:
            monkeypatch.undo()
    assert Author.objects.count() == 0


# One line for several


def flip(profile: Profile, *plans: str) -> None:
    for plan in plans:
        profile.plan = plan
        profile.save()


@pytest.fixture
def watched(users: list[User]) -> Profile:
    profile = Profile.objects.create(user=users[0], plan="free")
    notify_on(Profile, on="change", field="plan", recipient="user", verb="changed %(before)s to %(after)s on")
    return profile


def lines() -> list[tuple[str, str, int]]:
    found = Notification.objects.order_by("id")
    return [(sentence(line).partition(" on")[0], remark(line), line.count) for line in found]


def test_a_value_that_flips_five_times_unread_is_one_line_with_the_first_and_the_last(
    watched: Profile, users: list[User]
) -> None:
    with audit_context(actor=users[1]):
        flip(watched, "paid", "free", "paid", "free")
    with audit_context(actor=users[2]):
        flip(watched, "team")
    assert lines() == [("cleo changed free to team", "5 changes", 5)]
    line = Notification.objects.get()
    assert (line.first_data["before"], line.data["before"]) == ("free", "free")
    assert line.updated_at is not None
    assert line.updated_at > line.created_at


def test_a_value_that_is_back_where_it_was_stays_and_says_so(watched: Profile, users: list[User]) -> None:
    with audit_context(actor=users[1]):
        flip(watched, "paid", "free")
    assert lines() == [("ben changed free to free", "2 changes, back to what it was", 2)]


def test_a_line_that_was_read_stays_as_it_is(watched: Profile, users: list[User]) -> None:
    with audit_context(actor=users[1]):
        flip(watched, "paid")
        Notification.objects.update(read_at=timezone.now())
        flip(watched, "free")
    assert lines() == [("ben changed free to paid", "", 1), ("ben changed paid to free", "", 1)]


def test_only_the_same_field_of_the_same_object_is_one_line(watched: Profile, users: list[User]) -> None:
    other = Profile.objects.create(user=users[1], plan="free")
    flip(watched, "paid")
    flip(other, "paid")
    assert [line.count for line in Notification.objects.all()] == [1, 1]


def test_what_has_no_field_is_told_each_time(users: list[User]) -> None:
    for _number in range(2):
        notify(users[0], verb="wrote")
    assert [line.count for line in Notification.objects.all()] == [1, 1]


def test_code_says_itself_what_is_one_line(users: list[User]) -> None:
    one, other = (Article.objects.create(title=title) for title in ("one", "other"))
    for target, about in ((one, "a"), (one, "a"), (one, "b"), (other, "a"), (one, "a")):
        notify(users, verb="wrote", target=target, collapse=about, data={"before": about})
    assert [line.count for line in Notification.objects.filter(recipient=users[0]).order_by("id")] == [
        3,
        1,
        1,
    ]


def test_many_lines_that_began_at_different_times_become_one_each_in_constant_time(users: list[User]) -> None:
    notify(users[:2], verb="changed", collapse="it", data={"before": 1, "after": 2})
    Notification.objects.filter(recipient=users[0]).update(read_at=timezone.now())
    notify(users, verb="changed", collapse="it", data={"before": 2, "after": 3})
    with CaptureQueriesContext(connection) as queries:
        notify(users, verb="changed", collapse="it", data={"before": 3, "after": 4})
    assert sum(query["sql"].startswith("UPDATE") for query in queries) == 1
    unread = Notification.objects.filter(read_at=None).order_by("recipient__username")
    assert [(line.first_data["before"], line.data["after"], line.count) for line in unread] == [
        (2, 4, 2),
        (1, 4, 3),
        (2, 4, 2),
    ]


def test_a_line_that_another_transaction_holds_is_left_to_it(users: list[User]) -> None:
    """Two at once: at worst two lines; nobody waits, none is lost."""
    if not connection.features.has_select_for_update:
        return  # SQLite has one writer at a time
    notify(users[0], verb="changed", collapse="it")

    def elsewhere() -> None:
        try:
            notify(users[0], verb="changed", collapse="it")
        finally:
            connections.close_all()

    with transaction.atomic():
        notify(users[0], verb="changed", collapse="it")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert sorted(line.count for line in Notification.objects.all()) == [1, 2]


def test_two_at_once_lose_nothing(users: list[User], tmp_path: Any) -> None:
    """Each of many threads tells the same; the counts of all lines add up."""
    if connection.vendor == "sqlite":
        return  # in memory: one connection for all threads
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _number in range(10):
                notify(users, verb="changed", collapse="it")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(Notification.objects.values_list("count", flat=True)) == 4 * 10 * 3


# Many changes at once


def test_many_changes_of_one_statement_take_as_many_statements_as_two(users: list[User]) -> None:
    notify_on(Article, recipient="author.user", verb="wrote", target="author")
    notify_on(Profile, recipient="user", verb="opened", target="user")
    readers = User.objects.bulk_create(User(username=f"user{number}") for number in range(100))

    def cost(some: list[User]) -> int:
        with CaptureQueriesContext(connection) as queries:
            Profile.objects.bulk_create(Profile(user_id=user.pk) for user in some)
        return len(queries)

    assert cost(readers[:4]) == cost(readers[4:])
    assert Notification.objects.count() == 100
    told = Notification.objects.order_by("id").values_list("recipient__username", "target_repr")
    assert list(told) == [(user.username, user.username) for user in readers]


@pytest.mark.parametrize("bulk", ["rows", "database", "summary", "off"])
def test_people_are_told_of_many_rows_whatever_the_log_keeps_of_them(users: list[User], bulk: Any) -> None:
    register(Profile, bulk=bulk)
    notify_on(Profile, recipient="user", verb="opened")
    notify_on(Profile, on="change", field="plan", recipient="user", verb="changed")
    notify_on(Profile, on="delete", recipient="user", verb="closed")
    Profile.objects.bulk_create(Profile(user=user) for user in users)
    Profile.objects.update(plan="paid")
    Profile.objects.all().delete()
    told = Notification.objects.order_by("id").values_list("verb", flat=True)
    assert list(told) == ["opened"] * 3 + ["changed"] * 3 + ["closed"] * 3
