"""The channels that come with the package, for `SIGNALS_AUDIT["CHANNELS"]`."""

from __future__ import annotations

from ..reactions.channels import Channel
from .inbox import Inbox

__all__ = ["Channel", "Inbox"]
