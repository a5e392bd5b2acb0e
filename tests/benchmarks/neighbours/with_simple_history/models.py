"""django-simple-history: models have a field of their own, and functions of the package write sets."""

from __future__ import annotations

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from tests.testapp.models import Tag

from ...columns import Columns, Labelled
from ...columns import Owner as OwnerColumns
from ...columns import Piece as PieceColumns
from ...sets import BATCH, CHANGED, renumbered


class Wide(Columns):
    history = HistoricalRecords()


class Tagged(Labelled):
    tags: Any = models.ManyToManyField(Tag, related_name="+")
    history = HistoricalRecords(m2m_fields=[tags])


class Owner(OwnerColumns):
    history = HistoricalRecords()


class Piece(PieceColumns):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="pieces")
    history = HistoricalRecords()


LOG = tuple(f"with_simple_history.Historical{name}" for name in ("Wide", "Tagged", "Owner", "Piece"))
ALSO_WRITTEN = ("with_simple_history.HistoricalTagged_tags",)


def bulk_create(model: type[Any], rows: list[Any]) -> None:
    bulk_create_with_history(rows, model)


def bulk_update(model: type[Any], rows: list[Any]) -> None:
    bulk_update_with_history(renumbered(rows), model, CHANGED, batch_size=BATCH)


STEPS = {"bulk_create 5000": bulk_create, "bulk_update 5000": bulk_update}
