"""What the migrations end at."""

from __future__ import annotations

from django.db import models


class Gadget(models.Model):
    title = models.TextField()
    size = models.CharField(max_length=20)
    colour = models.CharField(max_length=20, default="red")
    serial = models.CharField(max_length=20, default="", db_column="serial_number")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["size", "colour"], name="gadgets_unique")]


class Part(models.Model):
    gadget = models.ForeignKey(Gadget, on_delete=models.CASCADE)
    fits = models.ManyToManyField(Gadget, related_name="+")
