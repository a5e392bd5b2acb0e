"""The channels on which people are told, as `SIGNALS_AUDIT["CHANNELS"]` names them; by default the inbox.

A name stands for the dotted path of a `Channel`, or for a dict with the path as `BACKEND` and its options.
Every channel knows the options `PACE`, for users who have not said how soon they want to be told, and `TASK`,
which has another process do it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.utils.module_loading import import_string
from django.utils.text import capfirst

from ..conf import get_settings, on_settings_changed
from ..deliveries import GiveUp
from ..exceptions import ConfigurationError
from ..models import Delivery, Notification
from ..types import Pace

logger = logging.getLogger("signals_audit.reactions")

KIND: Final = "channel"
MOST: Final = 32  # characters of a name
DEFAULT: Final = {"inbox": "signals_audit.channels.Inbox"}


class Channel:
    """One way to tell people: a subclass says how, in `send()`."""

    title: Any = ""
    pace = Pace.NOW
    paces: tuple[Pace, ...] = (Pace.NOW, Pace.DAILY, Pace.WEEKLY, Pace.OFF)
    chunk = 500  # notifications of one delivery
    is_inbox = False

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self.name = name
        self.options = options
        if options.get("PACE") in self.paces:
            self.pace = Pace(options["PACE"])

    @property
    def label(self) -> str:
        """Return what users know the channel as."""
        return str(self.options.get("LABEL") or self.title or capfirst(self.name))

    def send(self, notifications: Sequence[Notification], delivery: Delivery) -> None:
        """Tell people; what this raises has it tried again, `GiveUp` ends it.

        A digest (`"digest" in delivery.body`) has notifications of one recipient, others of any number.
        """
        raise NotImplementedError


@cache
def channels() -> Mapping[str, Channel]:
    """Return the channels by name; one that cannot be made is logged, and the others work."""
    return dict(_made(get_settings().CHANNELS or DEFAULT))


on_settings_changed(channels.cache_clear)


def _made(configured: Mapping[str, Any]) -> Iterator[tuple[str, Channel]]:
    for name, value in configured.items():
        try:
            yield name, make(name, value)
        except Exception:
            logger.exception("Nobody can be told on the channel %r: see SIGNALS_AUDIT['CHANNELS']", name)


def make(name: Any, value: Any) -> Channel:
    """Return the channel that a value in the settings stands for; raise where it stands for none."""
    options = value if isinstance(value, Mapping) else {"BACKEND": value}
    if not isinstance(name, str) or not 0 < len(name) <= MOST:
        raise ConfigurationError(f"The name of a channel is a text of at most {MOST} characters.")
    if "BACKEND" not in options:
        raise ConfigurationError('It needs a "BACKEND".')
    channel = import_string(options["BACKEND"])(name, options)
    if not isinstance(channel, Channel):
        raise ConfigurationError(f"{options['BACKEND']} is no Channel.")
    return channel


def deliver(delivery: Delivery) -> None:
    """Tell people what a delivery is about; of what is gone meanwhile, nobody is told."""
    channel = channels().get(delivery.name)
    if channel is None:
        raise GiveUp(f"There is no channel {delivery.name!r} any more.")
    rows = Notification._base_manager.using(delivery._state.db).select_related("recipient")
    found = list(rows.filter(pk__in=delivery.body.get("notifications", ())).order_by("id"))
    if found:
        channel.send(found, delivery)
