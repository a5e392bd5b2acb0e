"""What is captured of a table: which columns, for whom, and whose many-to-many rows it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from django.apps import apps
from django.db.models import Field, ForeignKey, ManyToManyField, Model

from ..conf import get_settings, on_settings_changed
from ..hooks import hooks
from ..masking import secret_fields
from ..registry import HISTORICAL, ModelOptions, registry
from .memory import is_mutable


@dataclass(frozen=True, eq=False, slots=True)
class End:
    """One end of a many-to-many row: the model there, the place of the reference, what it refers to.

    `column` is None where the reference holds the primary key, as it nearly always does. `read` is the class
    to read rows with: in a migration a historical one, whose columns are those that are there.
    """

    model: type[Model]
    read: type[Model]
    position: int
    column: str | None


@dataclass(frozen=True, eq=False, slots=True)
class Relation:
    """A many-to-many field whose rows a through table holds."""

    name: str
    owner: End
    target: End
    recorded: bool


@dataclass(frozen=True, eq=False, slots=True)
class TablePlan:
    """How the writes to one table are captured.

    `model` is the class that entries name; `written` the one whose query writes, which in a migration is a
    historical class with other columns. `fields` are the columns that are read, `key` the places of the
    primary key among them, `generated` those that the database computes, `mutable` those whose values could
    be changed in place, `places` those of all columns by attribute name.
    """

    model: type[Model]
    label: str
    written: type[Model]
    fields: tuple[Field[Any, Any], ...]
    names: tuple[str, ...]
    places: Mapping[str, int]
    key: tuple[int, ...]
    key_names: frozenset[str]
    generated: tuple[int, ...]
    mutable: tuple[int, ...]
    recorded: frozenset[str] | None
    masked: frozenset[str]
    relations: tuple[Relation, ...]
    options: ModelOptions

    def key_of(self, row: Sequence[Any]) -> Any:
        """Return a row's primary key: a value, or a tuple of them for a composite key."""
        return row[self.key[0]] if len(self.key) == 1 else tuple(row[place] for place in self.key)


_plans: dict[type[Model], TablePlan | None] = {}
_unrecorded: dict[TablePlan, TablePlan] = {}
_reading: dict[type[Model], TablePlan] = {}
_generation = [0]
_tables: dict[str, type[Model]] = {}
_relations: dict[str, list[ManyToManyField[Any, Any]]] = {}


def forget() -> None:
    """Have all plans made anew; called when settings, registrations or hooks change."""
    _generation[0] += 1
    _plans.clear()
    _unrecorded.clear()
    _reading.clear()
    _tables.clear()
    _relations.clear()


registry.on_change(forget)
hooks.on_change(forget)
on_settings_changed(forget)


def plan_for(model: type[Model]) -> TablePlan | None:
    """Return how the writes to a model's table are captured, or None when they are not."""
    try:
        return _plans[model]
    except KeyError:
        plan = _build(_concrete(model)) if get_settings().ENABLED and apps.models_ready else None
        if apps.models_ready and model.__module__ != HISTORICAL:
            _plans[model] = plan
        return plan


def reading_plan(model: type[Model]) -> TablePlan:
    """Return a plan that reads all of a table, be it audited or not, and records nothing of it."""
    plan = _reading.get(model)
    if plan is None:
        written = _concrete(model)
        plan = _reading[model] = _plan(written, written, tuple(written._meta.local_concrete_fields))
    return plan


def generation() -> int:
    """Return a number that changes whenever plans are forgotten."""
    return _generation[0]


def _concrete(model: type[Model]) -> type[Model]:
    return model._meta.concrete_model or model


def _build(written: type[Model]) -> TablePlan | None:
    if not _tables:
        _survey()
    model = _tables.get(written._meta.db_table)
    if model is None:
        return None
    options, hooked = registry.options_for(model), bool(hooks.of(model))
    relations = () if options else _relations_in(written)
    if options is None and not hooked and not relations:
        return None
    fields = _fields(written, options, hooked or bool(relations))
    return replace(
        _plan(model, written, fields),
        recorded=_recorded(fields, options),
        masked=secret_fields(model, mask=options.mask) if options else frozenset(),
        relations=tuple(_relation(field, fields) for field in relations),
        options=options or _options_beside(relations),
    )


def _plan(model: type[Model], written: type[Model], fields: tuple[Field[Any, Any], ...]) -> TablePlan:
    """Return a plan that reads columns, and records nothing of them."""
    return TablePlan(
        model=model,
        label=model._meta.label,
        written=written,
        fields=fields,
        names=tuple(field.name for field in fields),
        places={field.attname: place for place, field in enumerate(fields)},
        key=tuple(fields.index(field) for field in written._meta.pk_fields),
        mutable=tuple(place for place, field in enumerate(fields) if is_mutable(field)),
        generated=tuple(place for place, field in enumerate(fields) if field.generated),
        key_names=frozenset(field.attname for field in written._meta.pk_fields),
        recorded=None,
        masked=frozenset(),
        relations=(),
        options=ModelOptions(),
    )


def unrecorded(plan: TablePlan) -> TablePlan:
    """Return a plan that tells of the same events and records none of them."""
    if plan.written.__module__ == HISTORICAL:
        return _without_entries(plan)
    if plan not in _unrecorded:
        _unrecorded[plan] = _without_entries(plan)
    return _unrecorded[plan]


def _without_entries(plan: TablePlan) -> TablePlan:
    relations = tuple(replace(relation, recorded=False) for relation in plan.relations)
    return replace(plan, recorded=None, relations=relations)


def _survey() -> None:
    """Note which real model stands for which table; historical models and proxies share it."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and not model._meta.swapped:
            _tables[model._meta.db_table] = model
        for field in model._meta.local_many_to_many:
            through = field.remote_field.through
            if through is not None and not isinstance(through, str):
                _relations.setdefault(through._meta.db_table, []).append(field)


def _fields(written: type[Model], options: ModelOptions | None, whole: bool) -> tuple[Field[Any, Any], ...]:
    local = written._meta.local_concrete_fields
    keys = written._meta.pk_fields
    return tuple(
        field
        for field in local
        if whole or field in keys or (options is not None and options.audits(field.name))
    )


def _recorded(fields: Sequence[Field[Any, Any]], options: ModelOptions | None) -> frozenset[str] | None:
    if options is None:
        return None
    return frozenset(field.name for field in fields if options.audits(field.name))


def _relations_in(through: type[Model]) -> list[ManyToManyField[Any, Any]]:
    names = {field.name for field in through._meta.local_concrete_fields}
    return [field for field in _relations.get(through._meta.db_table, ()) if _is_wanted(field, names)]


def _is_wanted(field: ManyToManyField[Any, Any], names: Collection[str]) -> bool:
    """Tell whether the rows of a field are told; Django writes none whose ends a parent's table holds."""
    if not {field.m2m_field_name(), field.m2m_reverse_field_name()} <= set(names):
        return False
    options = registry.options_for(field.model)
    recorded = options is not None and options.audits_relation(field.name)
    return recorded or any(hook.relation for hook in hooks.of(field.model))


def _relation(field: ManyToManyField[Any, Any], fields: Sequence[Field[Any, Any]]) -> Relation:
    return Relation(
        name=field.name,
        owner=_end(field.m2m_field_name(), fields),
        target=_end(field.m2m_reverse_field_name(), fields),
        recorded=_is_recorded(field),
    )


def _end(name: str, fields: Sequence[Field[Any, Any]]) -> End:
    position = next(place for place, field in enumerate(fields) if field.name == name)
    reference = cast("ForeignKey[Any, Any]", fields[position])
    pointed_at, read = reference.target_field, reference.related_model
    model = _tables.get(read._meta.db_table, read)
    return End(model, read, position, None if pointed_at.primary_key else pointed_at.name)


def _options_beside(relations: Sequence[ManyToManyField[Any, Any]]) -> ModelOptions:
    """Return the options of a table that holds rows of others: triggers tell them if all owners say so."""
    found = [registry.options_for(field.model) for field in relations if _is_recorded(field)]
    is_triggered = bool(found) and all(options and options.capture == "triggers" for options in found)
    return ModelOptions(capture="triggers") if is_triggered else ModelOptions()


def _is_recorded(field: ManyToManyField[Any, Any]) -> bool:
    options = registry.options_for(field.model)
    return options is not None and options.audits_relation(field.name)
