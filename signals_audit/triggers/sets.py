"""Which statements may change many rows, as far as their text tells; it matters to their speed alone."""

from __future__ import annotations

import re
from collections.abc import Collection

_ONE = re.compile(
    r""" WHERE \(?(?:"[^"]+"\.)?"(?P<column>[^"]+)" (?:= %s|IN \(%s\))\)?(?: RETURNING .*)?$""", re.DOTALL
)


def may_be_many(sql: str, keys: Collection[str]) -> bool:
    """Tell whether a statement may change many rows: it names no single key, or brings several rows."""
    verb = sql[:6].upper()
    if verb == "INSERT":
        return "), (" in sql or " UNNEST(" in sql
    if verb not in ("UPDATE", "DELETE"):
        return False
    one = _ONE.search(sql)
    return one is None or one["column"] not in keys
