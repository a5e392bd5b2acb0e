"""django-pghistory: triggers track models, and deletions and many-to-many rows where asked to."""

from __future__ import annotations

import pghistory
from django.db import models

from ...columns import Columns, Labelled
from ...columns import Owner as OwnerColumns
from ...columns import Piece as PieceColumns

ALL = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)


@pghistory.track(*(event() for event in ALL))
class Wide(Columns):
    pass


@pghistory.track(*(event() for event in ALL))
class Tagged(Labelled):
    pass


# The documented way is a proxy of this model, which needs a migration.
pghistory.track(
    pghistory.InsertEvent(), pghistory.DeleteEvent(), obj_field=None, model_name="TaggedTagEvent"
)(Tagged.tags.through)


@pghistory.track(*(event() for event in ALL))
class Owner(OwnerColumns):
    pass


@pghistory.track(*(event() for event in ALL))
class Piece(PieceColumns):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="pieces")


LOG = tuple(f"with_pghistory.{name}Event" for name in ("Wide", "Tagged", "TaggedTag", "Owner", "Piece"))
