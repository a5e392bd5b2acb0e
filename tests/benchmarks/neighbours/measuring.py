"""Measuring one variant of one case, to the COMMIT that ends it: some packages write their entries then."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model

from ..cases import Case
from ..database import empty, tidy_up
from ..figures import clock, settle_memory
from ..sets import CASES
from .known import KNOWN

Step = Callable[[Any], Any]


class Subject:
    """A package that is measured."""

    log: Sequence[type[Model]] = ()

    def measured(
        self, case: str, variant: str, *, count: int, rows: int | None, autocommit: bool
    ) -> dict[str, float]:
        """Return the seconds that an operation took, and the entries that it made and should have made."""
        chosen = CASES[case]
        if chosen.rows > 1:
            chosen, count = replace(chosen, rows=rows or chosen.rows), 1
        model, step = self.model(chosen, variant), self.step(chosen, variant, autocommit=autocommit)
        items = self.ready(chosen, variant, model, count)
        with self.surroundings(variant):
            if chosen.rows == 1:
                _run(step, [items.pop()], autocommit=autocommit)
            empty(*self.log)
            tidy_up(model)
            seconds = _clocked(step, items, autocommit=autocommit) / len(items)
            entries = self.entries() / len(items)
        return {"seconds": seconds, "entries": entries, "expected": chosen.entries * chosen.rows}

    def ready(self, case: Case, variant: str, model: type[Model], count: int) -> list[Any]:
        """Make the rows that are worked on; for one operation more than is measured, to warm up with."""
        number = count + 1 if case.rows == 1 else case.rows
        with self.unrecorded():
            case.prepare(model, number)
        with self.surroundings(variant):
            items = list(case.prepare(model, number))
        return items if case.rows == 1 else [items]

    def cases(self) -> list[dict[str, Any]]:
        """Return what can be measured, and of which of our variants."""
        return []

    def model(self, case: Case, variant: str) -> type[Model]:
        raise NotImplementedError

    def step(self, case: Case, variant: str, *, autocommit: bool) -> Step:
        raise NotImplementedError

    def surroundings(self, variant: str) -> AbstractContextManager[None]:
        return nullcontext()

    def unrecorded(self) -> AbstractContextManager[None]:
        return nullcontext()

    def entries(self) -> int:
        raise NotImplementedError


class Neighbour(Subject):
    """One of the other packages, or plain Django."""

    def __init__(self) -> None:
        self._models: Any = import_module(f"{KNOWN[os.environ['SIGNALS_AUDIT_NEIGHBOUR']].app}.models")
        self._entries = [apps.get_model(label) for label in self._models.LOG]
        also = [apps.get_model(label) for label in getattr(self._models, "ALSO_WRITTEN", ())]
        self.log = [*self._entries, *also]

    def model(self, case: Case, variant: str) -> type[Model]:
        found: type[Model] = getattr(self._models, case.kind.title())
        return found

    def step(self, case: Case, variant: str, *, autocommit: bool) -> Step:
        steps, block = getattr(self._models, "STEPS", {}), getattr(self._models, "BLOCK", None)
        step = partial(steps.get(case.name, case.step), self.model(case, variant))
        if block is None:
            return step

        def step_in_block(item: Any) -> None:
            with block():
                step(item)

        return step_in_block

    def entries(self) -> int:
        return sum(model._base_manager.count() for model in self._entries)


class Ours(Subject):
    """This package, with its variants."""

    def __init__(self) -> None:
        from signals_audit.models import AuditEntry, ChangeSet

        from .. import measure, twins

        self._measure: Any = measure
        self._models_for = twins.models_for
        self._entry = AuditEntry
        self.log = (AuditEntry, ChangeSet)
        with self.surroundings("triggers"):
            pass  # the connection told triggers who acts since it was made: now it does so where it has to

    def model(self, case: Case, variant: str) -> type[Model]:
        return self._models_for(case)[variant]

    def cases(self) -> list[dict[str, Any]]:
        return [{"name": case.name, "variants": list(self._models_for(case))} for case in CASES.values()]

    def step(self, case: Case, variant: str, *, autocommit: bool) -> Step:
        found: Step = self._measure.step_of(case, variant, autocommit=autocommit)
        return found

    def surroundings(self, variant: str) -> AbstractContextManager[None]:
        found: AbstractContextManager[None] = self._measure.surroundings(variant)
        return found

    def unrecorded(self) -> AbstractContextManager[None]:
        found: AbstractContextManager[None] = self._measure.without_entries()
        return found

    def entries(self) -> int:
        return self._entry._base_manager.count()


def _run(step: Step, items: Sequence[Any], *, autocommit: bool) -> None:
    with nullcontext() if autocommit else transaction.atomic():
        for item in items:
            step(item)


def _clocked(step: Step, items: Sequence[Any], *, autocommit: bool) -> float:
    now = clock()
    settle_memory()
    start = now()
    _run(step, items, autocommit=autocommit)
    return now() - start
