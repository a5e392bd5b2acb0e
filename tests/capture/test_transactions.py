"""Entries are the committed changes exactly, however a transaction ends, and so is what is told of them."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, models, transaction
from django.db.models.signals import post_save
from django.test import TestCase

from signals_audit import ChangeEvent, audit_context, changes_committed, object_created, object_deleted
from signals_audit.capture.connection import state_of
from signals_audit.models import AuditEntry, ChangeSet
from tests.testapp.models import Article, Author, Comment, Restaurant, Tag

from .log import connected, entries, orphans

pytestmark = pytest.mark.django_db(transaction=True)


class Told(list[list[str]]):
    """What `changes_committed` told: one list of objects for each time."""

    def __call__(self, *, events: tuple[ChangeEvent, ...], using: str, **_kwargs: Any) -> None:
        inside = [block for block in connections[using].atomic_blocks if not block._from_testcase]
        assert (using, inside) == ("default", [])
        self.append([event.object_repr for event in events])


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    with connected(changes_committed, told):
        yield told


def add(name: str) -> Tag:
    return Tag.objects.create(name=name)


def assert_log(*batches: list[str]) -> None:
    """Assert that there are these rows, these entries in these change sets, and nothing left over."""
    names = [name for batch in batches for name in batch]
    assert list(Tag.objects.order_by("pk").values_list("name", flat=True)) == names
    by_set: dict[Any, list[str]] = {}
    for change_set, changes in AuditEntry.objects.order_by("id").values_list("change_set_id", "changes"):
        by_set.setdefault(change_set, []).append(changes["name"][1])
    assert [*by_set.values()] == [*batches]
    assert orphans() == []
    assert ChangeSet.objects.count() == len(batches)
    assert state_of(connection).journal.take() == ()


# Renamed in Django 6.1.
begin_savepoint = getattr(transaction, "savepoint_create", None) or transaction.savepoint


class Undo(Exception):
    """Leave a block."""


def test_in_autocommit_each_write_is_a_transaction_of_its_own(told: Told) -> None:
    add("a")
    add("b")
    assert_log(["a"], ["b"])
    assert told == [["a"], ["b"]]


def test_a_block_that_commits_is_one_change_set_told_once(told: Told) -> None:
    with transaction.atomic():
        add("a")
        add("b")
        assert told == []
    assert_log(["a", "b"])
    assert told == [["a", "b"]]


def test_a_block_that_raises_leaves_nothing(told: Told) -> None:
    with pytest.raises(Undo), transaction.atomic():
        add("a")
        raise Undo
    assert_log()
    add("b")
    assert_log(["b"])
    assert told == [["b"]]


def test_an_inner_block_that_commits_belongs_to_the_outer_one(told: Told) -> None:
    with transaction.atomic():
        add("a")
        with transaction.atomic():
            add("b")
        add("c")
    assert_log(["a", "b", "c"])
    assert told == [["a", "b", "c"]]


def test_an_inner_block_that_is_rolled_back_takes_its_own_entries_alone(told: Told) -> None:
    with transaction.atomic():
        add("a")
        with pytest.raises(Undo), transaction.atomic():
            add("b")
            raise Undo
        add("c")
    assert_log(["a", "c"])
    assert told == [["a", "c"]]


def test_a_change_set_that_went_with_an_inner_block_is_opened_anew(told: Told) -> None:
    with transaction.atomic():
        with pytest.raises(Undo), transaction.atomic():
            add("a")
            raise Undo
        add("b")
    assert_log(["b"])
    assert told == [["b"]]


def test_what_follows_an_inner_block_that_was_rolled_back_first_is_told(told: Told) -> None:
    with transaction.atomic():
        for name in "abc":
            with pytest.raises(Undo), transaction.atomic():
                add(name)
                raise Undo
        with transaction.atomic():
            add("d")
        add("e")
    assert_log(["d", "e"])
    assert told == [["d", "e"]]


def test_the_outer_block_takes_inner_ones_that_committed_with_it(told: Told) -> None:
    with pytest.raises(Undo), transaction.atomic():
        with transaction.atomic():
            add("a")
        raise Undo
    assert_log()
    assert told == []


def test_a_middle_block_takes_what_its_inner_one_had_kept(told: Told) -> None:
    with transaction.atomic():
        add("a")
        with pytest.raises(Undo), transaction.atomic():
            with transaction.atomic():
                add("b")
            add("c")
            raise Undo
        with transaction.atomic():
            add("d")
    assert_log(["a", "d"])
    assert told == [["a", "d"]]


def test_an_inner_block_without_savepoint_that_fails_takes_everything(told: Told) -> None:
    with transaction.atomic():
        add("a")
        with pytest.raises(Undo), transaction.atomic(savepoint=False):
            add("b")
            raise Undo
    assert_log()
    assert told == []


def test_a_block_that_is_told_to_roll_back_leaves_nothing(told: Told) -> None:
    with transaction.atomic():
        add("a")
        transaction.set_rollback(True)
    assert_log()
    assert told == []


def test_an_inner_block_that_is_told_to_roll_back_leaves_nothing_of_its_own(told: Told) -> None:
    with transaction.atomic():
        add("a")
        with transaction.atomic():
            add("b")
            transaction.set_rollback(True)
    assert_log(["a"])
    assert told == [["a"]]


def test_a_savepoint_that_is_rolled_back_by_hand_takes_what_came_after_it(told: Told) -> None:
    with transaction.atomic():
        add("a")
        savepoint = begin_savepoint()
        add("b")
        transaction.savepoint_rollback(savepoint)
        add("c")
    assert_log(["a", "c"])
    assert told == [["a", "c"]]


def test_a_savepoint_may_be_rolled_back_to_twice(told: Told) -> None:
    with transaction.atomic():
        savepoint = begin_savepoint()
        add("a")
        transaction.savepoint_rollback(savepoint)
        add("b")
        transaction.savepoint_rollback(savepoint)
        add("c")
    assert_log(["c"])
    assert told == [["c"]]


def test_a_savepoint_that_is_released_by_hand_keeps_what_came_after_it(told: Told) -> None:
    with transaction.atomic():
        add("a")
        savepoint = begin_savepoint()
        add("b")
        transaction.savepoint_commit(savepoint)
    assert_log(["a", "b"])
    assert told == [["a", "b"]]


def test_a_transaction_by_hand_that_commits_is_one_change_set_told_once(told: Told) -> None:
    by_hand(lambda: (add("a"), add("b"), transaction.commit()))
    assert_log(["a", "b"])
    assert told == [["a", "b"]]


def test_a_transaction_by_hand_that_is_rolled_back_leaves_nothing(told: Told) -> None:
    by_hand(lambda: (add("a"), transaction.rollback(), add("b"), transaction.commit()))
    assert_log(["b"])
    assert told == [["b"]]


def test_two_transactions_by_hand_are_two_change_sets(told: Told) -> None:
    by_hand(lambda: (add("a"), transaction.commit(), add("b"), transaction.commit()))
    assert_log(["a"], ["b"])
    assert told == [["a"], ["b"]]


def test_a_block_within_a_transaction_by_hand_is_recorded(told: Told) -> None:
    def write() -> None:
        with transaction.atomic():
            add("a")
        add("b")
        transaction.commit()

    by_hand(write)
    assert sorted(entry.changes["name"][1] for entry in entries()) == ["a", "b"]
    assert orphans() == []
    assert sorted(name for batch in told for name in batch) == ["a", "b"]


def by_hand(write: Callable[[], Any]) -> None:
    transaction.set_autocommit(False)
    try:
        write()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_a_durable_block_is_a_block(told: Told) -> None:
    with transaction.atomic(durable=True):
        add("a")
    assert_log(["a"])
    assert told == [["a"]]


def test_what_is_saved_after_a_commit_is_a_change_set_of_its_own(told: Told) -> None:
    with transaction.atomic():
        transaction.on_commit(lambda: add("b"))
        add("a")
        transaction.on_commit(lambda: add("c"))
    assert_log(["a"], ["b"], ["c"])
    assert sorted(told) == [["a"], ["b"], ["c"]]


def test_a_failed_write_that_is_caught_inside_a_block_leaves_nothing_of_its_own(told: Told) -> None:
    add("taken")
    with transaction.atomic():
        add("a")
        with pytest.raises(IntegrityError), transaction.atomic():
            add("taken")
        add("b")
    assert_log(["taken"], ["a", "b"])
    assert told == [["taken"], ["a", "b"]]


def test_a_failed_write_in_autocommit_leaves_nothing(told: Told) -> None:
    add("taken")
    with pytest.raises(IntegrityError):
        add("taken")
    add("a")
    assert_log(["taken"], ["a"])
    assert told == [["taken"], ["a"]]


@pytest.mark.parametrize("in_block", [True, False])
def test_a_constraint_that_fails_at_commit_takes_everything(told: Told, in_block: bool) -> None:
    if not connection.features.can_defer_constraint_checks:
        return  # MariaDB checks at once: see the failed writes above
    article = Article.objects.create(title="a")
    told.clear()
    with pytest.raises(IntegrityError):
        if in_block:
            with transaction.atomic():
                add("a")
                Comment.objects.create(article_id=article.pk + 1000, text="c")
        else:
            Comment.objects.create(article_id=article.pk + 1000, text="c")
    assert [entry.model for entry in entries()] == ["testapp.Article"]
    assert (orphans(), Comment.objects.count(), Tag.objects.count()) == ([], 0, 0)
    assert told == []
    add("b")
    assert told == [["b"]]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupted_block_leaves_nothing(told: Told, interruption: type[BaseException]) -> None:
    with pytest.raises(interruption), transaction.atomic():
        add("a")
        raise interruption
    with transaction.atomic():
        add("b")
        with pytest.raises(interruption), transaction.atomic():
            add("c")
            raise interruption
    assert_log(["b"])
    assert told == [["b"]]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_a_write_that_is_interrupted_while_it_is_recorded_leaves_nothing(
    told: Told, interruption: type[BaseException]
) -> None:
    def interrupt(**_kwargs: Any) -> None:
        raise interruption

    with connected(object_created, interrupt, Tag), pytest.raises(interruption):
        add("a")
    add("b")
    assert_log(["b"])
    assert told == [["b"]]


def test_a_connection_that_is_closed_within_a_block_leaves_nothing(told: Told) -> None:
    if connection.vendor == "sqlite":
        return  # a database in memory refuses to be closed
    with pytest.raises(Exception, match=r"."), transaction.atomic():
        add("a")
        connection.close()
        add("b")
    add("c")
    assert_log(["c"])
    assert told == [["c"]]


def test_a_connection_that_the_server_ends_leaves_nothing(told: Told) -> None:
    if connection.vendor == "sqlite":
        return  # it has no server
    with pytest.raises(Exception, match=r"."), transaction.atomic():
        add("a")
        connection.connection.close()
        add("b")
    connection.close()
    add("c")
    assert_log(["c"])
    assert told == [["c"]]


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_blocks_over_two_databases_are_independent() -> None:
    told = []

    def note(events: Any, using: str, **_kwargs: Any) -> None:
        told.append((using, [event.object_repr for event in events]))

    with connected(changes_committed, note):
        with transaction.atomic(), transaction.atomic(using="other"):
            add("a")
            Tag.objects.using("other").create(name="b")
        with transaction.atomic(), pytest.raises(Undo), transaction.atomic(using="other"):
            add("c")
            Tag.objects.using("other").create(name="d")
            raise Undo
    assert [entry.changes["name"][1] for entry in entries()] == ["a", "c"]
    assert [entry.changes["name"][1] for entry in entries("other")] == ["b"]
    assert (orphans(), orphans("other")) == ([], [])
    assert told == [("other", ["b"]), ("default", ["a"]), ("default", ["c"])]


def test_each_context_of_a_transaction_has_one_change_set(told: Told) -> None:
    with transaction.atomic():
        with audit_context(reason="one"):
            add("a")
        with audit_context(reason="two"):
            add("b")
        with audit_context(reason="one"):
            add("c")
    found = AuditEntry.objects.order_by("id").values_list("changes__name__1", "change_set__reason", "seq")
    assert list(found) == [("a", "one", 1), ("b", "two", 1), ("c", "one", 2)]
    assert ChangeSet.objects.count() == 2
    assert told == [["a", "b", "c"]]


def test_a_failed_write_under_one_context_leaves_no_change_set_behind_for_the_next() -> None:
    with transaction.atomic():
        add("taken")
        with audit_context(reason="fails"), pytest.raises(IntegrityError), transaction.atomic():
            add("taken")
        with audit_context(reason="works"):
            add("a")
    assert orphans() == []
    assert sorted(ChangeSet.objects.values_list("reason", flat=True)) == ["", "works"]


def test_a_vetoed_write_within_a_savepoint_leaves_no_change_set_behind() -> None:
    def veto(event: ChangeEvent, **_kwargs: Any) -> None:
        if event.object_repr == "bad":
            raise Undo

    with connected(object_created, veto, Tag), transaction.atomic():
        with audit_context(reason="fails"), pytest.raises(Undo), transaction.atomic():
            add("bad")
        with audit_context(reason="works"):
            add("good")
    assert_log(["good"])
    assert [change_set.reason for change_set in ChangeSet.objects.all()] == ["works"]


def test_a_long_transaction_of_many_savepoints_is_one_change_set(told: Told) -> None:
    with transaction.atomic():
        for number in range(30):
            with transaction.atomic():
                add(str(number))
                if number % 3 == 0:
                    transaction.set_rollback(True)
    kept = [str(number) for number in range(30) if number % 3]
    assert_log(kept)
    assert told == [kept]


def test_a_save_in_post_save_belongs_to_its_own_transaction_in_autocommit(told: Told) -> None:
    def follow(instance: Tag, created: bool, **_kwargs: Any) -> None:
        if len(instance.name) < 3:
            add(instance.name + "x")

    with connected(post_save, follow, Tag):
        add("a")
    assert_log(["a"], ["ax"], ["axx"])
    assert told == [["a"], ["ax"], ["axx"]]


def test_a_save_in_a_receiver_of_ours_belongs_to_the_transaction_of_the_change(told: Told) -> None:
    def follow(event: ChangeEvent, **_kwargs: Any) -> None:
        if len(event.object_repr) < 3:
            add(event.object_repr + "x")

    with connected(object_created, follow, Tag):
        add("a")
    assert_log(["a", "ax", "axx"])
    assert [sorted(batch) for batch in told] == [["a", "ax", "axx"]]


def test_a_multi_table_save_that_fails_in_the_child_takes_the_parents_entry(told: Told) -> None:
    with pytest.raises(ValueError, match="stars"):
        Restaurant.objects.create(name="r", stars="many")
    assert_log()
    assert told == []


def test_a_deletion_that_a_receiver_of_ours_refuses_takes_its_cascade_with_it(told: Told) -> None:
    article = Article.objects.create(title="a")
    Comment.objects.create(article=article, text="c")
    told.clear()

    def refuse(**_kwargs: Any) -> None:
        raise Undo

    with connected(object_deleted, refuse, Article), pytest.raises(Undo):
        article.delete()
    assert [entry.action for entry in entries()] == ["create", "create"]
    assert (Article.objects.count(), Comment.objects.count(), orphans(), told) == (1, 1, [], [])


def test_an_error_of_a_receiver_of_changes_committed_reaches_nobody_else(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_kwargs: Any) -> None:
        raise Undo("of the receiver")

    with connected(changes_committed, fail):
        add("a")
    add("b")
    assert_log(["a"], ["b"])
    assert told == [["a"], ["b"]]
    assert "of the receiver" in caplog.text


def test_a_receiver_of_changes_committed_without_a_name_may_fail_too(told: Told) -> None:
    class Failing:
        def __call__(self, **_kwargs: Any) -> None:
            raise Undo

    with connected(changes_committed, Failing()):
        add("a")
    assert_log(["a"])


def test_in_a_test_case_entries_are_there_at_once_and_told_where_callbacks_are_captured(
    told: Told,
) -> None:
    class Case(TestCase):
        def runTest(self) -> None:  # noqa: N802
            add("a")
            assert [entry.changes["name"][1] for entry in entries()] == ["a"]
            assert told == []
            with self.captureOnCommitCallbacks() as callbacks:
                transaction.on_commit(lambda: None)
            assert len(callbacks) == 1
            with self.captureOnCommitCallbacks(execute=True):
                add("b")
            with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
                add("c")
                add("d")
            assert told == [["b"], ["c", "d"]]

    result = unittest.TestResult()
    Case()(result)
    assert result.errors + result.failures == []
    assert_log()


def test_nothing_remains_of_a_transaction_that_is_over() -> None:
    with transaction.atomic():
        add("a")
    state = state_of(connections["default"])
    assert (state.block, state.is_locked, state.journal.unwritten()) == (None, False, [])


def test_a_write_undone_within_a_save_that_goes_on_leaves_no_entry() -> None:
    """A field may write on its own account while its row is being saved."""

    class Writing(models.CharField):  # type: ignore[type-arg]
        def pre_save(self, model_instance: models.Model, add: bool) -> Any:
            try:
                with transaction.atomic():
                    Tag.objects.filter(name="a").update(name="b")
                    raise Undo
            except Undo:
                return super().pre_save(model_instance, add)

    tag = Tag.objects.create(name="a")
    AuditEntry.objects.all().delete()
    name = Author._meta.get_field("name")
    original, name.__class__ = name.__class__, Writing
    try:
        author = Author.objects.create(name="n")
    finally:
        name.__class__ = original
    assert [(entry.model, entry.object_id) for entry in AuditEntry.objects.all()] == [
        ("testapp.Author", str(author.pk))
    ]
    tag.refresh_from_db()
    assert tag.name == "a"


def test_a_refused_change_in_a_transaction_by_hand_cannot_be_committed() -> None:
    def refuse(**_kwargs: Any) -> None:
        raise Undo

    with connected(object_created, refuse):
        transaction.set_autocommit(False)
        try:
            with pytest.raises(Undo):
                Tag.objects.create(name="a")
            with pytest.raises(transaction.TransactionManagementError):
                transaction.commit()
            transaction.rollback()
        finally:
            transaction.set_autocommit(True)
    assert (list(Tag.objects.all()), entries(), orphans()) == ([], [], [])
    Tag.objects.create(name="b")
    assert len(entries()) == 1
