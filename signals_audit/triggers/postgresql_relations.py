"""What the function of a many-to-many table does on PostgreSQL: it tells each owner what came and went.

An owner has one entry of a statement, however many of its rows that touches, as from Django's side.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

import json

from ..spelling.literals import literal
from ..types import Action
from .postgresql_body import Body

NUMBERED = "(SELECT row_number() OVER () AS signals_row, * FROM {}) AS {}"
WERE, ARE = NUMBERED.format("signals_old", "OLD"), NUMBERED.format("signals_new", "NEW")
TABLES = {Action.CREATE: ("true", "signals_new"), Action.DELETE: ("false", "signals_old")}


class RelationBody(Body):
    """The text of the function: the table's key is what points at the owner, its column at the other end."""

    def _told_as(self, action: Action) -> Action:
        return Action.UPDATE

    def _by_rows(self) -> str:
        return "\n        NULL;"

    def _made(self, action: Action) -> str:
        """Return the query for the owners of a statement's rows, and what came to each of them and went."""
        came, went = self._side("NEW.signals_came"), self._side("NOT NEW.signals_came")
        return (
            "SELECT row_number() OVER (ORDER BY min(NEW.signals_row)) AS signals_place, "
            f"{self._spelling.key('NEW')} AS signals_key, {self._change(came, went)} AS signals_changes "
            f"FROM ({self._rows(action)}) AS NEW WHERE {self._is_whole()} GROUP BY {self._ends('NEW')[0]}"
        )

    def _lone(self, action: Action) -> str:
        return "" if action is Action.UPDATE else super()._lone(action)  # it may touch two owners

    def _lone_row(self, action: Action) -> str:
        value, (_came, table) = self._spelling.encoded(self._table.columns[0], "NEW"), TABLES[action]
        change = self._change(value, "''") if action is Action.CREATE else self._change("''", value)
        return f"SELECT {self._spelling.key('NEW')}, {change} FROM {table} AS NEW WHERE {self._is_whole()}"

    def _change(self, came: str, went: str) -> str:
        """Return the SQL of the JSON of an entry's changes."""
        start = literal(f'{{{json.dumps(self._table.relation, ensure_ascii=False)}:{{"added":[')
        return f"""({start} || {came} || '],"removed":[' || {went} || ']}}}}')::jsonb"""

    def _is_whole(self) -> str:
        """Return the condition that a row has both ends: what a through model has may be empty."""
        return " AND ".join(f"{end} IS NOT NULL" for end in self._ends("NEW"))

    def _ends(self, row: str) -> tuple[str, str]:
        owner, target = self._table.key[0], self._table.columns[0]
        return f"{row}.{self._spelling.name(owner)}", f"{row}.{self._spelling.name(target)}"

    def _side(self, condition: str) -> str:
        value = self._spelling.encoded(self._table.columns[0], "NEW")
        return f"coalesce(string_agg({value}, ',' ORDER BY NEW.signals_row) FILTER (WHERE {condition}), '')"

    def _rows(self, action: Action) -> str:
        """Return the query for the rows, numbered, and whether each came or went; one that moved did both."""
        if action is Action.UPDATE:
            pairs = zip(self._ends("OLD"), self._ends("NEW"), strict=True)
            differs = " OR ".join(f"{old} IS DISTINCT FROM {new}" for old, new in pairs)
            moved = f"{WERE} JOIN {ARE} USING (signals_row) WHERE {differs}"
            return f"{self._told('OLD', 'false')} {moved} UNION ALL {self._told('NEW', 'true')} {moved}"
        came, table = TABLES[action]
        return f"{self._told('made', came)} {NUMBERED.format(table, 'made')}"

    def _told(self, row: str, came: str) -> str:
        return f"SELECT signals_row, {came} AS signals_came, {', '.join(self._ends(row))} FROM"
