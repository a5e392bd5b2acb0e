"""The database of the demo: emptied when it is the demo's own file, and never otherwise."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

DEMO_FILE = "demo.sqlite3"


def describe() -> str:
    """Name the database for people."""
    return f"{connection.display_name} {connection.settings_dict['NAME']}"


def is_own_file() -> bool:
    """Tell whether the database is the file that the demo made."""
    return (
        connection.vendor == "sqlite"
        and Path(connection.settings_dict["NAME"]) == settings.DATA_DIR / DEMO_FILE
    )


def empty() -> None:
    """Remove the demo's own file, with what SQLite keeps beside it."""
    connection.close()
    for suffix in ("", "-wal", "-shm", "-journal"):
        (settings.DATA_DIR / f"{DEMO_FILE}{suffix}").unlink(missing_ok=True)


def prepare(*, keep: bool) -> None:
    """Bring the tables up to date, in an empty file unless it is to be kept."""
    if is_own_file() and not keep:
        empty()
    call_command("migrate", verbosity=0, interactive=False)
