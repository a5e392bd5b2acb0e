"""Time-ordered ids, made in Python so that an entry has its address before it is written."""

from __future__ import annotations

import os
import time
import uuid

VERSION_7 = 7 << 76
VARIANT_10 = 2 << 62
LOW_62 = (1 << 62) - 1


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = (random >> 62) & 0xFFF
    return uuid.UUID(int=(milliseconds << 80) | VERSION_7 | (high << 64) | VARIANT_10 | (random & LOW_62))
