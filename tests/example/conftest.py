"""The pages have settings of their own: test_site.py runs them in a process of their own."""

from __future__ import annotations

collect_ignore = ["site"]
