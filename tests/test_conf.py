from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from signals_audit.conf import get_settings, on_settings_changed, raw_settings

DEFAULTS = {
    "ENABLED": True,
    "MODELS": {},
    "AUTO_CREATE": {},
    "NOTIFY": (),
    "MASK": (),
    "TRUSTED_PROXIES": 0,
    "ON_ERROR": "block",
    "RAW_SQL": "warn",
    "SPOOL": None,
    "DELIVERY": {},
    "CHANNELS": {},
    "TRACING": {},
}


def test_without_the_setting_everything_has_a_default() -> None:
    with override_settings(SIGNALS_AUDIT={"ENABLED": False}):
        del settings.SIGNALS_AUDIT
        get_settings.cache_clear()  # Django tells nobody of a setting that is deleted
        assert asdict(get_settings()) == DEFAULTS
    assert asdict(get_settings()) != DEFAULTS


def test_settings_may_be_overridden_at_run_time() -> None:
    before = get_settings()
    with override_settings(SIGNALS_AUDIT={"ENABLED": False, "MASK": ["iban"]}):
        assert asdict(get_settings()) == DEFAULTS | {"ENABLED": False, "MASK": ("iban",)}
        with override_settings(SIGNALS_AUDIT={"TRUSTED_PROXIES": 2}):
            assert asdict(get_settings()) == DEFAULTS | {"TRUSTED_PROXIES": 2}
        assert get_settings().ENABLED is False
    assert get_settings() == before


def test_settings_are_read_once_and_cannot_be_changed() -> None:
    assert get_settings() is get_settings()
    with pytest.raises(FrozenInstanceError):
        get_settings().ENABLED = False  # type: ignore[misc]


def test_unknown_keys_are_left_out() -> None:
    with override_settings(SIGNALS_AUDIT={"MODLES": ["auth.User"], "ENABLED": False}):
        assert asdict(get_settings()) == DEFAULTS | {"ENABLED": False}
        assert raw_settings() == {"MODLES": ["auth.User"], "ENABLED": False}


def test_values_of_the_wrong_type_are_left_out() -> None:
    wrong = {
        "ENABLED": "no",
        "MODELS": [7],
        "AUTO_CREATE": ["auth.User"],
        "NOTIFY": {},
        "MASK": 7,
        "TRUSTED_PROXIES": "2",
        "ON_ERROR": "ignore",
        "RAW_SQL": True,
        "SPOOL": 7,
    }
    with override_settings(SIGNALS_AUDIT=wrong):
        assert asdict(get_settings()) == DEFAULTS


@pytest.mark.parametrize("value", ["pin", ["pin"], {"pin"}, ["pin", "", 7, None]])
def test_what_can_be_made_out_of_names_is_made_out(value: Any) -> None:
    with override_settings(SIGNALS_AUDIT={"MASK": value}):
        assert get_settings().MASK == ("pin",)


@pytest.mark.parametrize("value", [None, [], "MODELS", 7])
def test_a_setting_that_is_no_dict_counts_as_an_empty_one(value: Any) -> None:
    with override_settings(SIGNALS_AUDIT=value):
        assert asdict(get_settings()) == DEFAULTS
        assert raw_settings() == {}


def test_listeners_hear_of_each_change_once_and_of_other_settings_not_at_all() -> None:
    heard: list[bool] = []

    def listen() -> None:
        heard.append(get_settings().ENABLED)

    assert on_settings_changed(listen) is on_settings_changed(listen)
    with override_settings(SIGNALS_AUDIT={"ENABLED": False}):
        assert heard == [False]
        with override_settings(DEBUG=True):
            pass
    assert heard == [False, True]
