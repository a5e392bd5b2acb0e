"""The settings of signals_audit: one dict, `SIGNALS_AUDIT`, read into a frozen value.

Nothing is validated here: a wrong key, label or type is a system check (see `checks`), not an error at
import.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from .shapes import SETTINGS, fitting

SETTING = "SIGNALS_AUDIT"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `SIGNALS_AUDIT` may hold, with the defaults."""

    ENABLED: bool = True
    MODELS: Mapping[str, Mapping[str, Any]] | Sequence[str] = field(default_factory=dict)
    AUTO_CREATE: Mapping[str, Any] = field(default_factory=dict)
    NOTIFY: Sequence[Mapping[str, Any]] = ()
    MASK: Sequence[str] = ()
    TRUSTED_PROXIES: int = 0
    ON_ERROR: Literal["block", "log"] = "block"
    RAW_SQL: Literal["warn", "entry", "ignore"] = "warn"
    SPOOL: str | os.PathLike[str] | None = None
    DELIVERY: Mapping[str, Any] = field(default_factory=dict)
    CHANNELS: Mapping[str, Any] = field(default_factory=dict)
    TRACING: Mapping[str, Any] = field(default_factory=dict)


def raw_settings() -> Mapping[str, Any]:
    """Return the dict as the project wrote it; an empty one where it is no mapping."""
    raw = getattr(django_settings, SETTING, {})
    return raw if isinstance(raw, Mapping) else {}


@cache
def get_settings() -> Settings:
    """Return the settings in force; what checks report as unknown or of the wrong type is left out."""
    return Settings(**fitting(raw_settings(), SETTINGS))


_listeners: list[Callable[[], None]] = []


def on_settings_changed(listener: Callable[[], None]) -> Callable[[], None]:
    """Have a function called whenever `SIGNALS_AUDIT` changes (in tests, by `override_settings`)."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def reload(*, setting: str, **_kwargs: Any) -> None:
    """Forget the settings when `override_settings` touches them."""
    if setting in (SETTING, "INSTALLED_APPS"):
        get_settings.cache_clear()
        for listener in _listeners:
            listener()


setting_changed.connect(reload, dispatch_uid="signals_audit.conf.reload")
