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

from signals_audit.display import FOLDED, Shown, model_name, model_of, show, show_value
from signals_audit.registry import register
from signals_audit.testing import isolated_registry
from signals_audit.types import UNKNOWN
from signals_audit.values import encode
from tests.testapp.models import Article, Author

STATUS = Article._meta.get_field("status")
MOMENT = datetime.datetime(2026, 11, 22, 20, 5, 7, tzinfo=datetime.UTC)


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
    assert show("two\nlines") == Shown("value", "two lines", "two\nlines")
    assert show("many" + " " * 500 + "spaces").text == "many…"


def test_enormous_texts_are_cut_and_say_so() -> None:
    shown = show("x" * (FOLDED + 5))
    assert shown.full == "x" * FOLDED + "\n… and 5 more characters"


def test_what_a_browser_cannot_take_is_replaced() -> None:
    assert show(encode("a\x00b")).text == "a␀b"
    assert show(encode("a\ud800b")).text == "a\\ud800b"
    assert show(encode({"a": "\ud800"})).text == '{"a": "\\ud800"}'


SIMPLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.decimals(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
)


@given(SIMPLE | st.lists(SIMPLE))
def test_every_value_is_shown_in_one_printable_line(value: Any) -> None:
    shown = show(encode(value))
    assert "\n" not in shown.text
    assert len(shown.text) <= 81
    (shown.text + shown.full).encode()


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
