"""The inbox: its lines are written together with what they tell of, so there is nothing left to send."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from ..models import Delivery, Notification
from ..reactions.channels import Channel
from ..types import Pace


class Inbox(Channel):
    """Lines to be read on the site."""

    title = _("Inbox")
    paces = (Pace.NOW, Pace.OFF)
    is_inbox = True

    def send(self, notifications: Sequence[Notification], delivery: Delivery) -> None:
        """Do nothing: the lines are there."""
