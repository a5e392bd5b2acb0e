"""Models with the same columns: one audited in each way, one that is named nowhere."""

from __future__ import annotations

from django.db import models

from .columns import Columns, Labelled, Owner, Piece


class Exact(Columns):
    pass


class Memory(Columns):
    pass


class InDatabase(Columns):
    pass


class Triggered(Columns):
    pass


class Plain(Columns):
    pass


class Tagged(Labelled):
    pass


class TaggedTriggered(Labelled):
    pass


class TaggedPlain(Labelled):
    pass


class ExactOwner(Owner):
    pass


class ExactPiece(Piece):
    owner = models.ForeignKey(ExactOwner, on_delete=models.CASCADE, related_name="pieces")


class InDatabaseOwner(Owner):
    pass


class InDatabasePiece(Piece):
    owner = models.ForeignKey(InDatabaseOwner, on_delete=models.CASCADE, related_name="pieces")


class TriggeredOwner(Owner):
    pass


class TriggeredPiece(Piece):
    owner = models.ForeignKey(TriggeredOwner, on_delete=models.CASCADE, related_name="pieces")


class PlainOwner(Owner):
    pass


class PlainPiece(Piece):
    owner = models.ForeignKey(PlainOwner, on_delete=models.CASCADE, related_name="pieces")
