"""Waiting for a server that is still busy with the last statements of killed processes."""

from __future__ import annotations

import time

from django.db import connection

OTHERS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> CONNECTION_ID()",
}
PATIENCE = 30.0


def settle() -> None:
    """Wait until this is the only connection to the database."""
    query = OTHERS.get(connection.vendor)
    limit = time.monotonic() + PATIENCE
    while query and _count(query):
        if time.monotonic() > limit:
            raise TimeoutError("Connections of killed processes are still open")
        time.sleep(0.05)


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
