"""What somebody wants to be told of: kinds of notifications by channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from ..models import Preference
from ..reactions.channels import Channel, channels
from ..reactions.kinds import kinds, label_of
from ..types import Pace


@dataclass(frozen=True, slots=True)
class Cell:
    """How soon somebody wants to be told of a kind on a channel, and what there is to choose."""

    channel: Channel
    name: str
    pace: Pace
    choices: tuple[Pace, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """A kind and its cells."""

    kind: str
    label: str
    cells: tuple[Cell, ...]


def wishes_of(user: Any) -> list[Wish]:
    """Return all kinds that are declared, and those that the user has chosen something for; one query."""
    stored = dict[tuple[str, str], str](
        ((kind, channel), pace)
        for kind, channel, pace in Preference.objects.filter(user_id=user.pk).values_list(
            "kind", "channel", "pace"
        )
    )
    labels = kinds()
    others = sorted({kind for kind, _channel in stored} - set(labels))
    labels |= {kind: label_of(kind) for kind in others}
    return [Wish(kind, label, tuple(_cells(kind, stored))) for kind, label in labels.items()]


def _cells(kind: str, stored: Mapping[tuple[str, str], str]) -> Iterable[Cell]:
    for name, channel in channels().items():
        pace = stored.get((kind, name), channel.pace)
        known = Pace(pace) if pace in channel.paces else channel.pace
        yield Cell(channel, f"{name}:{kind}", known, channel.paces)


def choose(user: Any, chosen: Mapping[str, Any]) -> int:
    """Store what was chosen, by the names of cells, and return how many preferences that changed."""
    changed = 0
    with transaction.atomic():
        for wish in wishes_of(user):
            for cell in wish.cells:
                pace = chosen.get(cell.name)
                if pace in cell.choices and pace != cell.pace:
                    store(user.pk, wish.kind, cell.channel.name, Pace(pace))
                    changed += 1
    return changed


def store(user_id: Any, kind: str, channel: str, pace: Pace) -> None:
    """Store how soon a user wants to be told of a kind on a channel."""
    Preference.objects.update_or_create(user_id=user_id, kind=kind, channel=channel, defaults={"pace": pace})
