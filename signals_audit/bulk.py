"""Entries of large statements, made by the database: INSERT INTO the log SELECT what the rows were and are.

No row comes into this process, so neither does an object's text: entries carry its label and key instead.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

from . import recorder
from .capture.journal import Journal
from .capture.pipeline import WrittenSet
from .capture.plans import TablePlan, generation
from .expansion import document, expansion
from .models import KEY_LENGTH, AuditEntry
from .spelling import dialect_of, postgresql
from .spelling.columns import described
from .spelling.kinds import has_spelling_of_its_own
from .spelling.literals import literal
from .types import Action

ATTRIBUTE = "signals_audit_set_writers"
FIELDS = [field for field in AuditEntry._meta.local_concrete_fields if not field.primary_key]


class Piece(NamedTuple):
    """A piece of SQL and its parameters."""

    sql: str
    params: tuple[Any, ...] = ()


def record_set(connection: BaseDatabaseWrapper, journal: Journal, written: WrittenSet) -> bool:
    """Have the database make the entries of a large statement; return False where it cannot.

    The places that its rows take in the change set are not counted: rows that did not change have one, too.
    """
    if not takes(connection, written.plan):
        return False
    opened = journal.change_set(written.actor, written.context)
    facts = recorder.writer_of(connection).facts(written, opened)
    count = _writer(connection, written).write(written, facts)
    if count:
        opened.entries += written.size or count
        recorder.open_change_sets(connection, journal.unwritten(), written.created_at)
    return True


def takes(connection: BaseDatabaseWrapper, plan: TablePlan) -> bool:
    """Tell whether the database can make the entries of a table's rows."""
    return why_not(connection, plan) is None


def why_not(connection: BaseDatabaseWrapper, plan: TablePlan) -> str | None:
    """Return why the database cannot make the entries of a table's rows; None where it can."""
    known = _known(connection)
    if plan not in known:
        known[plan] = _why_not(connection, plan)
    reason: str | None = known[plan]
    return reason


def _writer(connection: BaseDatabaseWrapper, written: WrittenSet) -> SetWriter:
    known = _known(connection)
    wanted = (written.plan, written.fields)
    if wanted not in known:
        known[wanted] = SetWriter(connection, *wanted)
    writer: SetWriter = known[wanted]
    return writer


def _known(connection: BaseDatabaseWrapper) -> dict[Any, Any]:
    """Return what was found out for a connection under the settings in force."""
    made_at, known = connection.__dict__.get(ATTRIBUTE, (-1, {}))
    if made_at != generation():
        known = {}
        connection.__dict__[ATTRIBUTE] = (generation(), known)
    found: dict[Any, Any] = known
    return found


def _why_not(connection: BaseDatabaseWrapper, plan: TablePlan) -> str | None:
    dialect, table = dialect_of(connection), described(plan.model, connection.alias, plan.fields)
    if dialect is None:
        return "nobody has tried it on this database"
    strange = [field.name for field in plan.fields if has_spelling_of_its_own(field)]
    if strange:
        return f"only Python can read the values of {', '.join(strange)}"
    reason: str | None = dialect.why_not(table, connection)
    if (
        reason is None
        and connection.vendor == "mysql"
        and dialect.Spelling(table, connection).functions_needed
    ):
        return "its values need functions, and making them here would end the transaction"
    return reason


class SetWriter:
    """The statements that make entries of many rows of one table on one connection."""

    def __init__(
        self, connection: BaseDatabaseWrapper, plan: TablePlan, fields: tuple[Field[Any, Any], ...]
    ) -> None:
        self._connection = connection
        self._table = described(plan.model, connection.alias, fields)
        self._key_fields = [plan.fields[place] for place in plan.key]
        self._keys = [connection.ops.quote_name(column.column) for column in self._table.key]
        self._spelling = dialect_of(connection).Spelling(self._table, connection)

    def write(self, written: WrittenSet, facts: dict[str, Any]) -> int:
        """Insert the entries, and return how many they are."""
        quote = self._connection.ops.quote_name
        made = self._made(written, facts["seq"])
        cells = [made.get(field.attname) or self._given(field, facts[field.attname]) for field in FIELDS]
        source = self._source(written)
        columns = ", ".join(quote(str(field.column)) for field in FIELDS)
        sql = (
            f"INSERT INTO {quote(AuditEntry._meta.db_table)} ({columns}) "
            f"SELECT {', '.join(cell.sql for cell in cells)} FROM {source.sql}"
        )
        params = [value for piece in (*cells, source) for value in piece.params]
        with self._connection.cursor() as cursor:
            if self._connection.vendor == "postgresql" and self._spelling.functions_needed:
                cursor.execute(_functions())
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def _made(self, written: WrittenSet, taken: int) -> dict[str, Piece]:
        """Return what the database makes of each row; `taken` are the places before its own."""
        action = written.action
        key = self._spelling.key("OLD" if action is Action.DELETE else "NEW")
        order = ", ".join(f"NEW.{column}" for column in self._keys)
        place = f"OLD.{written.place}" if written.stage else f"ROW_NUMBER() OVER (ORDER BY {order})"
        words = [literal(f"{self._table.label} "), key]
        is_mysql = self._connection.vendor == "mysql"
        text = f"CONCAT({', '.join(words)})" if is_mysql else " || ".join(words)
        made = {
            "object_id": key,
            "object_repr": f"SUBSTR({text}, 1, {KEY_LENGTH})",
            "changes": self._spelling.changes(action),
        }
        pieces = {name: Piece(sql.replace("%", "%%")) for name, sql in made.items()}
        pieces["seq"] = Piece(f"%s + {place}", (taken,))  # for SQLite has plans of the texts that it knows
        return pieces

    def _given(self, field: Field[Any, Any], value: Any) -> Piece:
        """Return a value that all entries have; PostgreSQL wants to know what it is."""
        if self._connection.vendor == "postgresql":
            return Piece(f"%s::{field.db_type(self._connection)}", (value,))
        return Piece("%s", (value,))

    def _source(self, written: WrittenSet) -> Piece:
        """Return where the rows are, and which of them count."""
        table = self._connection.ops.quote_name(self._table.name)
        if written.action is Action.CREATE:
            found = expansion(self._key_fields, self._connection)
            keys = ", ".join(f"NEW.{key}" for key in self._keys)
            return Piece(f"{table} AS NEW WHERE ({keys}) IN ({found})", (document(written.keys),))
        if written.action is Action.DELETE:
            return Piece(f"{written.stage} AS OLD")
        same = " AND ".join(f"NEW.{key} = OLD.{key}" for key in self._keys)
        differs = self._spelling.differs().replace("%", "%%")
        return Piece(f"{written.stage} AS OLD INNER JOIN {table} AS NEW ON {same} WHERE {differs}")


@cache
def _functions() -> str:
    return postgresql.functions(postgresql.TEMPORARY)
