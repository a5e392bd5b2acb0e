"""The UPDATE of an instance that remembers its row: which columns may change, and what they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from . import memory
from .blocks import WriteBlock
from .plans import TablePlan

MISSING: Final = object()


@dataclass(frozen=True, eq=False, slots=True)
class Remembered:
    """An instance, what it remembers, and the places of the plan's columns that its UPDATE may change.

    The key's columns stand first, so that a row that is met is told from one that is not.
    """

    instance: Model
    values: Mapping[str, Any]
    places: tuple[int, ...]


def remembered(compiler: Any, plan: TablePlan, block: WriteBlock) -> Remembered | None:
    """Return what is remembered of the row that an UPDATE writes; None where it must be read.

    It must be read when a column may change whose value was not loaded, and on databases that do not return
    updated rows: there reading before costs no more than reading after.
    """
    instance = block.instance
    if plan.options.before != "memory" or not isinstance(instance, plan.model) or plan.relations:
        return None
    values = memory.loaded(instance, compiler.connection.alias)
    if values is None or not _is_row_of(instance, plan, values) or not _returns_rows(compiler):
        return None
    changing = _changing(compiler, plan, values)
    return None if changing is None else Remembered(instance, values, (*plan.key, *changing))


def _returns_rows(compiler: Any) -> bool:
    connection = compiler.connection
    return (
        connection.vendor in ("postgresql", "sqlite") and connection.features.can_return_columns_from_insert
    )


def _is_row_of(instance: Model, plan: TablePlan, values: Mapping[str, Any]) -> bool:
    held, names = instance.__dict__, plan.key_names
    return [values.get(name, MISSING) for name in names] == [held.get(name) for name in names]


def _changing(compiler: Any, plan: TablePlan, values: Mapping[str, Any]) -> list[int] | None:
    """Return the places of the columns that may change; None when one of them is not remembered."""
    places = []
    for field, _model, value in compiler.query.values:
        name = field.attname
        place = plan.places.get(name)
        if place is None:
            continue
        if name not in values:
            return None
        kept = values[name]
        if kept is not value and memory.may_differ(field, kept, value):
            places.append(place)
    if places and plan.generated:
        places += plan.generated
        return None if any(plan.fields[place].attname not in values for place in plan.generated) else places
    return places
