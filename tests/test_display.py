"""Stored values as people read them."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from signals_audit.display import (
    FOLDED,
    LISTED,
    FieldChange,
    Shown,
    common_prefix,
    field_changes,
    model_name,
    model_of,
    show,
    show_change,
    show_value,
)
from signals_audit.models import AuditEntry
from signals_audit.registry import register
from signals_audit.testing import isolated_registry
from signals_audit.types import UNKNOWN
from signals_audit.values import encode
from tests.testapp.models import Article, Author

STATUS = Article._meta.get_field("status")
MOMENT = datetime.datetime(2026, 11, 22, 20, 5, 7, tzinfo=datetime.UTC)


def entry(changes: Any, *, action: str = "update", model: str = "testapp.Article") -> AuditEntry:
    return AuditEntry(action=action, model=model, changes=changes, object_id="1")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        (12, "12"),
        (2**80, "1208925819614629174706176"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "sNaN"),
        ("text", "text"),
        (" ", " "),
        (datetime.timedelta(days=1, hours=2), "1 02:00:00"),
        (b"\x00\xff", "2 bytes: 00 ff"),
        (b"x", "1 byte: 78"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ([1, "a"], '[1, "a"]'),
    ],
)
def test_values_read_naturally(value: Any, text: str) -> None:
    assert show(encode(value)) == Shown("value", text)


def test_absent_empty_masked_and_unknown_differ() -> None:
    assert show(None) == Shown("none", "—")
    assert show("") == Shown("empty", "“”")
    assert show({"masked": True}) == Shown("masked", "•••")
    assert show({"unknown": True}) == show_value(UNKNOWN) == Shown("unknown", "?")


def test_json_that_looks_like_a_mark_is_none() -> None:
    assert show({"json": {"masked": True}}).text == '{"masked": true}'
    assert show({"json": ""}) == Shown("empty", "“”")


def test_what_is_no_stored_value_is_shown_as_it_stands() -> None:
    assert show({"nonsense": 1}).text == '{"nonsense": 1}'
    assert show([1, 2]).text == "[1, 2]"


def test_choices_are_shown_by_their_labels() -> None:
    assert show("draft", STATUS).text == "Draft"
    assert show("gone", STATUS).text == "gone"
    assert show({"json": ["draft"]}, STATUS).text == '["draft"]'


@override_settings(TIME_ZONE="Europe/Berlin")
def test_moments_are_told_in_the_readers_zone() -> None:
    assert show(encode(MOMENT)) == Shown(
        "moment", "Nov. 22, 2026, 9:05 p.m.", "2026-11-22 21:05:07+01:00", "2026-11-22T20:05:07+00:00"
    )
    assert show(encode(MOMENT.replace(tzinfo=None))).text == "Nov. 22, 2026, 8:05 p.m."
    assert show(encode(MOMENT.date())) == Shown("moment", "Nov. 22, 2026", moment="2026-11-22")
    assert show(encode(MOMENT.time())) == Shown("moment", "8:05 p.m.", "20:05:07", "20:05:07")


def test_values_are_told_in_the_readers_language() -> None:
    with translation.override("de"):
        assert show(encode(True)).text == "Ja"
        assert show(encode(Decimal("1234.50"))).text == "1234,50"
        assert show(encode(MOMENT)).text == "22. November 2026 20:05"


def test_long_texts_are_shortened_to_a_line_with_the_whole_at_hand() -> None:
    long = "word " * 100
    shown = show(long)
    assert shown.text == ("word " * 16).strip()[:79].rstrip() + "…"
    assert shown.full == long
    assert (
        show("two\nlines") == Shown("value", "two lines", "two\nlines")
        or show("two\nlines").full == "two\nlines"
    )


def test_enormous_texts_are_cut_and_say_so() -> None:
    shown = show("x" * (FOLDED + 5))
    assert shown.full == "x" * FOLDED + "\n… and 5 more characters"


def test_what_a_browser_cannot_take_is_replaced() -> None:
    assert show(encode("a\x00b")).text == "a␀b"
    assert show(encode("a\ud800b")).text == "a\\ud800b"
    assert show(encode({"a": "\ud800"})).text == '{"a": "\\ud800"}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
       | st.datetimes() | st.dates() | st.times() | st.timedeltas() | st.uuids(), st.lists))  # fmt: skip
def test_every_value_is_shown_in_one_printable_line(value: Any) -> None:
    shown = show(encode(value))
    assert "\n" not in shown.text
    assert len(shown.text) <= 81
    (shown.text + shown.full).encode()


# Changes


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


# Models


@pytest.mark.parametrize("label", ["no.Such", "nonsense", "", "a.b.c", "testapp.Nothing"])
def test_a_label_without_a_model_is_shown_as_it_is(label: str) -> None:
    assert model_of(label) is None
    assert model_name(label) == label


def test_a_former_label_leads_to_the_renamed_model() -> None:
    with isolated_registry():
        register(Author, previously=["shop.Writer"])
        assert model_of("shop.Writer") is model_of("Shop.writer") is Author
        assert model_name("shop.Writer") == "Author"
    assert model_of("shop.Writer") is None
