"""What happened to each field, told so that one sees it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signals_audit.differences import LISTED, FieldChange, common_prefix, field_changes, show_change
from signals_audit.display import Shown
from signals_audit.models import AuditEntry
from signals_audit.values import encode

MOMENT = datetime.datetime(2026, 11, 22, 20, 5, 7, tzinfo=datetime.UTC)


def entry(changes: Any, *, action: str = "update", model: str = "testapp.Article") -> AuditEntry:
    return AuditEntry(action=action, model=model, changes=changes, object_id="1")


def test_two_values_that_look_alike_are_told_apart() -> None:
    def texts(before: Any, after: Any) -> tuple[str, str]:
        shown = show_change(encode(before), encode(after))
        return shown[0].text, shown[1].text

    assert texts(MOMENT, MOMENT.replace(second=8)) == (
        "2026-11-22 20:05:07+00:00",
        "2026-11-22 20:05:08+00:00",
    )
    assert texts(1, "1") == ("1", '"1"')
    assert texts(1, Decimal("1")) == ("1", '{"decimal": "1"}')
    assert texts("a  b", "a b") != ("a b", "a b")


def test_two_long_texts_are_shown_where_they_begin_to_differ() -> None:
    start = "The quick brown fox jumps over the lazy dog. " * 20
    before, after = show_change(start + "Then it slept.", start + "Then it left.")
    assert (before.text, after.text) == ("…lazy dog. Then it slept.", "…lazy dog. Then it left.")
    assert after.full == start + "Then it left."


def test_secrets_that_change_stay_secret() -> None:
    assert show_change({"masked": True}, {"masked": True}) == (Shown("masked", "•••"), Shown("masked", "•••"))


@given(st.text(), st.text(), st.text())
def test_the_common_beginning_is_as_long_as_it_is(start: str, first: str, second: str) -> None:
    first, second = start + first, start + second
    length = common_prefix(first, second)
    assert first[:length] == second[:length]
    assert first[length : length + 1] != second[length : length + 1] or length == min(len(first), len(second))


def test_a_change_has_both_sides_a_create_only_the_new_and_a_delete_only_the_old() -> None:
    changes = {"title": ["a", "b"]}
    old, new = Shown("value", "a"), Shown("value", "b")
    assert field_changes(entry(changes)) == [FieldChange("title", "title", before=old, after=new)]
    assert field_changes(entry(changes, action="create")) == [FieldChange("title", "title", after=new)]
    assert field_changes(entry(changes, action="delete")) == [FieldChange("title", "title", before=old)]


def test_relations_show_what_came_and_went() -> None:
    (change,) = field_changes(entry({"tags": {"added": [1, 2], "removed": ["x"]}}))
    one, two, gone = (Shown("value", text) for text in ("1", "2", "x"))
    assert change == FieldChange("tags", "tags", added=(one, two), removed=(gone,))
    assert change.is_relation


def test_enormous_relations_are_cut_and_counted() -> None:
    (change,) = field_changes(entry({"tags": {"added": list(range(LISTED + 7)), "removed": []}}))
    assert (len(change.added), change.more) == (LISTED, 7)


def test_fields_have_their_verbose_names_and_gone_ones_their_own() -> None:
    changes = {"is_open": [True, False], "gone": [1, 2]}
    assert [change.label for change in field_changes(entry(changes))] == ["is open", "gone"]
    assert [change.label for change in field_changes(entry(changes, model="no.Such"))] == ["is_open", "gone"]


def test_a_summary_shows_the_value_that_many_rows_share_or_how_many_there_are() -> None:
    changes = {"views": {"before": {"1": 0, "2": 5, "3": 5}, "after": {"1": 9, "2": 9, "3": 9}}}
    assert field_changes(entry(changes)) == [
        FieldChange(
            "views",
            "views",
            before=Shown("value", "3 different values", "1: 0\n2: 5\n3: 5"),
            after=Shown("value", "9 (×3)", "1: 9\n2: 9\n3: 9"),
        )
    ]
    (created,) = field_changes(entry({"title": {"after": {"1": "a"}}}, action="create"))
    assert (created.before, created.after) == (None, Shown("value", "a (×1)", "1: a"))


def test_a_summary_of_very_many_rows_lists_the_first_of_them() -> None:
    many = {"views": {"before": {str(number): number for number in range(LISTED + 1)}}}
    (gone,) = field_changes(entry(many, action="delete"))
    assert gone.before is not None
    assert gone.before.text == f"{LISTED + 1} different values"
    assert gone.before.full.splitlines() == [f"{number}: {number}" for number in range(LISTED)] + ["…"]
