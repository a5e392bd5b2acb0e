"""Checks that people can be told on the channels that settings and declarations name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, register

from ..conf import SETTING, raw_settings
from ..reactions.channels import DEFAULT, make
from . import declared
from .messages import TAG, error, shown, unknown


@register(TAG)
def check_channels(**_kwargs: Any) -> list[CheckMessage]:
    """Check that each channel in the settings can be made."""
    messages: list[CheckMessage] = []
    for name, value in _configured().items():
        try:
            make(name, value)
        except Exception as reason:  # whatever the backend says
            where = f'{SETTING}["CHANNELS"][{shown(name)}]'
            hint = 'Name a Channel by its dotted path, like "signals_audit.channels.Email".'
            messages.append(error(11, f"{where}: nobody can be told on it: {reason}", hint))
    return messages


@register(TAG)
def check_names(**_kwargs: Any) -> list[CheckMessage]:
    """Check that declarations name channels that there are."""
    known = [str(name) for name in _configured()]
    return [
        unknown(11, f"{where}: there is no channel {shown(name)}.", name, known)
        for where, notice in declared.notices()
        for name in notice.channels or ()
        if name not in known
    ]


def _configured() -> Mapping[Any, Any]:
    configured = raw_settings().get("CHANNELS")
    return configured if isinstance(configured, Mapping) and configured else DEFAULT
