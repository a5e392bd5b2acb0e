"""django-reversion: models are registered, and every operation is a revision."""

from __future__ import annotations

import reversion
from django.db import models

from ...columns import Columns, Labelled
from ...columns import Owner as OwnerColumns
from ...columns import Piece as PieceColumns


@reversion.register()
class Wide(Columns):
    pass


@reversion.register()
class Tagged(Labelled):
    pass


@reversion.register()
class Owner(OwnerColumns):
    pass


@reversion.register()
class Piece(PieceColumns):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="pieces")


LOG = ("reversion.Version",)
ALSO_WRITTEN = ("reversion.Revision",)
BLOCK = reversion.create_revision
