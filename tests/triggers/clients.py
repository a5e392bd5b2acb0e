"""Other programs that write to the tests' databases."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing

from django.db import connection


def run_sql(sql: str) -> None:
    """Run statements with the database's command line; SQLite's in a copy of its memory, put back then."""
    if connection.vendor == "sqlite":
        _run_on_file(sql)
        return
    settings = connection.settings_dict
    environment = os.environ | {"PGPASSWORD": settings["PASSWORD"], "MYSQL_PWD": settings["PASSWORD"]}
    name = str(settings["NAME"])
    where = ["-h", settings["HOST"], "-U" if connection.vendor == "postgresql" else "-u", settings["USER"]]
    commands = {
        "postgresql": ["psql", *where, "-p", settings["PORT"], "-v", "ON_ERROR_STOP=1", "-c", sql, name],
        "mysql": ["mariadb", *where, "-P", settings["PORT"], "-e", sql, name],
    }
    done = subprocess.run(
        commands[connection.vendor], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _run_on_file(sql: str) -> None:
    script = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).executescript(sys.argv[2])"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/copy.sqlite3"
        with closing(sqlite3.connect(path)) as copy:
            connection.connection.backup(copy)
        subprocess.run([sys.executable, "-c", script, path, sql], check=True)
        with closing(sqlite3.connect(path)) as copy:
            copy.backup(connection.connection)
