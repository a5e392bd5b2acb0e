"""Reading a table's rows as the database has them, with SQL that is made once for each connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, JSONField, Model
from django.db.models.sql import Query

from ..registry import HISTORICAL
from ..values import encode, encode_json
from . import catalog
from .images import Images, column_sql, images_of
from .plans import TablePlan

Row = tuple[Any, ...]
Fetch = Callable[[str, Sequence[Any]], list[Row]]
LOCKS = {"postgresql": " FOR NO KEY UPDATE", "mysql": " FOR UPDATE"}
REMOVING = LOCKS | {"postgresql": " FOR UPDATE"}
CHUNK = 500
WHERE = " WHERE "


class Reader:
    """The SQL that reads a plan's columns on one connection, and the way from a raw value to a stored one."""

    __slots__ = (
        *("_converters", "_encoders", "_formatted", "_key_columns", "_loaded", "_lock"),
        *(
            "_can_have_images",
            "_converted",
            "_images",
            "_looked_at",
            "_order",
            "_see_one",
            "_select_one",
        ),
        *("columns", "connection", "is_of_today", "keys", "plan", "read", "select", "table"),
    )

    def __init__(self, plan: TablePlan, connection: BaseDatabaseWrapper, fetch: Fetch) -> None:
        self.plan = plan
        self.connection = connection
        self.read = fetch
        table = plan.written._meta.db_table
        self.table = connection.ops.quote_name(table)
        compiler = Query(plan.written).get_compiler(connection=connection)
        columns = [field.get_col(table) for field in plan.fields]
        self._formatted = [column_sql(compiler, column) for column in columns]
        self._key_columns = [self._formatted[place] for place in plan.key]
        self.keys = ", ".join(self._key_columns)
        self.columns = ", ".join(self._formatted)
        self.select = f"SELECT {self.columns} FROM {self.table}"  # noqa: S608
        self._lock = LOCKS.get(connection.vendor, "")
        self._see_one = f"{self.select} WHERE {self._key_columns[0]} = %s"
        self._select_one = f"{self._see_one}{self._lock}"
        self._images: Images | None = None
        self._looked_at: Any = None
        self.is_of_today = plan.written.__module__ != HISTORICAL
        self._can_have_images = connection.vendor == "postgresql" and self.is_of_today
        found = compiler.get_converters(columns)
        self._converters = [
            found.get(place) or _real(field, connection) for place, field in enumerate(plan.fields)
        ]
        self._converted = [place for place, converters in enumerate(self._converters) if converters]
        self._encoders = [_encoder(field) for field in plan.fields]
        places = {field.attname: place for place, field in enumerate(plan.fields)}
        names = [field.attname for field in plan.model._meta.concrete_fields]
        self._loaded = [name for name in names if name in places]
        order = [places[name] for name in self._loaded]
        self._order = None if order == list(range(len(plan.fields))) else order

    def removing(self) -> Reader:
        """Return a reader that locks rows as their deletion will: from then on nobody can refer to them."""
        other = copy(self)
        other._lock = REMOVING.get(self.connection.vendor, "")
        other._select_one = f"{self._see_one}{other._lock}"
        return other

    def images(self) -> Images | None:
        """Return how an UPDATE of one row returns images; None where none does, or its table sets more off.

        The table is looked at once for each session, and when a row was not met: `look_again()`.
        """
        if self._can_have_images and self._looked_at is not self.connection.connection:
            self.look_again()
        return self._images

    def look_again(self) -> None:
        """Look at what is about on the table."""
        self._looked_at = self.connection.connection
        is_bare = catalog.is_bare(self.connection, self.plan.written._meta.db_table)
        self._images = images_of(self.plan, self.connection) if is_bare else None

    def some_columns(self, places: Sequence[int]) -> str:
        """Return the SQL of some of the columns."""
        return ", ".join(self._formatted[place] for place in places)

    def value(self, place: int, raw: Any) -> Any:
        """Return the Python value of a raw one, as loading the row would give it."""
        found, value = self._converters[place], raw
        if found is None:
            return raw
        converters, expression = found
        try:
            for converter in converters:
                value = converter(value, expression, self.connection)
        except Exception:  # what nobody can load may still be written: it is told as the database has it
            return raw
        return value

    def values(self, row: Row) -> list[Any]:
        """Return the Python values of a row, as loading it would give them."""
        values = list(row)
        for place in self._converted:
            values[place] = self.value(place, row[place])
        return values

    def all_stored(self, row: Row, values: Sequence[Any]) -> list[Any]:
        """Return the stored forms of a row's values."""
        found = [encoder(value) for encoder, value in zip(self._encoders, values, strict=True)]
        for place in self._converted:
            if values[place] is None:
                found[place] = self.stored(place, row[place], None)
        return found

    def encoded(self, place: int, value: Any) -> Any:
        """Return the stored form of a Python value."""
        return self._encoders[place](value)

    def stored(self, place: int, raw: Any, value: Any) -> Any:
        """Return the stored form of a value; only the raw one tells NULL from JSON null."""
        if value is None:
            return None if raw is None else {"json": None}
        return self._encoders[place](value)

    def pk(self, row: Row) -> Any:
        """Return a row's primary key as a Python value, a tuple for a composite key."""
        values = [self.value(place, row[place]) for place in self.plan.key]
        return values[0] if len(values) == 1 else tuple(values)

    def raw_key(self, pk: Any) -> Any:
        """Return a primary key as a parameter for the database."""
        values = pk if len(self.plan.key) > 1 else (pk,)
        fields = [self.plan.fields[place] for place in self.plan.key]
        pairs = zip(fields, values, strict=True)
        raw = [field.get_db_prep_value(value, self.connection) for field, value in pairs]
        return raw[0] if len(raw) == 1 else tuple(raw)

    def load(self, row: Row) -> Model:
        """Return the instance that loading the row would give; columns that were not read are deferred."""
        return self.made(self.values(row))

    def made(self, values: Sequence[Any]) -> Model:
        """Return the instance with these values."""
        loaded = list(values) if self._order is None else [values[place] for place in self._order]
        return self.plan.model.from_db(self.connection.alias, self._loaded, loaded)

    def locked_rows(
        self, where: str, params: Sequence[Any], most: int | None = None, also: Sequence[str] = ()
    ) -> list[Row]:
        """Read the rows that a statement is about to change, and lock them, in key order; at most so many.

        `also` are expressions whose values are put behind the columns.
        """
        order = f" ORDER BY {self.keys}" if self._lock else ""
        limit = "" if most is None else f" LIMIT {most}"
        select = self.select if not also else f"SELECT {', '.join((self.columns, *also))} FROM {self.table}"  # noqa: S608
        return self.read(f"{select}{where}{order}{limit}{self._lock}", params)

    def locked_among(self, keys: Sequence[Any], where: str, params: Sequence[Any]) -> list[Row]:
        """Read those of some rows, by their raw keys, that meet a condition, and lock them."""
        met, rows = where.removeprefix(WHERE), list[Row]()
        for start in range(0, len(keys), CHUNK):
            among, named = self._among(list(keys[start : start + CHUNK]))
            rows += self.locked_rows(f"{WHERE}{among} AND ({met})", [*named, *params])
        return rows

    def rows_where(self, condition: str) -> list[Row]:
        """Read the rows that meet a condition, which are locked, as they are, in key order."""
        return self.read(f"{self.select} WHERE {condition} ORDER BY {self.keys}{self._lock}", ())

    def rows_kept(self, table: str, where: str) -> list[Row]:
        """Read rows from a table that was made with the same columns."""
        return self.read(f"SELECT {self.columns} FROM {table} AS {self.table}{where}", ())  # noqa: S608

    def counts_more(self, where: str, params: Sequence[Any], number: int) -> bool:
        """Tell whether a statement is about to change more rows than a number."""
        table = f"(SELECT 1 FROM {self.table}{where} LIMIT {number + 1}) AS few"  # noqa: S608
        return bool(self.read(f"SELECT COUNT(*) FROM {table}", params)[0][0] > number)  # noqa: S608

    def locked_row(self, key: Any) -> list[Row]:
        """Read one row by its raw primary key, and lock it."""
        return self.read(self._select_one, (key,))

    def holding(self, place: int, values: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
        """Yield conditions for the rows that hold one of some raw values in a column."""
        wanted = [value for value in values if value is not None]
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            yield f"{WHERE}{self._formatted[place]} IN ({', '.join(['%s'] * len(chunk))})", chunk

    def rows_of(self, keys: Iterable[Any]) -> list[Row]:
        """Read rows again by their raw primary keys."""
        wanted = list(keys)
        if len(wanted) == 1 and len(self._key_columns) == 1:
            return self.locked_row(wanted[0])
        rows: list[Row] = []
        for start in range(0, len(wanted), CHUNK):
            rows += self._rows_of_chunk(wanted[start : start + CHUNK])
        return rows

    def seen(self, keys: Iterable[Any]) -> list[Row]:
        """Read rows by their raw primary keys without a lock: nobody is about to change them."""
        wanted, rows = list(keys), list[Row]()
        if len(wanted) == 1 and len(self._key_columns) == 1:
            return self.read(self._see_one, wanted)
        for start in range(0, len(wanted), CHUNK):
            where, params = self._among(wanted[start : start + CHUNK])
            rows += self.read(f"{self.select} WHERE {where}", params)
        return rows

    def _rows_of_chunk(self, keys: list[Any]) -> list[Row]:
        """Read rows as they are: a plain SELECT of MariaDB's shows what the transaction began with."""
        where, params = self._among(keys)
        return self.locked_rows(f"{WHERE}{where}", params)

    @property
    def can_name_rows(self) -> bool:
        """Tell whether keys are read as they stand in the table: a field may have them read otherwise."""
        quote = self.connection.ops.quote_name
        columns = [quote(str(self.plan.fields[place].column)) for place in self.plan.key]
        return self._key_columns == [f"{self.table}.{column}" for column in columns]

    def among(self, rows: Iterable[Row]) -> tuple[str, list[Any]]:
        """Return the condition that a row is one of these."""
        return self._among([self.plan.key_of(row) for row in rows])

    def _among(self, keys: list[Any]) -> tuple[str, list[Any]]:
        if not keys:
            return "1 = 0", []
        if len(self._key_columns) == 1:
            return f"{self._key_columns[0]} IN ({', '.join(['%s'] * len(keys))})", keys
        params = [value for key in keys for value in key]
        if self.connection.vendor == "sqlite":
            one = "(" + " AND ".join(f"{column} = %s" for column in self._key_columns) + ")"
            return f"({' OR '.join([one] * len(keys))})", params
        one = f"({', '.join(['%s'] * len(self._key_columns))})"  # of which MariaDB finds many at once
        return f"({self.keys}) IN ({', '.join([one] * len(keys))})", params


def _encoder(field: Field[Any, Any]) -> Callable[[Any], Any]:
    return encode_json if isinstance(field, JSONField) else encode


def _real(field: Field[Any, Any], connection: BaseDatabaseWrapper) -> Any:
    """Return what makes floats of SQLite's REAL columns: RETURNING gives their whole numbers as integers."""
    if connection.vendor == "sqlite" and field.db_parameters(connection)["type"] == "real":
        return [lambda raw, *_: raw if raw is None else float(raw)], None
    return None
