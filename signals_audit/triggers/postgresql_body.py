"""What a table's function does on PostgreSQL: for each row, or for all rows of a statement at once.

Single rows cost least one by one; of a thousand, one statement makes the entries in half the time. Django's
side says which it is to be, by a setting that lasts until the transaction ends; others go one by one.
"""
# ruff: noqa: S608 - what stands in these statements are names of tables and columns, quoted

from __future__ import annotations

from ..spelling.columns import Table
from ..spelling.literals import literal
from ..spelling.postgresql import Spelling
from ..types import Action

SETS = "signals_audit.sets"
BY_ROWS = f"coalesce(current_setting('{SETS}', true), '') <> 'on'"
BY_SETS = f"current_setting('{SETS}', true) = 'on'"
FEW = 64  # to plan anew for so many takes longer than any plan does
WHOLE = {Action.CREATE: ("NEW", "signals_new"), Action.DELETE: ("OLD", "signals_old")}


class Body:
    """The text of a table's function; `schema` and `entries` are those of the log, quoted."""

    def __init__(self, table: Table, schema: str, entries: str, spelling: Spelling) -> None:
        self._table = table
        self._schema = schema
        self._entries = entries
        self._spelling = spelling

    def text(self) -> str:
        """Return all of the function."""
        labels = [label.lower() for label in (self._table.label, self._table.row_label) if label]
        return f"""
#variable_conflict use_column
DECLARE
    pieces text := '';
    changes jsonb;
    place integer;
    lone_key text;
    begun text;
    moment timestamptz;
    found_rows bigint;
BEGIN
    IF current_setting('signals_audit.disabled', true) <> '' THEN
        IF string_to_array(current_setting('signals_audit.disabled', true), ' ')
            && ARRAY[{", ".join(map(literal, labels))}]
            OR current_setting('signals_audit.disabled', true) = '*' THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_LEVEL = 'STATEMENT' THEN{self._by_sets()}
    ELSE{self._by_rows()}
    END IF;
    RETURN NULL;
END"""

    def _by_sets(self) -> str:
        return f"""
        moment := clock_timestamp();
        begun := {self._schema}.signals_audit_begun(moment);
        IF TG_OP = 'INSERT' THEN{self._set(Action.CREATE)}
        ELSIF TG_OP = 'DELETE' THEN{self._set(Action.DELETE)}
        ELSE{self._set(Action.UPDATE)}
        END IF;
        IF found_rows > 0 THEN
            begun := {self._schema}.signals_audit_counted(begun, found_rows, moment);
        END IF;"""

    def _by_rows(self) -> str:
        return f"""
        IF TG_OP = 'INSERT' THEN
            changes := {self._spelling.changes(Action.CREATE)};
            {self._recorded(Action.CREATE)}
        ELSIF TG_OP = 'DELETE' THEN
            changes := {self._spelling.changes(Action.DELETE)};
            {self._recorded(Action.DELETE)}
        ELSE
{self._differences()}
            IF pieces <> '' THEN
                changes := {self._spelling.whole("pieces")};
                {self._recorded(Action.UPDATE)}
            END IF;
        END IF;"""

    def _recorded(self, action: Action, key: str = "") -> str:
        facts = f"'{self._told_as(action).value}', {literal(self._table.label)}, {literal(self._table.using)}"
        found = key or self._spelling.key("OLD" if action == Action.DELETE else "NEW")
        return f"place := {self._schema}.signals_audit_recorded({facts}, {found}, changes);"

    def _differences(self) -> str:
        return "\n".join(
            f"            IF {self._spelling.column_differs(column)} THEN\n"
            f"                pieces := pieces || {self._spelling.piece(column, Action.UPDATE)};\n"
            f"            END IF;"
            for column in self._table.columns
        )

    def _set(self, action: Action) -> str:
        """Return what writes the entries of a statement: planned for its rows, unless they are few.

        A lone row goes the way of rows, for which an INSERT of values takes less time than one of a query.
        """
        table = "signals_old" if action == Action.DELETE else "signals_new"
        many = self._insert(action, begun="$1", moment="$2")
        few = self._insert(action, begun="begun", moment="moment")
        return f"""
            SELECT count(*) FROM (SELECT FROM {table} LIMIT {FEW + 1}) AS found INTO found_rows;
            IF found_rows > {FEW} THEN
                EXECUTE {literal(many)} USING begun, moment;
                GET DIAGNOSTICS found_rows = ROW_COUNT;
{self._lone(action)}
            ELSIF found_rows > 0 THEN
                {few};
                GET DIAGNOSTICS found_rows = ROW_COUNT;
            END IF;"""

    def _lone(self, action: Action) -> str:
        """Return what is done for the only row of a statement."""
        return f"""
            ELSIF found_rows = 1 THEN
                {self._lone_row(action)} INTO lone_key, changes;
                IF FOUND THEN
                    {self._recorded(action, "lone_key")}
                END IF;
                found_rows := 0;"""

    def _lone_row(self, action: Action) -> str:
        """Return the query for the key and the changes of the only row."""
        changes = self._spelling.changes(action)
        if action == Action.UPDATE:
            return (
                f"SELECT {self._spelling.key('NEW')}, {changes} "
                f"FROM signals_old AS OLD, signals_new AS NEW WHERE {self._spelling.differs()}"
            )
        row, table = WHOLE[action]
        return f"SELECT {self._spelling.key(row)}, {changes} FROM {table} AS {row}"

    def _insert(self, action: Action, *, begun: str, moment: str) -> str:
        label, because = literal(self._table.label), "current_setting('signals_audit.cause', true)"
        told = self._told_as(action).value
        return f"""INSERT INTO {self._entries} (
        change_set_id, seq, actor_id, action, model, "using", object_id, object_repr, changes, source,
        caused_by, caused_by_change_set, caused_by_seq, created_at
    ) SELECT
        left({begun}, 36)::uuid, substr({begun}, 38)::integer + made.signals_place,
        coalesce(current_setting('signals_audit.actor', true), ''), '{told}', {label},
        {literal(self._table.using)}, made.signals_key, left({label} || ' ' || made.signals_key, 255),
        made.signals_changes, 'trigger', coalesce(split_part({because}, E'\\n', 3), ''),
        nullif(split_part({because}, E'\\n', 1), '')::uuid,
        nullif(split_part({because}, E'\\n', 2), '')::integer, {moment}
    FROM ({self._made(action)}) AS made"""

    def _told_as(self, action: Action) -> Action:
        """Return what entries say was done, where an action was done to the table's rows."""
        return action

    def _made(self, action: Action) -> str:
        """Return the query for the keys and changes of a statement's rows, in their order."""
        changes = self._spelling.changes(action)
        if action != Action.UPDATE:
            row, table = WHOLE[action]
            return (
                f"SELECT row_number() OVER () AS signals_place, {self._spelling.key(row)} AS signals_key, "
                f"{changes} AS signals_changes FROM {table} AS {row}"
            )
        numbered = "(SELECT row_number() OVER () AS signals_row, * FROM {}) AS {}"
        return (
            "SELECT row_number() OVER (ORDER BY NEW.signals_row) AS signals_place, "
            f"{self._spelling.key('NEW')} AS signals_key, {changes} AS signals_changes "
            f"FROM {numbered.format('signals_old', 'OLD')} JOIN {numbered.format('signals_new', 'NEW')} "
            f"ON OLD.signals_row = NEW.signals_row WHERE {self._spelling.differs()}"
        )
