"""What happens because of a change: hooks, rows made along with others, notifications."""

from __future__ import annotations

from .notifications import notify
from .profiles import ensure_profile

__all__ = ["ensure_profile", "notify"]
