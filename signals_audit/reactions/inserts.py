"""Statements about many rows whose number and length in SQL do not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model
from django.db.models.expressions import RawSQL

from ..expansion import document, expansion

CHARACTERS = 2_000_000  # of a statement's document: MariaDB and MySQL end the connection above 16 MB
KINDS = 3  # statements at most, before rows that have little in common are inserted together

Row: TypeAlias = "tuple[Mapping[str, Any], Mapping[str, Any]]"
AnyField: TypeAlias = "Field[Any, Any]"


def among(field: AnyField, values: Iterable[Any], using: str) -> Any:
    """Return what `__in` compares a field with: one parameter, where more would be too many for the database.

    Only then: PostgreSQL and MariaDB plan a list of many values better than one that they have to expand.
    """
    connection, several = connections[using], list(values)
    most = connection.features.max_query_params
    select = expansion([field], connection)
    if most is None or select is None or len(several) <= most // 2:
        return several
    rows = [[_plain(field, value, connection)] for value in several]
    return RawSQL(select, [document(rows)])  # noqa: S611 - made of a column's type, and a parameter


def insert(model: type[Model], rows: Iterable[Row], using: str) -> None:
    """Insert rows, each given as what it shares with others, the same object, and what is its own."""
    connection = connections[using]
    groups = _grouped(rows)
    if len(groups) > KINDS:
        groups = _grouped(({}, {**shared, **own}) for shared, owns in groups for own in owns)
    for shared, owns in groups:
        for sql, params in _statements(model, shared, owns, connection):
            with connection.cursor() as cursor:
                cursor.execute(sql, params)


def _grouped(rows: Iterable[Row]) -> list[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    groups: dict[Any, tuple[Mapping[str, Any], list[Mapping[str, Any]]]] = {}
    for shared, own in rows:
        groups.setdefault((id(shared) if shared else 0, *own), (shared, []))[1].append(own)
    return list(groups.values())


Statement: TypeAlias = "tuple[str, list[Any]]"


def _statements(
    model: type[Model],
    shared: Mapping[str, Any],
    owns: Sequence[Mapping[str, Any]],
    connection: BaseDatabaseWrapper,
) -> Iterator[Statement]:
    fields = [field for field in model._meta.local_concrete_fields if field is not model._meta.auto_field]
    differing = [field for field in fields if field.attname in owns[0]]
    common = [field for field in fields if field.attname not in owns[0]]
    select = expansion(differing, connection, shared=common)
    if select is None:  # a database that nobody has tried
        rows = [model(**{**shared, **own}) for own in owns]
        model._base_manager.using(connection.alias).bulk_create(rows)
        return
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in (*differing, *common))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) {select}"
    params = [
        _prepared(field, shared.get(field.attname, field.get_default()), connection) for field in common
    ]
    for piece in _pieces(differing, owns, connection):
        yield sql, [*params, f"[{','.join(piece)}]"]


def _pieces(
    fields: Sequence[AnyField], owns: Iterable[Mapping[str, Any]], connection: BaseDatabaseWrapper
) -> Iterator[list[str]]:
    """Yield the rows as JSON, in pieces of which each is for one statement."""
    piece: list[str] = []
    length = 0
    for own in owns:
        row = document([_plain(field, own[field.attname], connection) for field in fields])
        if piece and length + len(row) > CHARACTERS:
            yield piece
            piece, length = [], 0
        piece.append(row)
        length += len(row)
    if piece:
        yield piece


def _prepared(field: AnyField, value: Any, connection: BaseDatabaseWrapper) -> Any:
    return field.get_db_prep_save(value, connection)


def _plain(field: AnyField, value: Any, connection: BaseDatabaseWrapper) -> Any:
    """Return a value as it stands in a JSON document, from which the database reads it."""
    if field.get_internal_type() == "JSONField":
        return None if value is None else document(value)
    prepared = _prepared(field, value, connection)
    return int(prepared) if isinstance(prepared, bool) else prepared
