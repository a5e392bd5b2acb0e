from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from signals_audit.models import Notification
from signals_audit.sentences import sentence
from signals_audit.values import encode


def line(**values: Any) -> Notification:
    known = {"actor_kind": "user", "actor_repr": "ada", "verb": "commented on", "target_repr": "Signals"}
    return Notification(**known | values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "ada commented on Signals"),
        ({"verb": "changed your address", "target_repr": ""}, "ada changed your address"),
        ({"actor_kind": "anonymous", "actor_repr": "anonymous"}, "anonymous commented on Signals"),
        ({"actor_kind": "system", "actor_repr": "nightly import"}, "nightly import commented on Signals"),
        ({"actor_kind": "system", "actor_repr": ""}, "system commented on Signals"),
        ({"actor_kind": "robot", "actor_repr": ""}, "Somebody commented on Signals"),
    ],
)
def test_a_sentence_says_who_did_what_to_what(values: dict[str, Any], text: str) -> None:
    assert sentence(line(**values)) == text


def test_it_is_in_the_language_of_the_reader() -> None:
    deleted = line(actor_kind="anonymous", actor_repr="anonymous", verb="Delete")
    with translation.override("de"):
        assert sentence(deleted) == "anonymous Löschen Signals"
    assert sentence(deleted) == "anonymous Delete Signals"


def test_the_verb_may_hold_values_which_are_shown_as_people_know_them() -> None:
    data = {
        "model": "testapp.Article",
        "field": "status",
        "before": "draft",
        "after": encode("published"),
        "count": 7,
        "nothing": None,
    }
    told = line(verb="changed %(field)s from %(before)s to %(after)s (%(count)s, %(nothing)s) of", data=data)
    assert sentence(told) == "ada changed status from Draft to Published (7, —) of Signals"


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("gave 100% to", {}),
        ("gave 100 % discount on", {"discount": 1}),
        ("wants %(missing)s of", {"other": 1}),
        ("wants %(before)d of", {"before": "text"}),
        ("wants %(before) of", {"before": "text"}),
        ("wants %(before)s of", ["no dict"]),
    ],
)
def test_a_verb_that_does_not_fit_its_values_is_shown_as_it_is(verb: str, data: Any) -> None:
    assert sentence(line(verb=verb, data=data)) == f"ada {verb} Signals"


def test_values_of_a_model_that_is_gone_are_shown_as_they_were_stored() -> None:
    data = {"model": "testapp.Gone", "field": "status", "before": "draft", "after": {"decimal": "1.50"}}
    assert sentence(line(verb="changed %(field)s: %(before)s, %(after)s of", data=data)) == (
        "ada changed status: draft, 1.50 of Signals"
    )


def test_a_sentence_is_text_and_marks_up_nothing() -> None:
    script = "<script>alert(1)</script>"
    told = line(actor_repr=script, verb="said %(before)s to", target_repr=script, data={"before": script})
    text = sentence(told)
    assert text == f"{script} said {script} to {script}"
    assert not hasattr(text, "__html__")
