"""The text of an object, made without a query and without an error."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from ..registry import object_id_of
from ..values import text
from .silence import silence

LENGTH = 255
HIDDEN = "•••"


def safe_text(instance: Model, secrets: frozenset[str]) -> str:
    """Return `str(instance)`, or the label and key where that fails or would run a query.

    Values of the secret fields are struck out.
    """
    with silence:
        try:
            shown = str(instance)
        except Exception:  # a __str__ may raise anything, and none of it may cost the write
            shown = plain_text(instance)
    return text(_struck_out(shown, instance, secrets), LENGTH)


def plain_text(instance: Model) -> str:
    """Return the label and key of an instance, which are always at hand."""
    values = [instance.__dict__.get(field.attname) for field in instance._meta.pk_fields]
    return key_text(type(instance), values[0] if len(values) == 1 else tuple(values))


def key_text(model: type[Model], pk: Any) -> str:
    """Return the label of a model with a key."""
    return text(f"{model._meta.label} {object_id_of(model, pk)}", LENGTH)


def _struck_out(shown: str, instance: Model, secrets: frozenset[str]) -> str:
    for name in secrets:
        value = instance.__dict__.get(instance._meta.get_field(name).attname)  # type: ignore[union-attr]
        if value not in (None, "") and str(value) in shown:
            shown = shown.replace(str(value), HIDDEN)
    return shown
