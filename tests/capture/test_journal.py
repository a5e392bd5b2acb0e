"""The journal of a transaction: what it did so far, cut where a savepoint was rolled back to."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals_audit.capture.journal import Journal
from signals_audit.context import SYSTEM
from signals_audit.events import ChangeEvent
from signals_audit.types import Action, Actor, ActorKind, AuditContext, Cause

ADA = Actor(ActorKind.USER, "1", "Ada")
CONTEXT = AuditContext()


def event(name: str) -> ChangeEvent:
    known: dict[str, Any] = dict.fromkeys(
        (field.name for field in dataclasses.fields(ChangeEvent) if field.default is dataclasses.MISSING),
        None,
    )
    return ChangeEvent(**known | {"action": Action.CREATE, "object_id": name})


def test_an_actors_changes_in_a_context_share_a_change_set() -> None:
    journal = Journal()
    first = journal.change_set(ADA, CONTEXT)
    assert journal.change_set(ADA, AuditContext()) is first
    assert journal.change_set(SYSTEM, CONTEXT) is not first
    assert journal.change_set(ADA, AuditContext(reason="other")) is not first
    assert journal.change_set(ADA, AuditContext(extra={"k": 1})) is not first
    assert journal.change_set(ADA, AuditContext(cause=Cause("hook", None))) is first


def test_places_count_from_one_in_each_change_set() -> None:
    journal = Journal()
    opened = journal.change_set(ADA, CONTEXT)
    assert [opened.next_address().seq for _ in range(3)] == [1, 2, 3]
    assert opened.next_address().change_set == opened.id


def test_only_change_sets_with_entries_are_to_be_written_and_only_once() -> None:
    journal = Journal()
    journal.change_set(SYSTEM, CONTEXT)
    opened = journal.change_set(ADA, CONTEXT)
    opened.next_address()
    assert journal.unwritten() == [opened]
    opened.is_written = True
    assert journal.unwritten() == []


def test_cutting_at_a_savepoint_forgets_and_undoes_what_came_after_it() -> None:
    journal, undone = Journal(), []
    kept = event("kept")
    journal.keep(kept)
    before = journal.change_set(ADA, CONTEXT)
    journal.mark("s")
    journal.undo_with(lambda: undone.append(1))
    journal.keep(event("cut"))
    journal.undo_with(lambda: undone.append(2))
    journal.change_set(SYSTEM, CONTEXT)
    journal.cut("s")
    assert undone == [2, 1]
    assert journal.take() == (kept,)
    assert journal.change_set(ADA, CONTEXT) is before


def test_undoing_everything_takes_each_step_once_newest_first() -> None:
    journal, undone = Journal(), []
    for number in range(3):
        journal.undo_with(lambda number=number: undone.append(number))
    journal.undo_all()
    journal.undo_all()
    assert undone == [2, 1, 0]


def test_what_was_taken_is_not_given_again() -> None:
    journal = Journal()
    one, two = event("1"), event("2")
    journal.keep(one)
    assert (journal.take(), journal.take()) == ((one,), ())
    journal.keep(two)
    assert journal.take() == (two,)


def test_taking_from_a_place_on_leaves_out_what_came_before_it() -> None:
    journal = Journal()
    journal.keep(event("1"))
    start, two = journal.size, event("2")
    journal.keep(two)
    assert (journal.take(start), journal.take()) == ((two,), ())


@pytest.mark.parametrize("cut", [True, False])
def test_being_told_is_asked_for_once_and_again_when_that_was_undone(cut: bool) -> None:
    journal = Journal()
    journal.mark("s")
    assert journal.schedule() is True
    journal.keep(event("1"))
    if cut:
        journal.cut("s")
    assert journal.schedule() is cut


def test_being_told_need_not_be_asked_for_again_when_it_came_before_the_savepoint() -> None:
    journal = Journal()
    journal.schedule()
    journal.keep(event("1"))
    journal.mark("s")
    journal.keep(event("2"))
    journal.cut("s")
    assert journal.schedule() is False


@given(st.lists(st.sampled_from(["keep", "mark", "cut", "take"]), max_size=40))
def test_a_journal_is_a_stack_that_can_be_cut(steps: list[str]) -> None:
    journal, marks = Journal(), []
    model: list[Any] = []
    told: list[Any] = []
    for number, step in enumerate(steps):
        if step == "keep":
            journal.keep(noted := event(str(number)))
            model.append(noted)
        elif step == "mark":
            journal.mark(str(number))
            marks.append((str(number), len(model)))
        elif step == "cut" and marks:
            name, length = marks.pop()
            journal.cut(name)
            del model[length:]
        elif step == "take" and not marks:
            told += journal.take()
            assert told == [*dict.fromkeys(told)]
    assert [noted for noted in journal.take() if noted not in told] == [
        noted for noted in model if noted not in told
    ]


def test_steps_for_the_commit_are_taken_in_order_unless_they_were_undone() -> None:
    journal, taken = Journal(), []
    journal.at_commit(lambda: taken.append("a"))
    journal.mark("s1")
    journal.at_commit(lambda: taken.append("undone"))
    journal.cut("s1")
    journal.at_commit(lambda: taken.append("b"))
    journal.was_committed()
    assert taken == ["a", "b"]
    journal.undo_all()
    journal.was_committed()
    assert taken == ["a", "b"]
