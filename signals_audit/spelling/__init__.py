"""How each database itself spells rows as entries: SQL expressions for `changes` and `object_id`.

A `Spelling` is made for a table and a connection. Its expressions take a row's two states by the names OLD
and NEW, as in triggers; in a statement these are aliases, not quoted: `FROM before AS OLD JOIN tags AS NEW`.
Where such a statement has parameters, each `%` of the expressions has to be doubled.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from . import mysql, postgresql, sqlite

DIALECTS: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite, "mysql": mysql}


def dialect_of(connection: BaseDatabaseWrapper) -> Any:
    """Return the module that spells for a connection's database; None where there is none."""
    return DIALECTS.get(connection.vendor)
