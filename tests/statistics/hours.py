"""Run processes that measure the same receivers and write to the same rows, and print what the rows say.

python -m tests.statistics.hours add 4        so many processes, which write every few calls
python -m tests.statistics.hours locked       one that writes while another connection has the table locked
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

FORKED = multiprocessing.get_context("fork")
ROUNDS, CALLS = 20, 50
TABLE = "signals_audit_receiverstatistics"


class Sender:
    """Who sends."""


def heard(sender: Any, **named: Any) -> None: ...


def heard_too(sender: Any, **named: Any) -> None: ...


def failing(sender: Any, **named: Any) -> None:
    raise ValueError(f"process {os.getpid()}")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.statistics.hours", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("processes", type=int)
    commands.add_parser("locked")
    return parser.parse_args()


def send(times: int) -> None:
    from django.db.models.signals import post_save, pre_save

    for _ in range(times):
        post_save.send_robust(Sender)
        pre_save.send_robust(Sender)


def work(start: Any) -> None:
    """Measure and write in turns, at the same time as the others."""
    from signals_audit.receiver_statistics import flush

    start.wait(60)
    for _ in range(ROUNDS):
        send(CALLS)
        flush()
    is_written = any(flush() for _ in range(20))  # what waited too long for the others is written later
    sys.exit(not is_written)


def added(processes: int) -> dict[str, Any]:
    from django.db import connections

    send(3)  # what was measured before is the parent's alone
    connections.close_all()
    start = FORKED.Event()
    working = [FORKED.Process(target=work, args=(start,)) for _ in range(processes)]
    for process in working:
        process.start()
    start.set()
    for process in working:
        process.join(300)
    return {"failed": [process.exitcode for process in working]} | told()


def locked() -> dict[str, Any]:
    """Write while another connection keeps the table to itself, and once more when it does not."""
    from django.db import connection, connections

    from signals_audit.receiver_statistics import flush

    is_locked, may_end = threading.Event(), threading.Event()

    def lock() -> None:
        with locked_table(connection):
            is_locked.set()
            may_end.wait(60)
        connections.close_all()

    holder = threading.Thread(target=lock)
    holder.start()
    is_locked.wait(60)
    be_impatient(connection)
    send(3)
    meanwhile = flush()
    send(2)
    may_end.set()
    holder.join()
    return {"meanwhile": meanwhile, "afterwards": flush()} | told()


@contextmanager
def locked_table(connection: Any) -> Iterator[None]:
    """Have nobody else write to the table."""
    from django.db import transaction

    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLES {TABLE} WRITE")
            yield
            cursor.execute("UNLOCK TABLES")
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"LOCK TABLE {TABLE}" if connection.vendor == "postgresql" else f"DELETE FROM {TABLE} WHERE 0"
        )
        yield


def be_impatient(connection: Any) -> None:
    """Have a connection not wait for long; PostgreSQL's is told by the app not to."""
    waits = {"sqlite": "PRAGMA busy_timeout = 100", "mysql": "SET SESSION lock_wait_timeout = 1"}
    if connection.vendor in waits:
        connection.cursor().execute(waits[connection.vendor])


def told() -> dict[str, Any]:
    from signals_audit.models import ReceiverStatistics
    from signals_audit.receiver_statistics import flush, totals
    from signals_audit.tracing.durations import Durations

    flush()
    rows = list(ReceiverStatistics.objects.all())
    return {
        "counted": sum(len(Durations.from_json(each.durations)) for each in rows),
        "twice": len(rows) - len({(each.hour, each.signal, each.receiver) for each in rows}),
        "calls": {f"{one.signal} {one.receiver.rpartition('.')[2]}": one.calls for one in totals()},
        "errors": sum(one.errors for one in totals()),
    }


def main() -> None:
    chosen = options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.statistics.settings"
    django.setup()
    from django.db.models.signals import post_save, pre_save

    from tests.faults.__main__ import database

    logging_off()
    with database("wal"):
        for receiver in (heard, failing):
            post_save.connect(receiver, sender=Sender)
        pre_save.connect(heard_too, sender=Sender)
        found = added(chosen.processes) if chosen.command == "add" else locked()
    json.dump(found, sys.stdout)


def logging_off() -> None:
    import logging

    logging.getLogger("django.dispatch").disabled = True  # send_robust tells of each error


if __name__ == "__main__":
    main()
