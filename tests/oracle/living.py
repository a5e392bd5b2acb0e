"""A world that goes on."""

from __future__ import annotations

from contextlib import suppress

from django.contrib.auth.models import Group as UserGroup
from django.db import DatabaseError, transaction

from .triggers import watched
from .world import World

FEW = 4


class Living(World):
    """A world that was told of from its beginning, and whose names stand for whatever rows are there."""

    def __init__(self) -> None:
        self.populate()

    def turn(self, which: int) -> None:
        """Have each name stand for a row that is there; begin anew where many have none any more."""
        if self._turn(which) > FEW:
            with suppress(DatabaseError), transaction.atomic():
                self.renew()

    def _turn(self, which: int) -> int:
        missing = 0
        for place, (name, instance) in enumerate(vars(self).items()):
            found = list(type(instance)._base_manager.order_by("pk")[:7])
            missing += not found
            if found:
                setattr(self, name, found[(which + place) % len(found)])
        return missing

    def renew(self) -> None:
        """Delete all rows, and begin again."""
        for model in reversed(watched()):
            model._base_manager.all().delete()
        UserGroup.objects.all().delete()
        self.populate()
