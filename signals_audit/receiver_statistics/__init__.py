"""What was measured of receivers, in one small table for all processes: a row for each receiver and hour.

Each process adds what it has measured to the rows that are there, and whoever reads them adds them up.
"""

from __future__ import annotations

from .flushing import flush, flush_soon, follow_settings
from .table import outdated, prune
from .totals import RECENT, Point, ReceiverTotals, totals

__all__ = [
    "RECENT",
    "Point",
    "ReceiverTotals",
    "flush",
    "flush_soon",
    "follow_settings",
    "outdated",
    "prune",
    "totals",
]
