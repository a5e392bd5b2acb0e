"""For pytest: the fixture `trace_signals`, which needs no import.

    def test_a_comment_is_announced(trace_signals, db):
        with trace_signals("post_save") as trace:
            CommentFactory()
        trace.assert_receivers("post_save", "blog.signals.announce", sender=Comment)

Pytest finds it where the package is installed. It is loaded with each run of pytest: that imports parts of
Django, but reads no settings and watches no signals. The rest is imported when a test asks for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(name="trace_signals")
def _trace_signals() -> Any:
    """Give `signals_audit.tracing.traces.trace_signals`: a block that tells which signals were sent in it."""
    return import_module(f"{__package__}.tracing.traces").trace_signals
