"""Rows that the database deletes or changes by itself when others are deleted: DB_CASCADE and its kin.

Django (since 6.1) leaves these relations to the database: no row is collected and no statement names them.
So the rows are read and locked before the DELETE, level by level, and told of after it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Field, Model, deletion

from ..context import is_disabled
from .beside import beside_cascades
from .blocks import WriteBlock
from .changes import EventMaker
from .conditions import rows_before, rows_holding, taking
from .plans import TablePlan, generation, plan_for, reading_plan
from .rows import Reader, Row

DATABASE_LEVEL: Any = getattr(deletion, "DatabaseOnDelete", ())
CASCADE: Any = getattr(deletion, "DB_CASCADE", None)


@dataclass(frozen=True, eq=False, slots=True)
class Affected:
    """Rows of one table that the database will delete, or change, along with others."""

    reader: Reader
    rows: list[Row]
    is_deleted: bool


@dataclass(frozen=True, eq=False, slots=True)
class Doomed:
    """The rows that a DELETE is about to take, locked, and those that the database touches with them."""

    reader: Reader
    rows: list[Row]
    others: list[Affected]

    def taken(self, compiler: Any) -> Iterator[None]:
        """Have the DELETE take these rows; it is to be run at each step."""
        return taking(compiler, self.reader, self.rows)

    def told_by(self, plan: TablePlan) -> list[Row]:
        """Return the rows with the columns of a plan."""
        return list(_narrowed(Affected(self.reader, self.rows, is_deleted=True), plan))

    def besides(self, keys: Container[Any]) -> list[Affected]:
        """Return the rows that went without being met: with others of the table that they refer to."""
        key_of = self.reader.plan.key_of
        unmet = {key_of(row): row for row in self.rows if key_of(row) not in keys}
        left = {key_of(row) for row in self.reader.rows_of(unmet)}
        gone = [row for key, row in unmet.items() if key not in left]
        return [Affected(self.reader, gone, is_deleted=True)]


def dependents(model: type[Model]) -> list[Field[Any, Any]]:
    """Return the foreign keys to a model that the database itself acts on."""
    if not DATABASE_LEVEL:
        return []
    return [
        field
        for other in apps.get_models(include_auto_created=True)
        for field in other._meta.local_concrete_fields
        if field.remote_field is not None
        and field.related_model is model
        and isinstance(field.remote_field.on_delete, DATABASE_LEVEL)
    ]


_known: dict[type[Model], bool] = {}
_known_at = [0]


def has_audited_dependents(model: type[Model]) -> bool:
    """Tell whether deleting a model's rows has the database touch audited rows, at any depth."""
    if not DATABASE_LEVEL:
        return False
    if _known_at[0] != generation():
        _known_at[0] = generation()
        _known.clear()
    if model not in _known:
        _known[model] = _finds_audited_dependents(model)
    return _known[model]


def _finds_audited_dependents(model: type[Model]) -> bool:
    seen: set[type[Model]] = set()
    waiting = [model]
    while waiting:
        current = waiting.pop()
        for field in dependents(current):
            if plan_for(field.model) is not None:
                return True
            if field.model not in seen and _cascades(field):
                seen.add(field.model)
                waiting.append(field.model)
    return False


def _cascades(field: Field[Any, Any]) -> bool:
    return field.remote_field is not None and field.remote_field.on_delete is CASCADE


def affected_by(compiler: Any, block: WriteBlock) -> Doomed:
    """Read and lock what a DELETE will take, and what the database will touch with it, the nearest first."""
    plan = reading_plan(compiler.query.model)
    reader = block.state.reader(plan).removing()
    rows = rows_before(compiler, block, reader)
    found: list[Affected] = []
    seen = {(plan.model, plan.key_of(row)) for row in rows}
    _collect(block, plan, rows, found, seen)
    return Doomed(reader, rows, _without_deleted(found, seen))


def _collect(
    block: WriteBlock, plan: TablePlan, rows: Sequence[Row], found: list[Affected], seen: set[tuple[Any, Any]]
) -> None:
    for field in dependents(plan.model) if rows else ():
        child = reading_plan(field.model)
        reader = block.state.reader(child)
        reader = reader.removing() if _cascades(field) else reader
        pointed_at = plan.places[field.target_field.attname]  # type: ignore[attr-defined]
        children = rows_holding(block, reader, child.places[field.attname], {row[pointed_at] for row in rows})
        if _cascades(field):
            children = [row for row in children if (child.model, child.key_of(row)) not in seen]
            seen.update((child.model, child.key_of(row)) for row in children)
        found.append(Affected(reader, children, _cascades(field)))
        if _cascades(field):
            _collect(block, child, children, found, seen)


def _without_deleted(found: Iterable[Affected], deleted: set[tuple[Any, Any]]) -> list[Affected]:
    """Leave out of the changed rows those that go with the others in the end."""
    return [
        one
        if one.is_deleted
        else Affected(
            one.reader,
            [row for row in one.rows if (one.reader.plan.model, one.reader.plan.key_of(row)) not in deleted],
            is_deleted=False,
        )
        for one in found
    ]


def tell_of(affected: Iterable[Affected], block: WriteBlock) -> None:
    """Tell of what the database did: the farthest first, as it must have done it."""
    for one in reversed(list(affected)):
        plan = plan_for(one.reader.plan.model)
        if plan is not None:
            plan = beside_cascades(plan, block.state.connection)
        if plan is None or not one.rows or is_disabled(plan.model._meta.label):
            continue
        maker = EventMaker(block, plan, "database")
        rows = list(_narrowed(one, plan))
        if one.is_deleted:
            maker.deleted(rows)
        else:
            before = {plan.key_of(row): row for row in rows}
            maker.updated(before, maker.reader.rows_of(before))


def _narrowed(one: Affected, plan: TablePlan) -> Iterator[Row]:
    """Yield the rows with the columns of the plan by which they are told."""
    places = [one.reader.plan.places[field.attname] for field in plan.fields]
    for row in one.rows:
        yield tuple(row[place] for place in places)
