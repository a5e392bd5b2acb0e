"""UPDATEs of one row, named by its key: read before or returned as it was, whatever its fields make of it."""

from __future__ import annotations

import pytest

from tests.testapp.models import Tag
from tests.testapp.strange import Highest, Picky, Shown, Singleton, Stall, Trimmed

from .log import entries, make, updated

pytestmark = pytest.mark.django_db


def test_a_column_that_is_read_through_a_function_is_read_so_before_and_after() -> None:
    shown = make(Shown, name="a")
    shown.number = 2
    shown.save()
    shown.name = "b"
    shown.save()
    assert shown.name == "b"
    assert entries() == [
        updated(shown, {"number": [0, 2]}),
        updated(shown, {"name": ["A", "B"]}, seq=2),
    ]


def test_a_key_that_is_a_truth_value_names_its_row() -> None:
    single = make(Singleton, name="a")
    single.name = "b"
    single.save()
    Singleton.objects.filter(pk=True).update(name="c")
    assert [entry.changes for entry in entries()] == [{"name": ["a", "b"]}, {"name": ["b", "c"]}]
    assert Singleton.objects.get().name == "c"


def test_a_key_that_is_read_through_a_function_names_its_row() -> None:
    trimmed = make(Trimmed, code="a")
    trimmed.number = 1
    trimmed.save()
    Trimmed.objects.filter(pk="a").update(number=2)
    assert [entry.changes for entry in entries()] == [{"number": [0, 1]}, {"number": [1, 2]}]


def test_a_field_may_name_its_own_column_in_what_it_writes() -> None:
    score = make(Highest, highest=5)
    score.number, score.highest = 1, 9
    score.save()
    score.highest = 3
    score.save()
    assert [entry.changes for entry in entries()] == [{"number": [0, 1], "highest": [5, 9]}]
    assert Highest.objects.get().highest == 9


@pytest.mark.parametrize("key", [2**31, 2**63 - 1, -(2**63), 2**70])
def test_a_key_that_no_column_holds_meets_no_row(key: int) -> None:
    make(Highest)
    assert Highest.objects.filter(pk=key).update(number=1) == 0
    assert entries() == []


def test_a_class_that_does_not_take_a_row_does_not_cost_the_write() -> None:
    picky = make(Picky, name="good")
    assert Picky.objects.filter(pk=picky.pk).update(name="bad") == 1
    assert Picky.objects.filter(name="bad")._raw_delete("default") == 1  # type: ignore[attr-defined]
    assert [entry.changes["name"] for entry in entries()] == [["good", "bad"], ["bad", None]]


def test_rows_with_a_composite_key_are_found_by_another_table() -> None:
    tag = make(Tag, name="t")
    stalls = [make(Stall, row="a", number=1, tag=tag), make(Stall, row="a", number=2)]
    assert Stall.objects.filter(tag__name="t").update(guests=3) == 1
    assert entries() == [updated(stalls[0], {"guests": [0, 3]}, source="update")]
