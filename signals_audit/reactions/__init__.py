"""What happens because of a change: hooks, rows made along with others, notifications."""

from __future__ import annotations

from .kinds import declare_kind
from .notifications import notify
from .profiles import ensure_profile

__all__ = ["declare_kind", "ensure_profile", "notify"]
