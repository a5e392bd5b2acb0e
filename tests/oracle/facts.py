"""What the triggers saw and what the log says, brought to one form in which they can be compared.

A value is spelled with its type: the log's by decoding it, a trigger's by reading the column's text as the
field's type demands.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal
from typing import Any, NamedTuple, cast

from django.apps import apps
from django.db.models import Field, ForeignKey, JSONField, ManyToManyField, Model

from signals_audit.masking import secret_fields
from signals_audit.models import AuditEntry
from signals_audit.registry import object_id_of, registry
from signals_audit.types import UNKNOWN
from signals_audit.values import MASKED_VALUE, Encoded, decode

from .triggers import Image, Row, images

Spelled = tuple[str, str] | None
Values = dict[str, Spelled]

MASKED: Spelled = ("masked", "")


class Fact(NamedTuple):
    """One change of one row: what it was and what it is, for every field that differs."""

    using: str
    label: str
    object_id: str
    action: str
    before: Values
    after: Values


class Link(NamedTuple):
    """One target that came to a many-to-many field of an owner, or went."""

    using: str
    label: str
    object_id: str
    name: str
    target: Spelled
    came: bool


Told = dict[tuple[Any, ...], list[Fact | Link]]


def by_object(found: Iterable[Fact | Link]) -> Told:
    """Return facts by the row, or the pair, that they are about; the order is that of its changes."""
    told: Told = defaultdict(list)
    for fact in found:
        told[tuple(fact[:5]) if isinstance(fact, Link) else tuple(fact[:3])].append(fact)
    return dict(told)


# Values


def spelled(value: Any) -> Spelled:
    """Return a Python value in the one form in which values are compared."""
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.UTC)
    if isinstance(value, bytes | memoryview):
        value = bytes(value)
    return type(value).__name__, repr(value)


def spelled_json(value: Any) -> Spelled:
    """Return a JSON document in the form in which values are compared."""
    return "json", json.dumps(value, sort_keys=True)


def spelled_entry(value: Encoded, field: Field[Any, Any]) -> Spelled:
    """Return a value of an entry's `changes` in that form."""
    if value is None:
        return None
    real = decode(value)
    if real is MASKED_VALUE:
        return MASKED
    if real is UNKNOWN:
        return "unknown", ""
    return spelled_json(real) if isinstance(field, JSONField) else spelled(real)


def spelled_column(text: str | None, field: Field[Any, Any]) -> Spelled:
    """Return a column's text in that form."""
    if text is None:
        return None
    read = READERS.get(_kind(field), str)
    if read is _read_decimal:
        return spelled(_read_decimal(text, cast(Any, _target(field)).decimal_places))
    return spelled_json(json.loads(text)) if read is json.loads else spelled(read(text))


def _target(field: Field[Any, Any]) -> Field[Any, Any]:
    while isinstance(field, ForeignKey):
        field = cast("Field[Any, Any]", field.target_field)
    return field


def _kind(field: Field[Any, Any]) -> str:
    return _target(field).get_internal_type()


def _read_decimal(text: str, places: int) -> Decimal:
    """Read a decimal as Django does: SQLite has floating-point numbers, of which 15 digits count."""
    value, unit = Decimal(text), Decimal(1).scaleb(-places)
    if value != value.quantize(unit):
        value = Context(prec=15).create_decimal(value)
    return value.quantize(unit)


def _read_duration(text: str) -> datetime.timedelta:
    """Read seconds with a point, as PostgreSQL has them, or whole microseconds, as the others do."""
    if "." in text:
        return datetime.timedelta(microseconds=int(Decimal(text) * 1_000_000))
    return datetime.timedelta(microseconds=int(text))


def _read_moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(
        [
            *("AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField"),
            *("SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField"),
            "PositiveSmallIntegerField",
        ],
        int,
    ),
    "BooleanField": lambda text: {"1": True, "0": False, "true": True, "false": False}[text],
    "FloatField": float,
    "DecimalField": cast("Callable[[str], Any]", _read_decimal),
    "UUIDField": uuid.UUID,
    "JSONField": json.loads,
    "BinaryField": bytes.fromhex,
    "DateField": datetime.date.fromisoformat,
    "DateTimeField": _read_moment,
    "TimeField": datetime.time.fromisoformat,
    "DurationField": _read_duration,
}


# The triggers' images


def facts_of_images(using: str) -> list[Fact | Link]:
    """Return what the triggers of a database saw of what is audited."""
    return [fact for image in images(using) for fact in _facts_of_image(image, using)]


def _facts_of_image(image: Image, using: str) -> Iterator[Fact | Link]:
    if registry.options_for(image.model) is not None:
        yield from _row_fact(image, using)
        return
    for field in relations_of(image.model):
        before, after = link_of(field, image.old, using), link_of(field, image.new, using)
        if before != after:
            yield from (link._replace(came=False) for link in (before,) if link)
            yield from (link for link in (after,) if link)


def relations_of(through: type[Model]) -> list[ManyToManyField[Any, Any]]:
    """Return the many-to-many fields that a table holds the rows of, and whose changes are audited."""
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_many_to_many
        if field.remote_field.through is through
        and (options := registry.options_for(model)) is not None
        and options.audits_relation(field.name)
    ]


def link_of(field: ManyToManyField[Any, Any], row: Row | None, using: str) -> Link | None:
    """Return what a through row says of a many-to-many field; None where there is no row."""
    if row is None:
        return None
    through: Any = field.remote_field.through
    names = (field.m2m_field_name(), field.m2m_reverse_field_name())
    ends = [through._meta.get_field(name) for name in names]
    owner, target = (_key_behind(end, row[end.column], using) for end in ends)
    if owner is None or target is None:
        return None
    object_id = object_id_of(field.model, owner)
    return Link(using, field.model._meta.label, object_id, field.name, spelled(target), True)


def _key_behind(end: ForeignKey[Any, Any], text: str | None, using: str) -> Any:
    """Return the primary key of what a reference names, which may be another column than the key."""
    if text is None:
        return None
    value, pointed_at = READERS.get(_kind(end), str)(text), cast("Field[Any, Any]", end.target_field)
    if pointed_at.primary_key:
        return value
    model = cast("type[Model]", end.related_model)
    return model._base_manager.using(using).values_list("pk", flat=True).get(**{pointed_at.name: value})


def _row_fact(image: Image, using: str) -> Iterator[Fact]:
    model = image.model
    old, new = values_of(model, image.old), values_of(model, image.new)
    object_id = object_id_of(model, key_of(model, image.new or image.old or {}))
    action = "create" if image.old is None else "delete" if image.new is None else "update"
    if action == "update":
        changed = [name for name in new if old[name] != new[name]]
        old, new = ({name: values[name] for name in changed} for values in (old, new))
    if old or new:
        yield Fact(using, model._meta.label, object_id, action, hidden(model, old), hidden(model, new))


def values_of(model: type[Model], row: Row | None) -> Values:
    """Return the audited values of an image."""
    options = registry.options_for(model)
    if row is None or options is None:
        return {}
    return {
        field.name: spelled_column(row[field.column], field)
        for field in model._meta.local_concrete_fields
        if options.audits(field.name)
    }


def hidden(model: type[Model], values: Values) -> Values:
    """Return values with the secret ones masked."""
    options = registry.options_for(model)
    secret = secret_fields(model, mask=options.mask) if options else ()
    return {name: MASKED if name in secret and value else value for name, value in values.items()}


def key_of(model: type[Model], row: Row) -> Any:
    """Return the primary key of an image: a value, or a tuple for a composite key."""
    keys = tuple(READERS.get(_kind(field), str)(row[field.column] or "") for field in model._meta.pk_fields)
    return keys[0] if len(keys) == 1 else keys


# The log's entries


def facts_of_entries(using: str) -> list[Fact | Link]:
    """Return what the log of a database says."""
    found = AuditEntry.objects.using(using).order_by("id")
    return [fact for entry in found for fact in _facts_of_entry(entry)]


def _facts_of_entry(entry: AuditEntry) -> Iterator[Fact | Link]:
    model = apps.get_model(entry.model)
    if any(isinstance(change, dict) for change in entry.changes.values()):
        yield from _links_of_entry(entry, model)
        return
    before, after = {}, {}
    for name, (old, new) in entry.changes.items():
        field = cast("Field[Any, Any]", model._meta.get_field(name))
        before[name], after[name] = spelled_entry(old, field), spelled_entry(new, field)
    sides = {"create": ({}, after), "delete": (before, {})}.get(entry.action, (before, after))
    unused = {"create": before, "delete": after}.get(entry.action, {})
    assert not any(unused.values()), entry.changes
    yield Fact(entry.using, entry.model, entry.object_id, entry.action, *sides)


def _links_of_entry(entry: AuditEntry, model: type[Model]) -> Iterator[Link]:
    for name, change in entry.changes.items():
        for side, came in (("removed", False), ("added", True)):
            for key in change[side]:
                yield Link(entry.using, entry.model, entry.object_id, name, spelled(decode(key)), came)
