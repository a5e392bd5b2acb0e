from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy, pgettext_lazy

from signals_audit import Actor, ActorKind, audit_context
from signals_audit.models import AuditEntry, Notification
from signals_audit.reactions import notify
from signals_audit.registry import object_id_of
from signals_audit.values import decode
from tests.testapp.models import ApiToken, Article, Author, PublishedArticle, Rude, Seat

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Actor(ActorKind.USER, "17", "ada")


@pytest.fixture
def users() -> list[User]:
    return [User.objects.create(username=name) for name in ("ada", "ben", "cleo")]


def told() -> list[tuple[str, str, str]]:
    return [
        (line.recipient.username, line.actor_repr, line.verb)
        for line in Notification.objects.order_by("id").select_related("recipient")
    ]


def test_every_recipient_is_told_once_and_the_actor_is_not(users: list[User]) -> None:
    ada, ben, cleo = users
    assert notify([ben, cleo, ada, ben, None], verb="wrote", actor=ada) == 2
    assert told() == [("ben", "ada", "wrote"), ("cleo", "ada", "wrote")]


@pytest.mark.parametrize(
    ("choose", "names"),
    [
        (lambda users: users[1], ["ben"]),
        (lambda users: SimpleLazyObject(lambda: users[1]), ["ben"]),
        (lambda users: (user for user in users), ["ada", "ben", "cleo"]),
        (lambda users: User.objects.order_by("-username"), ["cleo", "ben", "ada"]),
        (lambda users: User.objects.order_by("username")[:1], ["ada"]),
        (lambda users: User.objects.none(), []),
        (lambda users: [], []),
        (lambda users: None, []),
        (lambda users: [AnonymousUser(), User(username="nobody yet")], []),
    ],
)
def test_recipients_are_a_user_or_any_number_of_users(
    users: list[User], choose: Any, names: list[str]
) -> None:
    assert notify(choose(users), verb="wrote", actor="the importer") == len(names)
    assert told() == [(name, "the importer", "wrote") for name in names]


@pytest.mark.parametrize("choose", [lambda: Author(pk=1, name="Ada"), Author.objects.all, lambda: ["ada"]])
def test_only_users_can_be_told(choose: Any) -> None:
    with pytest.raises(TypeError, match=r"^Recipients must be instances of auth\.User, not of "):
        notify(choose(), verb="wrote")


def test_the_actor_is_the_one_of_the_context(users: list[User]) -> None:
    ada, ben, _cleo = users
    with audit_context(actor=lambda: ada):
        notify([ada, ben], verb="wrote")
    line = Notification.objects.get()
    assert (line.recipient, line.actor_kind, line.actor_id, line.actor_repr) == (
        ben,
        ActorKind.USER,
        str(ada.pk),
        "ada",
    )


def test_a_line_holds_all_that_was_said(users: list[User]) -> None:
    article = PublishedArticle.objects.create(title="Signals")
    before = timezone.now()
    data = {"amount": Decimal("1.50"), "day": datetime.date(2026, 11, 22), "text\0": "a\0b", "none": None}
    notify(users[1], verb="wrote", actor=ADA, target=article, data=data)
    line = Notification.objects.get()
    assert {
        name: getattr(line, name)
        for name in (
            "actor_kind",
            "actor_id",
            "actor_repr",
            "verb",
            "target_model",
            "target_id",
            "target_repr",
        )
    } == {
        "actor_kind": ActorKind.USER,
        "actor_id": "17",
        "actor_repr": "ada",
        "verb": "wrote",
        "target_model": "testapp.Article",
        "target_id": str(article.pk),
        "target_repr": "Signals",
    }
    assert {name: decode(value) for name, value in line.data.items()} == {
        "amount": Decimal("1.50"),
        "day": datetime.date(2026, 11, 22),
        "text\N{REPLACEMENT CHARACTER}": "a\0b",
        "none": None,
    }
    assert before <= line.created_at <= timezone.now()
    assert line.read_at is None


def test_the_target_has_a_text_whatever_it_is(users: list[User]) -> None:
    for target in (Rude(pk=3), Author(pk=1, name="x\0" * 300), Seat(row="A", number=7), Author()):
        notify(users[1], verb="wrote", target=target)
    assert list(Notification.objects.order_by("id").values_list("target_id", "target_repr")) == [
        ("3", "testapp.Rude 3"),
        ("1", ("x\N{REPLACEMENT CHARACTER}" * 128)[:255]),
        ('["A",7]', "Seat object (('A', 7))"),
        ("", ""),
    ]


def test_a_key_that_is_a_secret_is_not_told(users: list[User]) -> None:
    notify(users[1], verb="used", target=ApiToken(key="abc123"))
    line = Notification.objects.get()
    assert line.target_id == object_id_of(ApiToken, "abc123")
    assert "abc123" not in line.target_id + line.target_repr


def test_text_that_no_database_takes_is_replaced(users: list[User]) -> None:
    notify(users[1], verb="wrote \0 \ud800 " + "x" * 300, actor="a\0b")
    line = Notification.objects.get()
    assert line.verb == ("wrote \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} " + "x" * 300)[:255]
    assert line.actor_repr == "a\N{REPLACEMENT CHARACTER}b"


def test_a_lazy_verb_is_stored_as_its_source(users: list[User]) -> None:
    with translation.override("de"):
        assert str(gettext_lazy("Delete")) == "Löschen"
        notify(users[1], verb=gettext_lazy("Delete"))
        notify(users[1], verb=pgettext_lazy("alt. month", "March"))
        assert translation.get_language() == "de"
    assert [verb for _name, _actor, verb in told()] == ["Delete", "March"]


def test_nobody_is_told_of_what_was_rolled_back(users: list[User]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        notify(users, verb="wrote")
        _ = 1 / 0
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            notify(users, verb="wrote again")
            _ = 1 / 0
        assert notify(users[0], verb="stayed") == 1
    assert told() == [("ada", "system", "stayed")]


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_people_are_told_when_the_transaction_of_the_target_is_committed(users: list[User]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="other"):
        article = Article.objects.using("other").create(title="one")
        notify(users[0], verb="lost", target=article)
        _ = 1 / 0
    with transaction.atomic(using="other"):
        article = Article.objects.using("other").create(title="two")
        notify(users[0], verb="wrote", target=article)
        assert told() == []
    assert told() == [("ada", "system", "wrote")]


@pytest.fixture
def manual() -> Iterator[None]:
    transaction.set_autocommit(False)
    yield
    transaction.rollback()
    transaction.set_autocommit(True)


def test_in_a_transaction_managed_by_hand_the_lines_belong_to_it(users: list[User], manual: None) -> None:
    Author.objects.create(name="lost")
    notify(users[0], verb="lost")
    transaction.rollback()
    Author.objects.create(name="kept")
    notify(users[0], verb="kept")
    transaction.commit()
    assert [author.name for author in Author.objects.all()] == ["kept"]
    assert told() == [("ada", "system", "kept")]


def test_a_recipient_deleted_in_the_meantime_keeps_nobody_else_from_being_told(users: list[User]) -> None:
    with transaction.atomic():
        assert notify(users, verb="wrote") == 3
        users[1].delete()
    assert told() == [("ada", "system", "wrote"), ("cleo", "system", "wrote")]


def test_lines_that_cannot_be_written_cost_nothing_but_themselves(
    users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(execute: Any, sql: str, *arguments: Any) -> Any:
        if "signals_audit_notification" in sql:
            raise OSError("disk full")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse), transaction.atomic():
        notify(users, verb="wrote")
        Author.objects.create(name="Ada")
    assert Author.objects.count() == 1
    assert told() == []
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("signals_audit.reactions", "ERROR")
    assert record.getMessage() == "3 notifications 'wrote' could not be written"
    assert record.exc_info is not None


def statements(number: int, about: str) -> int:
    """Return how many statements it takes to tell a number of users."""
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        recipients = User.objects.order_by("pk")[:number]
        assert notify(recipients, verb="wrote", collapse=about) == number
    return len(queries)


def test_ten_thousand_recipients_take_as_many_statements_as_two() -> None:
    User.objects.bulk_create(User(username=f"user{number}") for number in range(10_000))
    assert statements(2, "one thing") == statements(10_000, "another")
    assert statements(2, "one thing") == statements(10_000, "another")
    assert Notification.objects.count() == 10_002
    assert Notification.objects.filter(count=2).count() == 10_002


def test_the_account_of_a_recipient_may_be_gone(users: list[User]) -> None:
    stale = User.objects.get(pk=users[0].pk)
    users[0].delete()
    with transaction.atomic():
        notify([stale, users[1]], verb="wrote")
        Author.objects.create(name="Ada")
    assert Author.objects.count() == 1
    assert told() == [("ben", "system", "wrote")]
    assert Notification.objects.count() == 1


def test_nothing_is_written_in_a_transaction_that_is_lost_already(
    users: list[User], caplog: pytest.LogCaptureFixture
) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        notify(users, verb="wrote")
    assert told() == []
    assert caplog.records == []


def test_one_that_is_there_when_the_process_dies_at_commit_is_there(users: list[User]) -> None:
    with transaction.atomic():
        notify(users[0], verb="wrote")
        assert told() == [("ada", "system", "wrote")]
        connection.run_on_commit.clear()  # as if this process had died right after COMMIT
    assert told() == [("ada", "system", "wrote")]


def test_notifications_are_not_audited_themselves(users: list[User]) -> None:
    AuditEntry.objects.all().delete()
    notify(users, verb="wrote")
    assert Notification.objects.count() == 3
    assert not AuditEntry.objects.exists()


def test_users_who_are_not_active_are_told_too(users: list[User]) -> None:
    users[1].is_active = False
    users[1].save()
    assert notify(users[1], verb="wrote") == 1
