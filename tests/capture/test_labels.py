"""The text of an object: its own, without a query, without an error and without its secrets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext

from signals_audit.capture.labels import plain_text, safe_text
from signals_audit.models import AuditEntry
from tests.testapp.models import Article, Author, Comment, Rude, Seat, Ticket

from .log import entries, make

NOTHING: frozenset[str] = frozenset()


def test_the_text_is_the_objects_own() -> None:
    assert safe_text(Author(name="Ada"), NOTHING) == "Ada"


def test_the_text_of_a_failing_str_is_the_label_and_key() -> None:
    assert safe_text(Rude(pk=7), NOTHING) == "testapp.Rude 7"


def test_the_label_and_key_fit_keys_of_every_kind() -> None:
    assert plain_text(Seat(row="A", number=1)) == 'testapp.Seat ["A",1]'
    ticket = Ticket()
    assert plain_text(ticket) == f"testapp.Ticket {ticket.pk}"
    assert plain_text(Article(title="a")).startswith("testapp.Article ")


def test_the_text_is_cut_and_storable() -> None:
    shown = safe_text(Author(name="a\0\ud800" * 200), NOTHING)
    assert len(shown) == 255
    assert "\0" not in shown
    shown.encode()


def test_secret_values_are_struck_out() -> None:
    assert safe_text(Author(name="key-123!"), frozenset({"name"})) == "•••"
    assert safe_text(Author(name="Ada", password=""), frozenset({"password"})) == "Ada"


@pytest.mark.django_db
def test_a_text_that_would_ask_the_database_is_the_label_and_key() -> None:
    comment = make(Comment, article=make(Article, title="a"), text="c")
    with CaptureQueriesContext(connection) as captured:
        shown = safe_text(comment, NOTHING)
    assert shown == f"testapp.Comment {comment.pk}"
    assert captured.captured_queries == []
    assert str(comment) == "c on a"


class Quoting(Comment):
    class Meta:
        proxy = True
        app_label = "testapp"

    def __str__(self) -> str:
        return f"{safe_text(Author(name='Ada'), NOTHING)}: {self.article}"


@pytest.mark.django_db
def test_a_text_within_a_text_leaves_the_outer_one_without_queries_too() -> None:
    comment = Quoting.objects.get(pk=make(Comment, article=make(Article, title="a"), text="c").pk)
    with CaptureQueriesContext(connection) as captured:
        shown = safe_text(comment, NOTHING)
    assert shown == f"testapp.Quoting {comment.pk}"
    assert captured.captured_queries == []
    assert Author.objects.count() == 0


@pytest.mark.django_db
def test_a_text_of_deferred_fields_is_the_label_and_key() -> None:
    make(Author, name="Ada")
    author = Author.objects.only("email").get()
    assert safe_text(author, NOTHING) == f"testapp.Author {author.pk}"
    assert author.get_deferred_fields() == {"name", "password"}


class Elsewhere(Author):
    class Meta:
        proxy = True
        app_label = "testapp"

    def __str__(self) -> str:
        return str(Author.objects.using("other").count())


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.skipif(connection.vendor == "sqlite", reason="a database in memory is not closed")
def test_a_connection_that_a_text_opens_is_set_up_and_then_refuses() -> None:
    other, opened = connections["other"], list[str]()
    other.close()

    def note(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
        opened.append(connection.alias)

    connection_created.connect(note)
    try:
        shown = safe_text(Elsewhere(pk=1), NOTHING)
    finally:
        connection_created.disconnect(note)
    assert shown == "testapp.Elsewhere 1"
    assert opened == ["other"]
    assert Author.objects.using("other").count() == 0


class Undecided(Author):
    class Meta:
        proxy = True
        app_label = "testapp"

    def __str__(self) -> str:
        with transaction.atomic():
            return str(Author.objects.count())


@pytest.mark.django_db(transaction=True)
def test_a_text_that_wants_a_block_leaves_a_manual_transaction_as_it_was() -> None:
    transaction.set_autocommit(False)
    try:
        author = Undecided.objects.create(name="Ada")
        blocks = connection.in_atomic_block, connection.commit_on_exit, connection.needs_rollback
        transaction.commit()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert blocks == (False, True, False)
    assert [entry.changes["name"] for entry in entries()] == [[None, "Ada"]]
    assert AuditEntry.objects.get().object_repr == f"testapp.Undecided {author.pk}"
