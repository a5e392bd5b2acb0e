"""Running an INSERT so that the rows that really went in are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .changes import EventMaker
from .returning import Fields, run_plain, run_returning
from .rows import Reader, Row
from .upserts import Round, is_upsert, upsert


@dataclass(frozen=True, slots=True)
class Inserted:
    """What Django wants of an INSERT, the rows that went in, and those that it changed instead."""

    given: Any
    rows: list[Row]
    changed: Sequence[Round] = ()


def inserted(
    compiler: Any, maker: EventMaker, plain: Callable[[Any], Any], wanted: Fields | None
) -> Inserted:
    """Run an INSERT, and return what became of it."""
    if not compiler.connection.features.can_return_columns_from_insert:
        given = run_plain(maker.block, plain, wanted)
        return Inserted(given, _inserted_again(compiler, maker.reader, given, wanted))
    if is_upsert(compiler):
        return Inserted(*upsert(compiler, maker.plan, maker.block, wanted or ()))
    return Inserted(*run_returning(compiler, maker.reader.columns, wanted or ()))


def _inserted_again(compiler: Any, reader: Reader, given: Sequence[Any], wanted: Fields | None) -> list[Row]:
    """Read back what was inserted where the database cannot return it: by the keys that are known."""
    meta = compiler.query.get_meta()
    if given and wanted and wanted[0] is meta.pk:
        return reader.rows_of(row[0] for row in given)
    keys = [_raw_key(compiler, meta, instance) for instance in compiler.query.objs]
    return reader.rows_of(key for key in keys if key is not None)


def _raw_key(compiler: Any, meta: Any, instance: Any) -> Any:
    values = [
        field.get_db_prep_save(getattr(instance, field.attname), compiler.connection)
        for field in meta.pk_fields
    ]
    return None if None in values else values[0] if len(values) == 1 else tuple(values)
