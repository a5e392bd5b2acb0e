"""Reading the log in tests: whole entries as plain tuples, and what they should say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from django.db import connection, connections
from django.db.models import JSONField, Model
from django.test.utils import CaptureQueriesContext

from signals_audit import disabled
from signals_audit.events import ChangeEvent
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.signals import object_changed, object_created, object_deleted, relation_changed
from signals_audit.values import decode, encode, encode_json, object_key

M = TypeVar("M", bound=Model)
SECRETS = {"password", "token"}  # of the models of the tests, by their names
SIGNALS = (object_created, object_changed, object_deleted, relation_changed)


class Entry(NamedTuple):
    """What a test compares of an entry."""

    action: str
    model: str
    object_id: str
    changes: dict[str, Any]
    source: str
    seq: int
    using: str = "default"


def entries(using: str = "default", **filters: Any) -> list[Entry]:
    """Return the entries of a database in the order in which they were written."""
    found = AuditEntry.objects.using(using).filter(**filters).order_by("id")
    return [Entry(*values) for values in found.values_list(*Entry._fields)]


def brief(using: str = "default") -> list[tuple[str, str, str]]:
    """Return action, model and key of all entries, where a test is not about their contents."""
    return [(entry.action, entry.model.removeprefix("testapp."), entry.object_id) for entry in entries(using)]


def orphans(using: str = "default") -> list[Any]:
    """Return what must not be: entries without change set, change sets without entry, places taken twice."""
    sets = set(ChangeSet.objects.using(using).values_list("id", flat=True))
    addresses = list(AuditEntry.objects.using(using).values_list("change_set_id", "seq"))
    doubled = [address for address in addresses if addresses.count(address) > 1]
    return [*(sets ^ {change_set for change_set, _ in addresses}), *doubled]


def make(model: type[M], using: str = "default", **values: Any) -> M:
    """Insert a row without an entry, and return it as it loads."""
    with disabled():
        made = model._base_manager.using(using).create(**values)
    return model._base_manager.using(using).get(pk=made.pk)


def image(instance: Model, model: type[Model] | None = None, using: str = "default") -> dict[str, Any]:
    """Return the stored form of a row of an instance, in its own table or a parent's, secrets masked."""
    model = model or type(instance)
    concrete: Any = model._meta.concrete_model
    fields = concrete._meta.local_concrete_fields
    names = [field.attname for field in fields]
    row = concrete._base_manager.using(using).values_list(*names).get(pk=instance.pk)
    return {field.name: _stored(field, value) for field, value in zip(fields, row, strict=True)}


def _stored(field: Any, value: Any) -> Any:
    if field.name in SECRETS and value is not None:
        return {"masked": True}
    return encode_json(value) if isinstance(field, JSONField) else encode(value)


def label(instance: Model | type[Model]) -> str:
    """Return the label that entries of an instance carry."""
    concrete: Any = instance._meta.concrete_model
    return str(concrete._meta.label)


def created(
    instance: Model, seq: int = 1, *, source: str = "save", using: str = "default", model: Any = None
) -> Entry:
    """Return the entry for the creation of a row that is there."""
    changes = {name: [None, value] for name, value in image(instance, model, using).items()}
    return Entry("create", label(model or instance), object_key(instance.pk), changes, source, seq, using)


def updated(
    instance: Model,
    changes: dict[str, Any],
    seq: int = 1,
    *,
    source: str = "save",
    using: str = "default",
    model: Any = None,
) -> Entry:
    """Return the entry for an update."""
    return Entry("update", label(model or instance), object_key(instance.pk), changes, source, seq, using)


def deleted(
    model: type[Model], image: dict[str, Any], seq: int = 1, *, source: str = "delete", using: str = "default"
) -> Entry:
    """Return the entry for the deletion of a row that had this image."""
    key = [decode(image[field.name]) for field in model._meta.pk_fields]
    changes = {name: [value, None] for name, value in image.items()}
    object_id = object_key(key[0] if len(key) == 1 else tuple(key))
    return Entry("delete", label(model), object_id, changes, source, seq, using)


def related(
    owner: Model, name: str, seq: int = 1, *, added: Any = (), removed: Any = (), using: str = "default"
) -> Entry:
    """Return the entry for a change of a many-to-many field; targets are instances or keys."""
    changes = {name: {"added": _keys(added), "removed": _keys(removed)}}
    return Entry("update", label(owner), object_key(owner.pk), changes, "relation", seq, using)


def _keys(targets: Any) -> list[Any]:
    return [encode(target.pk if isinstance(target, Model) else target) for target in targets]


@contextmanager
def heard() -> Iterator[list[ChangeEvent]]:
    """Collect the events of the signals that are sent within the transaction."""
    events: list[ChangeEvent] = []

    def hear(event: ChangeEvent, **_kwargs: Any) -> None:
        events.append(event)

    for signal in SIGNALS:
        signal.connect(hear)
    try:
        yield events
    finally:
        for signal in SIGNALS:
            signal.disconnect(hear)


@contextmanager
def connected(signal: Any, receiver: Any, sender: Any = None) -> Iterator[None]:
    """Have a receiver connected for a while."""
    signal.connect(receiver, sender=sender, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


@contextmanager
def statements(using: str = "default") -> Iterator[list[str]]:
    """Collect the SQL that a block runs, each statement by its first word and its table."""
    collected: list[str] = []
    with CaptureQueriesContext(connections[using]) as captured:
        yield collected
    collected += [_summary(query["sql"]) for query in captured.captured_queries]


ENTRY = "INSERT signals_audit_auditentry"


def first_entry() -> list[str]:
    """Return what writes a transaction's first entry, with its change set: one statement on PostgreSQL."""
    if connection.vendor == "postgresql":
        return ["WITH INSERT signals_audit_changeset INSERT signals_audit_auditentry"]
    return ["INSERT signals_audit_changeset", ENTRY]


def _summary(sql: str) -> str:
    if sql.startswith("WITH "):
        return "WITH " + " ".join(f"INSERT {table}" for table in re.findall(r'INSERT INTO "(\w+)"', sql))
    words = sql.replace('"', " ").replace("`", " ").split()
    verb = words[0].upper()
    after = {"SELECT": "FROM", "INSERT": "INTO", "DELETE": "FROM"}.get(verb)
    if verb == "UPDATE":
        return f"UPDATE {words[1]}"
    upper = [word.upper() for word in words]
    return f"{verb} {words[upper.index(after) + 1]}" if after in upper else verb
