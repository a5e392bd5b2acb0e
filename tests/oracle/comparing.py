"""The law of capture: the log says what the database's own triggers saw, and nothing else."""

from __future__ import annotations

from django.db import connections

from .facts import Told, by_object, facts_of_entries, facts_of_images


def seen() -> Told:
    """Return what the triggers of all databases saw."""
    return by_object(fact for using in connections for fact in facts_of_images(using))


def told() -> Told:
    """Return what the logs of all databases say."""
    return by_object(fact for using in connections for fact in facts_of_entries(using))


def assert_log_says_what_triggers_saw() -> Told:
    """Compare both, row by row; return what they agree on."""
    expected = seen()
    assert told() == expected
    return expected
