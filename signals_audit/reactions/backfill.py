"""Rows that `auto_create` would have made, had it been there: found by one query, made in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet

from ..context import audit_context
from ..hooks import AutoCreate, hooks
from ..registry import concrete_label
from ..types import Cause
from .profiles import configured_auto_creates, create_once, model_of, relation_field, title_of

BATCH = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """The rows of a model that lack what a declaration makes for new ones."""

    declaration: AutoCreate
    using: str

    @property
    def title(self) -> str:
        """Return for what and what."""
        return f"{self.declaration.model} → {self.declaration.target}"

    def rows(self) -> QuerySet[Model]:
        """Return the rows without one, by primary key."""
        model, target = model_of(self.declaration.model), model_of(self.declaration.target)
        relation = relation_field(target, model, self.declaration.field)
        pointed_at: Any = target._meta.get_field(relation)
        pointing = {relation: OuterRef(pointed_at.target_field.attname)}
        there = target._base_manager.using(self.using).filter(**pointing)
        return model._base_manager.using(self.using).filter(~Exists(there)).order_by("pk")

    def count(self) -> int:
        """Return how many rows lack it."""
        return self.rows().count()


def gaps(using: str, *, models: Iterable[str] = ()) -> Iterator[Gap]:
    """Yield what may be missing on a database, for the models with these lower-case labels or for all."""
    wanted = set(models)
    for declaration in (*configured_auto_creates(), *hooks.auto_creates()):
        if not wanted or concrete_label(declaration.model) in wanted:
            yield Gap(declaration, using)


def fill(gap: Gap, *, batch: int = BATCH) -> int:
    """Make what is missing and return how many rows it was; what was broken off goes on where it was."""
    made, rest = 0, gap.rows()
    with audit_context(cause=Cause(title_of(gap.declaration), None)):
        while found := list(rest[:batch]):
            with transaction.atomic(gap.using):
                for row in found:
                    create_once(gap.declaration, row, gap.using)
            made += len(found)
            rest = gap.rows().filter(pk__gt=found[-1].pk)
    return made
