"""Turning on what `SIGNALS_AUDIT["TRACING"]` asks for, and off what it does not ask for any more."""

from __future__ import annotations

from typing import Final

from . import loops, statistics
from .policy import Policy, policy

OFF: Final = Policy()

_in_force = OFF


def follow_settings() -> None:
    """Watch what the settings say, and nothing where they say nothing; what goes on already is left alone."""
    global _in_force
    wanted = policy()
    if wanted == _in_force:
        return
    statistics.stop()
    loops.stop()
    loops.start(wanted)
    statistics.start(wanted)
    _in_force = wanted
