"""The rungs of the ladder: audited writes as short as they can be, for one model; each does a step more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from signals_audit import context, signals
from signals_audit.values import encode, object_key, text

from .cases import VALUES, change, fill, instances, tagged
from .figures import clock, settle_memory
from .hand import HandWritten
from .hooked import hooked
from .models import Plain, TaggedPlain

RUNGS = {
    "plain": "Django alone",
    "entry": "one INSERT of a finished entry",
    "truth": "the row as the database holds it, read under lock (for free by DELETE, which could return it)",
    "spelling": "values that keep their types",
    "facts": "who acts, the object's key and text (for many-to-many rows its owner is read for it)",
    "signals": "our signal and that of the batch, without receivers",
    "hooks": "what an audit of every save hangs on, and the row that an UPDATE leaves (see hooked.py)",
}
HEIGHTS = {rung: height for height, rung in enumerate(RUNGS)}
WRITES = ("create", "delete", "no-op save", "get+save", "m2m add")
Row = tuple[Any, ...]


class Ladder:
    """Writes of one model, audited up to a rung. Previous values of `get+save` come from memory."""

    def __init__(self, rung: str) -> None:
        self._rung = HEIGHTS[rung]
        self._fields = Plain._meta.concrete_fields
        self._written = HandWritten()
        lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
        self._select, self._select_owner = f"{_selected(Plain)}{lock}", _selected(TaggedPlain)

    def run(self, write: str, item: Any) -> None:
        """Do one write."""
        {
            "create": self._create,
            "delete": self._delete,
            "no-op save": self._no_op_save,
            "get+save": self._get_and_save,
            "m2m add": self._add,
        }[write](item)

    def _has(self, rung: str) -> bool:
        return self._rung >= HEIGHTS[rung]

    def _create(self, _item: Any) -> None:
        instance = Plain.objects.create(**VALUES)
        if self._has("entry"):
            row = self._read(instance.pk) if self._has("truth") else _held(instance)
            self._tell(instance, "create", {name: [None, value] for name, value in self._spelt(row).items()})

    def _delete(self, instance: Any) -> None:
        key = instance.pk
        instance.delete()
        instance.pk = key
        if self._has("entry"):
            row = self._spelt(_held(instance))
            self._tell(instance, "delete", {name: [value, None] for name, value in row.items()})

    def _no_op_save(self, instance: Any) -> None:
        """Read before; that the row is the same afterwards is believed, and nothing is told."""
        if self._has("truth"):
            self._read(instance.pk)
        instance.save()

    def _get_and_save(self, key: Any) -> None:
        instance = Plain.objects.get(pk=key)
        before = _held(instance)
        change(instance)
        if self._has("entry"):
            pairs = zip(self._fields, before, _held(instance), strict=True)
            changed = [(field.name, old, new) for field, old, new in pairs if old is not new and old != new]
            spell = encode if self._has("spelling") else _plain
            self._tell(instance, "update", {name: [spell(old), spell(new)] for name, old, new in changed})

    def _add(self, item: Any) -> None:
        """Relate a row; that it was not related before is believed."""
        owner, tag = item
        owner.tags.add(tag)
        if self._has("facts"):
            owner = TaggedPlain(*self._read(owner.pk, self._select_owner))
        if self._has("entry"):
            self._tell(owner, "update", {"tags": {"added": [tag], "removed": []}})

    def _read(self, key: Any, select: str = "") -> Row:
        """Read a row with a cursor that nobody has wrapped."""
        cursor = connection.create_cursor()
        cursor.execute(select or self._select, (key,))
        row: Row = cursor.fetchone()
        cursor.close()
        return row

    def _spelt(self, row: Row) -> dict[str, Any]:
        spell = encode if self._has("spelling") else _plain
        return {field.name: spell(value) for field, value in zip(self._fields, row, strict=False)}

    def _tell(self, instance: Any, action: str, changes: Mapping[str, Any]) -> None:
        if self._has("facts"):
            self._note(instance, action, changes)
        else:
            self._written.note(instance, action, changes)
        if self._has("signals"):
            signals.object_changed.send(Plain, event=changes)
            signals.changes_captured.send(Plain, events=(changes,), using="default")

    def _note(self, instance: Any, action: str, changes: Mapping[str, Any]) -> None:
        actor, written = context.resolve_actor(context.current()), self._written
        moment = connection.ops.adapt_datetimefield_value(timezone.now())
        who, key, label = actor.id or "", object_key(instance.pk), text(str(instance), 255)
        written.insert(
            (who, action, Plain._meta.label, "default", key, label, json.dumps(changes)),
            ("save", "", None, None, moment),
        )


def _selected(model: type[Model]) -> str:
    columns = ", ".join(str(field.column) for field in model._meta.concrete_fields)
    return f"SELECT {columns} FROM {model._meta.db_table} WHERE id = %s"


def _held(instance: Any) -> Row:
    values = instance.__dict__
    return tuple(values[field.attname] for field in Plain._meta.concrete_fields)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int)) else str(value)


def seconds(write: str, rung: str, count: int) -> float:
    """Return the time of one write, in a transaction that is rolled back."""
    prepare = {"create": lambda _model, wanted: list(range(wanted)), "get+save": fill, "m2m add": tagged}
    model = TaggedPlain if write == "m2m add" else Plain
    ladder, now, items = Ladder(rung), clock(), prepare.get(write, instances)(model, count)
    with hooked() if rung == "hooks" else nullcontext(), transaction.atomic():
        ladder.run(write, items.pop())
        settle_memory()
        started = now()
        for item in items:
            ladder.run(write, item)
        taken = (now() - started) / len(items)
        transaction.set_rollback(True)
    return taken
