"""Run one fault test of deliveries on an empty database, and print its outcome as JSON.

python -m tests.deliveries.faults kill 100     kill those who write and those who deliver, at random moments
python -m tests.deliveries.faults points       kill a writer at each of its statements, and around its hook
python -m tests.deliveries.faults load 10000   write while two `audit_deliver --watch` run
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import django

from tests.faults.__main__ import database


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.deliveries.faults", description=__doc__)
    parser.add_argument("--journal", choices=["wal", "delete"], default="wal", help="SQLite's journal")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("kill").add_argument("count", type=int)
    commands.add_parser("points")
    commands.add_parser("load").add_argument("count", type=int)
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.deliveries.faults.settings"
    django.setup()
    with database(chosen.journal):
        from . import kills, load

        match chosen.command:
            case "kill":
                found = kills.at_random(chosen.count)
            case "points":
                found = kills.at_every_point()
            case _:
                found = load.run(chosen.count)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
