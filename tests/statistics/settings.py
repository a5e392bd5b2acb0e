"""Settings of processes that measure: a database of their own, which is a file where it is SQLite."""

from __future__ import annotations

from tests.faults.settings import *  # noqa: F403

SIGNALS_AUDIT = {"TRACING": {"STATISTICS": 1.0, "SLOW": 3600}}
