"""The columns that all twins have, however they are audited."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from tests.testapp.models import Author, Tag


class Columns(models.Model):
    """Twelve columns of the usual types, as testapp.Wide has them."""

    title = models.CharField(max_length=100)
    body = models.TextField()
    count = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    ratio = models.FloatField(default=0)
    is_open = models.BooleanField(default=False)
    key = models.UUIDField(default=uuid.uuid4)
    first = models.DateTimeField(null=True)
    second = models.DateTimeField(null=True)
    note = models.CharField(max_length=100, blank=True)
    author = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title


class Labelled(models.Model):
    """Something to tag."""

    name = models.CharField(max_length=50)
    tags: Any = models.ManyToManyField(Tag, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Owner(Columns):
    """Something that Django reads before it deletes it, together with its pieces."""

    class Meta:
        abstract = True


class Piece(models.Model):
    """A row that goes with its owner."""

    title = models.CharField(max_length=100)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title
