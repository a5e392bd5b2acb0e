"""The channels that come with the package, for `SIGNALS_AUDIT["CHANNELS"]`."""

from __future__ import annotations

from ..reactions.channels import Channel
from .email import Email
from .inbox import Inbox
from .webhook import Webhook

__all__ = ["Channel", "Email", "Inbox", "Webhook"]
