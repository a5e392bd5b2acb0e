"""Other programs that write to the tests' databases."""

from __future__ import annotations

import os
import subprocess

from django.db import connection


def run_sql(sql: str) -> None:
    """Run statements with the database's own command line."""
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
