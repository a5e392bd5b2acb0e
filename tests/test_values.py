from __future__ import annotations

import datetime
import decimal
import enum
import json
import math
import types
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db.models import TextChoices
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals_audit.models import ChangeSet
from signals_audit.types import UNKNOWN
from signals_audit.values import (
    MASKED,
    MASKED_VALUE,
    UNKNOWN_MARK,
    Repr,
    decode,
    dumps,
    encode,
    encode_json,
    json_safe,
    object_key,
    same,
    text,
)

UTC = datetime.UTC
NOW = datetime.datetime(2026, 11, 22, tzinfo=UTC)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
KOLKATA = zoneinfo.ZoneInfo("Asia/Kolkata")

# Every code point, lone surrogates and NUL included.
any_text = st.text(st.characters(exclude_categories=()))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**700), max_value=10**700),
    st.floats(),
    st.decimals(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
    st.uuids(),
    st.binary(),
    any_text,
)
supported = st.recursive(scalars, st.lists, max_leaves=8)


def json_of(floats: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | floats | any_text,
        lambda inner: st.lists(inner) | st.dictionaries(any_text | st.sampled_from(["int", "masked"]), inner),
        max_leaves=12,
    )


json_values = json_of(st.floats())
# The jsonb of PostgreSQL makes integers of larger ones, in a project's own columns too.
stable_json_values = json_of(st.floats(-1e15, 1e15))


def exact(value: Any) -> Any:
    """Return something that is equal for values which are the same in type and in every digit."""
    if isinstance(value, list | tuple):
        return type(value), [exact(item) for item in value]
    if isinstance(value, dict):
        return dict, {key: exact(item) for key, item in value.items()}
    if isinstance(value, datetime.datetime | datetime.time):
        return type(value), value.isoformat()  # without the fold
    return type(value), repr(value)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in chain(value, value.values() if isinstance(value, dict) else ()):
            yield from texts_in(item)


def stored(value: Any) -> Any:
    """Send an encoded value through JSON text, as a database does."""
    return json.loads(dumps([value]))[0]


@given(supported)
def test_every_value_comes_back_from_json_with_its_type(value: Any) -> None:
    assert exact(decode(stored(encode(value)))) == exact(value)


@given(supported, supported)
def test_different_values_have_different_spellings(one: Any, other: Any) -> None:
    spelled_alike = same(encode(one), encode(other))
    assert spelled_alike == (exact(one) == exact(other))


@given(json_values)
def test_every_json_value_comes_back(value: Any) -> None:
    assert exact(decode(stored(encode_json(value)))) == exact(value)


@given(json_values, json_values)
def test_different_json_values_have_different_spellings(one: Any, other: Any) -> None:
    assert same(encode_json(one), encode_json(other)) == (exact(one) == exact(other))


@given(json_values)
def test_what_is_written_is_json_that_every_database_accepts(value: Any) -> None:
    written = dumps({"field": [encode(value), encode_json(value)]})
    written.encode("utf-8")
    back = json.loads(written, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert all(text(found) == found for found in texts_in(back))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (2**53 - 1, 9007199254740991),
        (2**53, {"int": "9007199254740992"}),
        (-(2**53), {"int": "-9007199254740992"}),
        (1 << 2048, {"int": hex(1 << 2048)}),
        (1.0, {"float": "1.0"}),
        (-0.0, {"float": "-0.0"}),
        (math.nan, {"float": "nan"}),
        (-math.inf, {"float": "-inf"}),
        (Decimal("1.50"), {"decimal": "1.50"}),
        (Decimal("sNaN"), {"decimal": "sNaN"}),
        (Decimal("-Infinity"), {"decimal": "-Infinity"}),
        (Decimal("1E+1000000"), {"decimal": "1E+1000000"}),
        (datetime.date(1, 1, 1), {"date": "0001-01-01"}),
        (datetime.time(12, 30, 0, 5), {"time": "12:30:00.000005"}),
        (datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), {"datetime": "9999-12-31T23:59:59.999999"}),
        (datetime.datetime(2026, 11, 22, 9, tzinfo=BERLIN), {"datetime": "2026-11-22T08:00:00+00:00"}),
        (datetime.timedelta(days=-1, seconds=1), {"duration": "-P0DT23H59M59S"}),
        (uuid.UUID(int=1), {"uuid": "00000000-0000-0000-0000-000000000001"}),
        (b"\x00\xff", {"bytes": "AP8="}),
        ("a\0b", {"text": "YQBi"}),
        ("\ud800", {"text": "7aCA"}),
        ("é\N{GRINNING FACE}", "é\N{GRINNING FACE}"),
        ([1, "1", [None]], {"list": [1, "1", {"list": [None]}]}),
        (UNKNOWN, {"unknown": True}),
        (MASKED_VALUE, {"masked": True}),
        ({"masked": True}, {"json": {"masked": True}}),
    ],
    ids=repr,
)
def test_each_value_has_one_documented_spelling(value: Any, encoded: Any) -> None:
    assert exact(encode(value)) == exact(encoded)
    assert exact(decode(encoded)) == exact(value) or isinstance(value, datetime.datetime)


class Colour(TextChoices):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


class Plain(enum.Enum):
    ONE = Decimal("1")


class Moment(datetime.datetime):
    """A datetime of another library."""


class Text(str):
    def __str__(self) -> str:
        return "something else"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (SafeString("<b>"), "<b>"),
        (Text("itself"), "itself"),
        (Colour.RED, "red"),
        (Size.BIG, 3),
        (Plain.ONE, Decimal("1")),
        (Moment(2026, 1, 1), datetime.datetime(2026, 1, 1)),
        (gettext_lazy("Yes"), "Yes"),
        (SimpleLazyObject(lambda: 5), 5),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        ((1, 2), [1, 2]),
        ({8, 1, 2}, [1, 2, 8]),
        (ContentFile(b"", name="face.png"), "face.png"),
        (types.SimpleNamespace(), Repr("namespace()")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_relatives_of_a_type_are_spelled_as_the_type_itself(value: Any, plain: Any) -> None:
    assert exact(encode(value)) == exact(encode(plain))


def test_the_hours_that_utc_does_not_have_keep_their_offset() -> None:
    first = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5)))
    assert encode(first) == {"datetime": "0001-01-01T00:00:00+05:00"}
    assert decode(encode(first)) == first


@given(st.datetimes(timezones=st.sampled_from([BERLIN, KOLKATA])))
def test_an_aware_datetime_keeps_its_instant_in_a_fold_too(value: datetime.datetime) -> None:
    back = decode(encode(value))
    assert (back, back.tzinfo) == (value.astimezone(UTC), UTC)


def test_the_spelling_of_a_decimal_does_not_depend_on_the_context() -> None:
    with decimal.localcontext(decimal.Context(prec=2, capitals=0)):
        assert encode(Decimal("1.23456E+50")) == {"decimal": "1.23456E+50"}


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__
    __eq__ = __hash__ = None  # type: ignore[assignment]


class BrokenZone(datetime.tzinfo):
    def utcoffset(self, _moment: datetime.datetime | None) -> datetime.timedelta:
        raise RuntimeError


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def released() -> memoryview:
    view = memoryview(b"")
    view.release()
    return view


HOSTILE: dict[str, Callable[[], Any]] = {
    "unprintable": Hostile,
    "within a list": lambda: [Hostile()],
    "within a dict": lambda: {"key": Hostile()},
    "as keys": lambda: {("a", "tuple"): 1},
    "broken zone": lambda: datetime.datetime(2026, 1, 1, tzinfo=BrokenZone()),
    "circular": circular,
    "nested": lambda: nested(5_000),
    "released": released,
    "huge": lambda: 10**5_000,
    "huge within a dict": lambda: {"huge": 10**5_000},
    "failing when loaded": lambda: SimpleLazyObject(lambda: 1 / 0),
    "class": lambda: object,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_value_raises(make: Callable[[], Any]) -> None:
    value = make()
    for encoded in (encode(value), encode_json(value)):
        assert same(encoded, stored(encoded))
    assert len(object_key(value)) <= 255
    assert text(value, 50) == text(value, 50)
    assert json.loads(dumps(json_safe(value))) == json_safe(value)
    json.loads(dumps(value))


class Foreign:
    """Has the text of its class, with an address in it."""


class Shape:
    def __init__(self, corners: int) -> None:
        self.corners = corners

    def __repr__(self) -> str:
        return object.__repr__(self)

    def __str__(self) -> str:
        return f"{self.corners} corners"


def test_a_foreign_type_is_described_without_its_address_in_memory() -> None:
    assert encode(Foreign()) == encode(Foreign()) == {"repr": "<Foreign <tests.test_values.Foreign object>>"}
    assert encode(Shape(3)) == {"repr": "<Shape 3 corners>"}
    assert decode(encode(Shape(3))) == Repr("<Shape 3 corners>")
    assert encode(decode(encode(Shape(3)))) == encode(Shape(3))


def test_long_descriptions_are_cut_but_still_differ() -> None:
    one, other = (types.SimpleNamespace(body="x" * 5_000 + end) for end in "ab")
    assert len(encode(one)["repr"]) == len(encode(other)["repr"]) == 1000
    assert not same(encode(one), encode(other))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, None),
        ({"int": "5"}, {"json": {"int": "5"}}),
        ([], {"json": []}),
        ("x", {"json": "x"}),
        ({"b": math.nan, "a": 1}, {"json_text": '{"a":1,"b":NaN}'}),
        ("\0", {"json_text": '"\\u0000"'}),
        ("\\u0000", {"json": "\\u0000"}),
        ("\\\0", {"json_text": '"\\\\\\u0000"'}),
        ({"\ud800": 1}, {"json_text": '{"\\ud800":1}'}),
        (nested(15), {"json": nested(15)}),
        (nested(16), {"json_text": "[" * 17 + "]" * 17}),
        ({1: datetime.date(2026, 1, 1)}, {"json": {"1": "2026-01-01"}}),
    ],
    ids=repr,
)
def test_each_json_value_has_one_documented_spelling(value: Any, encoded: Any) -> None:
    assert encode_json(value) == encoded


def test_an_encoded_json_value_does_not_follow_the_original() -> None:
    value = {"list": [1]}
    encoded = encode_json(value)
    value["list"].append(2)
    assert encoded == {"json": {"list": [1]}}


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), (0, None), ("1", 1), (Decimal("1.0"), Decimal("1.00")), ([1], [True])],
    ids=repr,
)
def test_equal_values_of_different_kinds_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(encode(one), encode(other))
    assert not same(encode_json({"key": one}), encode_json({"key": other})) or isinstance(one, Decimal)


def test_nan_and_reordered_keys_are_the_same() -> None:
    assert same(encode(math.nan), encode(float("nan")))
    assert same(encode_json({"a": 1, "b": [2]}), encode_json({"b": [2], "a": 1}))
    assert same(encode_json({"a": math.nan, "b": 1}), encode_json({"b": 1, "a": math.nan}))


@pytest.mark.parametrize(
    "encoded",
    [
        {},
        {"int": "5", "float": "1"},
        {"colour": "red"},
        {"int": "x"},
        {"uuid": 5},
        {"duration": "1 day"},
        [1],
        1.5,
    ],
    ids=repr,
)
def test_what_is_no_spelling_is_refused(encoded: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(encoded)


def test_json_text_is_compact_and_readable() -> None:
    assert dumps({"title": ["é", None], "tags": {"added": [1], "removed": []}}) == (
        '{"title":["é",null],"tags":{"added":[1],"removed":[]}}'
    )


def test_lists_deeper_than_databases_read_are_described() -> None:
    assert decode(encode(nested(7))) == nested(7)
    assert encode(nested(8)) == {"repr": "[" * 9 + "]" * 9}


def test_plain_json_is_cut_where_databases_stop_reading() -> None:
    deep: Any = "end"
    for _ in range(18):
        deep = {"key": deep}
    cut = json_safe(deep)
    for _ in range(16):
        cut = cut["key"]
    assert cut == "{'key': {'key': 'end'}}"


def test_json_text_of_anything_can_be_stored() -> None:
    hostile = {
        "a\0": math.inf,
        "b": "\ud800",
        "c": {Decimal("1.5")},
        "d": 2**60,
        "e": types.MappingProxyType({}),
    }
    assert json.loads(dumps(hostile)) == {
        "a\ufffd": "inf",
        "b": "\ufffd",
        "c": ["1.5"],
        "d": str(2**60),
        "e": {},
    }


@pytest.mark.parametrize(
    ("pk", "key"),
    [
        (3, "3"),
        (2**63, "9223372036854775808"),
        ("a/b%'\"", "a/b%'\""),
        ("é", "é"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("1.50"), "1.50"),
        (datetime.date(2026, 11, 22), "2026-11-22"),
        (True, "true"),
        ((1, "a"), '[1,"a"]'),
        ((1, uuid.UUID(int=1)), '[1,{"uuid":"00000000-0000-0000-0000-000000000001"}]'),
        ("x" * 255, "x" * 255),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_key_of_an_object_is_the_text_of_its_primary_key(pk: Any, key: str) -> None:
    assert object_key(pk) == key


strange_keys = st.one_of(
    any_text,
    st.integers(250, 260).map(lambda length: "é" * length),
    st.tuples(st.integers(), any_text),
    st.just("x" * 300).map(object_key),
    st.just("a\0").map(object_key),
)


@given(strange_keys, strange_keys)
def test_keys_fit_can_be_stored_and_stay_unique(one: Any, other: Any) -> None:
    key = object_key(one)
    assert len(key) <= 255
    assert text(key) == key
    if type(one) is type(other):
        assert (key == object_key(other)) == (one == other)


def test_a_primary_key_that_looks_like_a_shortened_one_is_shortened_itself() -> None:
    for long in ("x" * 300, "a\0", "\ud800"):
        assert object_key(object_key(long)) != object_key(long)


@pytest.mark.parametrize(
    ("value", "limit", "cleaned"),
    [
        ("a\0b\ud800c", 10, "a\ufffdb\ufffdc"),
        ("é" * 10, 3, "é" * 3),
        (5, None, "5"),
        (None, None, "None"),
        (Colour.RED, None, "red"),
        (Hostile(), None, "<Hostile>"),
        (gettext_lazy("Yes"), None, "Yes"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_text_can_be_made_storable(value: Any, limit: int | None, cleaned: str) -> None:
    assert text(value, limit) == cleaned


def test_marks_are_what_the_rest_of_the_package_stores() -> None:
    assert (encode(MASKED_VALUE), encode(UNKNOWN)) == (MASKED, UNKNOWN_MARK)
    assert (decode(MASKED), decode(UNKNOWN_MARK)) == (MASKED_VALUE, UNKNOWN)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=supported, document=stable_json_values)
def test_every_database_keeps_what_is_written(value: Any, document: Any, db: None) -> None:
    extra = {"field": [encode(value), encode_json(document)], "key": object_key(value)}
    change_set = ChangeSet(
        id=uuid.uuid4(), reason=text(value), path=text(document), extra=extra, created_at=NOW
    )
    change_set.save()
    change_set.refresh_from_db()
    before, after = change_set.extra["field"]
    assert exact(decode(before)) == exact(value)
    assert decode(after) == document or exact(decode(after)) == exact(document)
    assert (change_set.reason, change_set.path) == (text(value), text(document))
    change_set.delete()
