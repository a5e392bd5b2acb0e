"""django-auditlog: models are registered, and with them their many-to-many fields."""

from __future__ import annotations

from auditlog.registry import auditlog
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


LOG = ("auditlog.LogEntry",)

for model in (Wide, Owner, Piece):
    auditlog.register(model)
auditlog.register(Tagged, m2m_fields={"tags"})
