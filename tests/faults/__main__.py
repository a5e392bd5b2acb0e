"""Run one fault test on an empty database, and print its outcome as JSON. The tests beside this start it.

python -m tests.faults kills --count 200    kill writers on all databases, and print the sums
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

from . import campaign


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--journal", choices=["wal", "delete"], default="delete", help="SQLite's journal")
    parser.add_argument("--isolation", default="", help="the servers' level")
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load", help="write from several processes")
    load.add_argument("--processes", type=int, default=6)
    load.add_argument("--turns", type=int, default=30)
    load.add_argument("--attempts", type=int, default=1, help="how often a refused write is tried")
    load.add_argument("forms", nargs="+")
    pairs = commands.add_parser("pairs", help="write from several processes, two forms at a time")
    pairs.add_argument("--turns", type=int, default=15)
    pairs.add_argument("forms", nargs="+")
    kill = commands.add_parser("kill", help="kill writers at random moments")
    kill.add_argument("kills", type=int)
    many = commands.add_parser("kills", help="kill writers on all databases, and print the sums")
    many.add_argument("--count", type=int, default=200)
    classes = commands.add_parser(
        "deadlocks", help="write all pairs on both servers, and print which deadlock"
    )
    classes.add_argument("--turns", type=int, default=10)
    commands.add_parser("points", help="kill a writer at each of its statements")
    commands.add_parser("rival", help="write with a rival between the statements")
    return parser.parse_args()


@contextmanager
def database(journal: str) -> Iterator[None]:
    """Have an empty database with all tables, and drop it in the end."""
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA journal_mode = {journal}")
    try:
        yield
    finally:
        connection.creation.destroy_test_db("unused", verbosity=0)


def outcome(chosen: argparse.Namespace) -> dict[str, Any]:
    from . import kills, load, rival, work
    from .settings import HAS_APP
    from .settle import settle

    work.seed()
    due: dict[str, int] = {}
    match chosen.command:
        case "load":
            done, due = load.run(chosen.processes, chosen.turns, chosen.forms, chosen.attempts)
        case "pairs":
            done = load.pairs(chosen.turns, chosen.forms)
        case "kill":
            done = kills.at_random(chosen.kills)
        case "rival":
            done = rival.meet()
        case _:
            done = kills.at_every_point()
    settle()
    if not HAS_APP:
        return {"done": done}
    from .ledger import verdict

    return {"done": done, "due": due, "verdict": verdict()}


def main() -> None:
    chosen = options()
    if chosen.command == "kills":
        sys.exit(campaign.kills(chosen.count))
    if chosen.command == "deadlocks":
        sys.exit(campaign.deadlocks(chosen.turns))
    os.environ["SIGNALS_AUDIT_FAULTS_ISOLATION"] = chosen.isolation
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    django.setup()
    with database(chosen.journal):
        found = outcome(chosen)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
