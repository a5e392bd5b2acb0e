"""A rehearsal does the real thing, tells what it set off, and leaves nothing of it behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import Signal

from signals_audit import disabled
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.rehearsals import (
    Callback,
    CannotRehearse,
    Rehearsal,
    rehearse_create_and_delete,
    rehearse_update,
)
from tests.testapp.models import Article, Author, Seat, Tag, Ticket

HERE = __name__
pytestmark = pytest.mark.django_db(databases=["default", "other"])

ran: list[str] = []
WRITES = ("pre_save", "post_save", "pre_delete", "post_delete")


@pytest.fixture(autouse=True)
def _forget() -> None:
    ran.clear()


@contextmanager
def heard(signal: Signal, receiver: Callable[..., Any], sender: Any) -> Iterator[None]:
    signal.connect(receiver, sender=sender)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


def run() -> None:
    """Is registered for COMMIT, and must not run."""
    ran.append("run")


def tag(instance: Author, **_kwargs: Any) -> None:
    """Write to both databases, and have more done after COMMIT."""
    Tag.objects.create(name="here")
    Tag.objects.using("other").create(name="there")
    transaction.on_commit(run)
    transaction.on_commit(partial(run), robust=True)
    transaction.on_commit(run, using="other")


def refuse(**_kwargs: Any) -> None:
    raise ValueError("Not this one.")


def break_down(**_kwargs: Any) -> None:
    """Have the database itself refuse."""
    Tag.objects.create(name="twice")
    Tag.objects.create(name="twice")


def entries_of(rehearsal: Rehearsal) -> list[tuple[str, str, str]]:
    return [(entry.using, entry.action, entry.model) for entry in rehearsal.entries]


def rows() -> list[list[Any]]:
    """Return all that a rehearsal could have left."""
    return [
        list(model.objects.using(using).order_by("pk").values_list())
        for using in ("default", "other")
        for model in (Author, Tag, AuditEntry, ChangeSet)
    ]


def test_an_update_is_traced_from_pre_init_on_and_undone() -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    before = rows()
    with heard(post_save, tag, Author):
        rehearsal = rehearse_update(Author, author.pk)
    top = [sent.name for sent in rehearsal.trace.sent if sent.sender is Author and sent.depth == 0]
    assert top == ["pre_init", "post_init", "pre_save", "post_save"]
    rehearsal.trace.assert_sent("post_save", sender=Tag, times=2)
    assert entries_of(rehearsal) == [
        ("default", "create", "testapp.Tag"),
        ("other", "create", "testapp.Tag"),
    ]
    assert rehearsal.error is None
    assert rows() == before


def test_callbacks_are_listed_and_do_not_run_robust_ones_neither() -> None:
    author = Author.objects.create(name="Ada")
    transaction.on_commit(run)  # one that waits already is not the rehearsal's
    with heard(post_save, tag, Author):
        rehearsal = rehearse_update(Author, author.pk)
    own = [one for one in rehearsal.callbacks if one.name.startswith(HERE)]
    assert own == [
        Callback(f"{HERE}.run", "default", is_robust=False),
        Callback(f"{HERE}.run", "default", is_robust=True),
        Callback(f"{HERE}.run", "other", is_robust=False),
    ]
    assert ran == []


@pytest.mark.django_db(databases=["default", "other"], transaction=True)
def test_outside_of_transactions_everything_is_undone_too() -> None:
    author = Author.objects.create(name="Ada")
    before = rows()
    with heard(post_save, tag, Author):
        rehearsal = rehearse_update(Author, author.pk)
    assert len(rehearsal.callbacks) >= 3
    assert (rows(), ran, connection.in_atomic_block) == (before, [], False)
    author.name = "Ben"
    author.save()
    assert AuditEntry.objects.filter(action="update").get().changes == {"name": ["Ada", "Ben"]}


def test_a_change_that_receivers_make_is_among_the_entries() -> None:
    def rename(instance: Author, **_kwargs: Any) -> None:
        instance.name = "Countess Ada"

    author = Author.objects.create(name="Ada")
    with heard(pre_save, rename, Author):
        rehearsal = rehearse_update(Author, author.pk)
    (entry,) = rehearsal.entries
    assert entry.changes == {"name": ["Ada", "Countess Ada"]}
    assert entry.change_set.correlation_id.startswith("rehearsal ")
    author.refresh_from_db()
    assert author.name == "Ada"


def test_a_row_can_be_on_another_database_and_its_model_need_not_be_audited() -> None:
    with disabled():
        ticket = Ticket.objects.using("other").create(title="A")
    with disabled(Ticket):
        rehearsal = rehearse_update(Ticket, str(ticket.pk), using="other")
    (sent,) = rehearsal.trace.assert_sent("post_save", sender=Ticket, using="other")
    assert (sent.arguments["instance"], rehearsal.entries) == (ticket, ())


def test_a_composite_key_is_a_list() -> None:
    Seat.objects.create(row="A", number=1)
    rehearsal = rehearse_update(Seat, ["A", "1"])
    rehearsal.trace.assert_sent("post_save", sender=Seat, times=1)
    for wrong in ("A", ["A"], ["A", "B"], 7):
        with pytest.raises(CannotRehearse, match=r"is no key of a testapp\.Seat"):
            rehearse_update(Seat, wrong)


def test_a_row_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotRehearse, match=r"no testapp\.Author “77” on the database “default”"):
        rehearse_update(Author, 77)
    with pytest.raises(CannotRehearse, match=r"“abc” is no key of a testapp\.Author"):
        rehearse_update(Author, "abc")
    assert Author.objects.count() == 0


def test_a_factory_makes_what_is_saved_and_deleted() -> None:
    before = rows()
    with heard(post_delete, tag, Author):
        rehearsal = rehearse_create_and_delete(lambda: Author(name="Ada"), model=Author, using="other")
    rehearsal.trace.assert_order(*WRITES, sender=Author)
    assert rehearsal.trace.sent[0].name == "pre_init"
    assert sorted(entries_of(rehearsal)) == [
        ("default", "create", "testapp.Tag"),
        ("other", "create", "testapp.Author"),
        ("other", "create", "testapp.Tag"),
        ("other", "delete", "testapp.Author"),
    ]
    assert rows() == before


def test_what_a_factory_saved_itself_is_deleted() -> None:
    rehearsal = rehearse_create_and_delete(partial(Article.objects.create, title="A"))
    rehearsal.trace.assert_sent("post_save", sender=Article, times=1)
    assert [entry.action for entry in rehearsal.entries] == ["create", "delete"]
    assert Article.objects.count() == 0


def test_a_factory_that_makes_something_else_is_refused() -> None:
    with pytest.raises(CannotRehearse, match=r"make_tag made no testapp\.Author, but a Tag"):
        rehearse_create_and_delete(make_tag, model=Author)
    with pytest.raises(CannotRehearse, match="run made no Model, but a NoneType"):
        rehearse_create_and_delete(run)
    assert Tag.objects.count() == 0


def make_tag() -> Tag:
    return Tag.objects.create(name="made")


@pytest.mark.parametrize("receiver", [refuse, break_down])
def test_an_error_is_told_and_everything_undone(receiver: Callable[..., Any]) -> None:
    author = Author.objects.create(name="Ada")
    before = rows()
    with heard(post_save, receiver, Author):
        rehearsal = rehearse_update(Author, author.pk)
    assert rehearsal.error is not None
    (sent,) = rehearsal.trace.assert_sent("post_save", sender=Author)
    assert sent.receivers[-1].error is rehearsal.error
    assert rows() == before
    author.save()  # the connection can be used


def test_it_is_said_what_cannot_be_undone() -> None:
    author = Author.objects.create(name="Ada")
    assert rehearse_update(Author, author.pk).warnings == (
        "All receivers were really called: mails, requests, files and caches are not rolled back.",
    )


def insist(**_kwargs: Any) -> None:
    with transaction.atomic(durable=True):
        Tag.objects.create(name="durable")


def test_it_is_said_that_a_durable_block_would_work_in_a_real_save() -> None:
    author = Author.objects.create(name="Ada")
    with heard(post_save, insist, Author):
        rehearsal = rehearse_update(Author, author.pk)
    assert isinstance(rehearsal.error, RuntimeError)
    assert rehearsal.warnings[1:] == (
        "transaction.atomic(durable=True) was refused, for a rehearsal is a transaction itself. In a real "
        "save outside of transactions it works.",
    )


@pytest.mark.django_db(databases=["default"])
def test_a_database_that_cannot_be_used_is_named() -> None:
    author = Author.objects.create(name="Ada")
    _first, second = rehearse_update(Author, author.pk).warnings
    assert second.startswith("What is written to the database “other” is not rolled back: ")


def test_a_database_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {**connections.settings["other"], "ENGINE": "no.such"}
    monkeypatch.setitem(connections.settings, "broken", broken)
    author = Author.objects.create(name="Ada")
    _first, second = rehearse_update(Author, author.pk).warnings
    assert second.startswith(
        "What is written to the database “broken” is not rolled back: ImproperlyConfigured: 'no.such' isn't"
    )
