"""Plain Django."""

from __future__ import annotations

from django.db import models

from ...columns import Columns, Labelled
from ...columns import Owner as OwnerColumns
from ...columns import Piece as PieceColumns


class Wide(Columns):
    pass


class Tagged(Labelled):
    pass


class Owner(OwnerColumns):
    pass


class Piece(PieceColumns):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="pieces")


LOG: tuple[str, ...] = ()
