"""What the migrations end at: `colour` came later and stands first, `password` and `motto` are gone."""

from __future__ import annotations

from django.db import models


class Part(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name


class Widget(models.Model):
    colour = models.CharField(max_length=20, default="red")
    name = models.CharField(max_length=20)
    parts = models.ManyToManyField(Part)

    def __str__(self) -> str:
        return f"widget {self.name}"
