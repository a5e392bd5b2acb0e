"""Durations in buckets: they add up in any order, and tell percentiles to within a tenth."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signals_audit.tracing.durations import BOUNDS, Durations

MOST_OFF = 0.12
HOUR = 3600.0

seconds = st.floats(1e-9, 9 * HOUR)
several = st.lists(seconds, max_size=60)
durations = several.map(Durations.of)
shares = st.floats(0.0, 1.0)


@given(durations, durations, durations)
def test_adding_is_associative(one: Durations, two: Durations, three: Durations) -> None:
    assert (one + two) + three == one + (two + three)


@given(durations, durations)
def test_adding_is_commutative_and_nothing_is_neutral(one: Durations, two: Durations) -> None:
    assert one + two == two + one
    assert one + Durations() == Durations() + one == one


@given(several, several)
@example([math.nextafter(BOUNDS[7], 0)], [BOUNDS[7]])
def test_adding_is_counting_together(one: list[float], two: list[float]) -> None:
    assert Durations.of(one) + Durations.of(two) == Durations.of([*one, *two])
    assert len(Durations.of(one)) == len(one)


@given(durations)
def test_json_tells_the_same(one: Durations) -> None:
    assert Durations.from_json(json.loads(json.dumps(one.as_json()))) == one


@given(st.lists(seconds, min_size=1), shares)
@example([1e-9], 0.5)
@example([*BOUNDS[:9]], 0.95)
@example([math.nextafter(bound, 0) for bound in BOUNDS], 0.5)
def test_a_percentile_is_at_most_12_percent_off(measured: list[float], share: float) -> None:
    true = sorted(measured)[max(math.ceil(share * len(measured)), 1) - 1]
    assert abs(Durations.of(measured).percentile(share) - true) <= MOST_OFF * true


@given(durations, shares, shares)
def test_a_higher_percentile_is_not_shorter(one: Durations, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert one.percentile(low) <= one.percentile(high)


def test_nothing_took_no_time() -> None:
    assert Durations().percentile(0.95) == Durations.of([]).percentile(0.5) == 0.0


def test_the_shortest_and_the_longest_have_a_place_too() -> None:
    extremes = Durations.of([0.0, 1e-12, 1e9])
    assert extremes == Durations({0: 2, len(BOUNDS): 1})
    assert extremes.percentile(1.0) > 9 * HOUR


def test_there_are_as_many_buckets_as_there_are_and_no_more() -> None:
    many = Durations.of(10 ** (place / 1000) for place in range(-12_000, 12_000))
    assert len(many) == 24_000
    assert len(many.as_json()) == len(BOUNDS) + 1


@pytest.mark.parametrize(
    "raw", [None, [], "1", {"x": 1, "-1": 2, "3": 0, "4": -1, "5": "6"}, {"1": None, "²": 1}]
)
def test_what_others_wrote_is_left_out(raw: object) -> None:
    assert Durations.from_json(raw) == Durations()
