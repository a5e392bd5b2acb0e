"""The collections of write forms: each is a function with a name that does one thing to a world."""

from __future__ import annotations

from collections.abc import Callable

from .world import World

Form = Callable[[World], object]

FORMS: dict[str, Form] = {}
SILENT: dict[str, Form] = {}
FOLDED: dict[str, Form] = {}


def form(function: Form) -> Form:
    """Add a form that changes rows of audited tables."""
    FORMS[_name(function)] = function
    return function


def silent(function: Form) -> Form:
    """Add a form that changes nothing: the triggers may fire, but no value is another one."""
    SILENT[_name(function)] = function
    return function


def folded(function: Form) -> Form:
    """Add a form that writes rows of through models that are not audited themselves: their owners are."""
    FOLDED[_name(function)] = function
    return function


def _name(function: Form) -> str:
    name = function.__name__
    assert name not in (*FORMS, *SILENT, *FOLDED)
    return name
