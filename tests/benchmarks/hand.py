"""What somebody would write by hand instead: one INSERT of finished entries. It is the floor.

The entry of one change is made in Python; those of a set are made by the database, of the rows themselves.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from signals_audit.models import AuditEntry

from .sets import CHANGED

TABLE = AuditEntry._meta.db_table
FIELDS = [field for field in AuditEntry._meta.local_concrete_fields if not field.primary_key]

# How a database spells a row's values in JSON, where they are no plain JSON.
SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "DecimalField": "json_object('decimal', printf('%%.2f', {0}))",
        "FloatField": "json_object('float', CAST({0} AS TEXT))",
        "BooleanField": "json(iif({0}, 'true', 'false'))",
        "UUIDField": "json_object('uuid', substr({0}, 1, 8) || '-' || substr({0}, 9, 4) || '-' "
        "|| substr({0}, 13, 4) || '-' || substr({0}, 17, 4) || '-' || substr({0}, 21))",
        "DateTimeField": "json(iif({0} IS NULL, 'null', json_object('datetime', {0})))",
    },
    "postgresql": {
        "DecimalField": "jsonb_build_object('decimal', {0}::text)",
        "FloatField": "jsonb_build_object('float', {0}::numeric(20, 1)::text)",
        "UUIDField": "jsonb_build_object('uuid', {0})",
        "DateTimeField": "CASE WHEN {0} IS NOT NULL THEN jsonb_build_object('datetime', {0}) END",
    },
    "mysql": {
        "DecimalField": "JSON_OBJECT('decimal', CAST({0} AS CHAR))",
        "FloatField": "JSON_OBJECT('float', CAST(CAST({0} AS DECIMAL(20, 1)) AS CHAR))",
        "BooleanField": "JSON_EXTRACT(IF({0}, 'true', 'false'), '$')",
        "UUIDField": "JSON_OBJECT('uuid', {0})",
        "DateTimeField": "IF({0} IS NULL, NULL, JSON_OBJECT('datetime', {0}))",
    },
}
OBJECT_AND_ARRAY = {
    "sqlite": ("json_object", "json_array"),
    "postgresql": ("jsonb_build_object", "jsonb_build_array"),
    "mysql": ("JSON_OBJECT", "JSON_ARRAY"),
}
TEXT = {"sqlite": "text", "postgresql": "text", "mysql": "char"}
UUID = {"sqlite": "%s", "postgresql": "%s::uuid", "mysql": "%s"}
MOMENT = {"sqlite": "%s", "postgresql": "%s::timestamptz", "mysql": "%s"}

Span = tuple[Any, Any]


class HandWritten:
    """Write entries with statements that were made beforehand."""

    def __init__(self) -> None:
        cast = "%s::jsonb" if connection.vendor == "postgresql" else "%s"
        places = [cast if field.name == "changes" else "%s" for field in FIELDS]
        columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in FIELDS)
        self._into = f"INSERT INTO {TABLE} ({columns})"
        self._sql = f"{self._into} VALUES ({', '.join(places)})"
        change_set = uuid.uuid4()
        self._change_set = change_set if connection.features.has_native_uuid_field else change_set.hex
        self._seq = 0

    def note(self, instance: Model, action: str, changes: Mapping[str, Sequence[Any]]) -> None:
        """Insert the entry of one change."""
        self.insert(
            (
                "",
                action,
                instance._meta.label,
                "default",
                str(instance.pk),
                str(instance),
                json.dumps(changes),
            ),
            ("save", "", None, None, _now()),
        )

    def insert(self, about: Sequence[Any], rest: Sequence[Any]) -> None:
        """Insert an entry at the next place: its columns from the actor to the changes, and the rest."""
        self._seq += 1
        with connection.cursor() as cursor:
            cursor.execute(self._sql, (self._change_set, self._seq, *about, *rest))

    @contextmanager
    def created(self, model: type[Model], instances: Sequence[Any]) -> Iterator[None]:
        """Note the rows that are created in the block."""
        yield
        self._note_rows(model, "create", _whole(model, "NULL, {0}"), _span(instances))

    @contextmanager
    def deleted(self, model: type[Model], keys: Sequence[Any], *, by: str = "id") -> Iterator[None]:
        """Note the rows that are deleted in the block."""
        self._note_rows(model, "delete", _whole(model, "{0}, NULL"), _span(keys), by=by)
        yield

    @contextmanager
    def updated(self, model: type[Model], items: Sequence[Any]) -> Iterator[None]:
        """Note the rows that are updated in the block: old values are put aside, and joined to the new."""
        table, span = model._meta.db_table, _span(items)
        old = ", ".join(f"{name} AS old_{name}" for name in CHANGED)
        _execute(
            f"CREATE TEMPORARY TABLE old_rows AS SELECT id, {old} FROM {table} WHERE id BETWEEN %s AND %s",
            span,
        )
        yield
        make, pair = OBJECT_AND_ARRAY[connection.vendor]
        pairs = ", ".join(f"'{name}', {pair}(old_{name}, {name})" for name in CHANGED)
        source = f"old_rows JOIN {table} USING (id)"
        self._note_rows(model, "update", f"{make}({pairs})", span, source=source)
        _execute("DROP TABLE old_rows", ())

    def _note_rows(
        self, model: type[Model], action: str, changes: str, span: Span, *, by: str = "id", source: str = ""
    ) -> None:
        key, uuid_, moment = (kind[connection.vendor] for kind in (TEXT, UUID, MOMENT))
        _execute(
            f"{self._into} SELECT {uuid_}, id, '', '{action}', '{model._meta.label}', 'default', "
            f"CAST(id AS {key}), title, {changes}, '{action}', '', NULL, NULL, {moment} "
            f"FROM {source or model._meta.db_table} "
            f"WHERE {by} BETWEEN %s AND %s ORDER BY {model._meta.db_table}.id",
            (self._change_set, _now(), *span),
        )


def _now() -> Any:
    return connection.ops.adapt_datetimefield_value(timezone.now())


def _execute(sql: str, params: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _span(items: Sequence[Any]) -> Span:
    """Return the first and the last key of neighbouring rows; they are given as keys or as instances."""
    first, last = (getattr(item, "pk", item) for item in (items[0], items[-1]))
    return first, last


def _whole(model: type[Model], pair: str) -> str:
    """Return what makes JSON of a row, each value at its place in a pair."""
    make, array = OBJECT_AND_ARRAY[connection.vendor]
    pairs = [
        f"'{field.name}', {array}({pair.format(_spelled(field))})" for field in model._meta.concrete_fields
    ]
    return f"{make}({', '.join(pairs)})"


def _spelled(field: Any) -> str:
    spelling = SPELLINGS[connection.vendor].get(field.get_internal_type(), "{0}")
    return spelling.format(connection.ops.quote_name(field.column))
