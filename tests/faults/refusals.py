"""What a database refuses when others write at the same time, and a caller has to try again."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError

REFUSALS = {
    "40P01": "deadlock",
    "40001": "serialization",
    1213: "deadlock",
    1205: "locked",
    1020: "serialization",
    "database is locked": "locked",
}


def refusal(error: DatabaseError) -> str:
    """Return why the database refused; any other error is raised again."""
    cause: Any = error.__cause__
    code = getattr(cause, "sqlstate", None) or error.args[0]
    if code not in REFUSALS:
        raise error
    return REFUSALS[code]
