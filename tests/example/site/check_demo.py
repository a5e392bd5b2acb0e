from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command


def tell(**options):
    out = io.StringIO()
    call_command("demo", stdout=out, **options)
    return out.getvalue()


def test_the_demo_fails_when_something_is_missing_from_the_log(settings):
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "ENABLED": False}
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("demo", stdout=out)
    assert "✗ 2 entries were expected, 0 were written" in out.getvalue()


def test_a_database_that_is_not_the_demos_own_is_not_emptied(ada):
    told = tell()
    ada.refresh_from_db()
    assert "by ada2" in told


def test_colour_is_for_terminals_and_for_those_who_want_it():
    assert "\x1b[" not in tell()
    assert "\x1b[" in tell(force_color=True)
