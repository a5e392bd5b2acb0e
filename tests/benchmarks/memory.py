"""How much memory an `update()` of very many rows takes, audited in each way (Linux).

Each variant has a process and a database of its own; with SQLite it is a file.
"""

# ruff: noqa: T201 - the table is for people
from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django

from .command import VARIABLE, VENDORS

FILE = "SIGNALS_AUDIT_BENCHMARK_FILE"
VARIANTS = ("plain", "exact", "database", "triggers")
CHECKOUT = Path(__file__).parents[2]
MEGABYTE = 1024**2
AIM = 100
FIRST = 1000


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("variants", nargs="*", metavar="variant", help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--database", choices=VENDORS, default=os.environ.get(VARIABLE, "sqlite"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--most", type=int, default=8000, metavar="MB", help="what a process may take")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ[VARIABLE] = chosen.database
    if chosen.child:
        print(json.dumps(measured(chosen.variants[0], rows=chosen.rows, most=chosen.most)))
        return
    print(
        f"{chosen.database}, update() of {chosen.rows} rows, peak of the process in MB and beyond its start"
    )
    plain: float | None = None
    for variant in chosen.variants or VARIANTS:
        told = in_a_process(variant, chosen)
        if variant == "plain" and "error" not in told:
            plain = told["peak"] - told["start"]
        print(line(variant, told, plain), flush=True)


def in_a_process(variant: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what a process of its own tells of a variant."""
    arguments = [variant, f"--rows={chosen.rows}", f"--database={chosen.database}", f"--most={chosen.most}"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.memory", "--child", *arguments],
            cwd=CHECKOUT,
            env=os.environ | {FILE: str(Path(folder, "benchmark.sqlite3"))},
            stdout=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        return {"error": f"ended with {done.returncode}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def line(variant: str, told: dict[str, Any], plain: float | None) -> str:
    if "error" in told:
        return f"{variant:10} {told['error']}"
    more = told["peak"] - told["start"]
    size, entries = f"peak {told['peak']:7.1f}  +{more:7.1f}", f"{told['entries']} entries"
    text = f"{variant:10} {size}  {told['seconds']:6.1f} s  {entries}"
    if plain is None or variant == "plain":
        return text
    return f"{text}  {more - plain:7.1f} over plain, aim {AIM}  {'met' if more - plain <= AIM else 'missed'}"


def measured(variant: str, *, rows: int, most: int) -> dict[str, Any]:
    """Return the memory and the time of an update in this process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from signals_audit.models import AuditEntry

    from .database import database
    from .measure import surroundings, without_entries
    from .twins import TWINS

    model: Any = TWINS["wide"][variant]
    with database():
        with without_entries():
            fill(model, rows)
        resource.setrlimit(resource.RLIMIT_AS, (most * MEGABYTE, most * MEGABYTE))
        with surroundings(variant):
            try:
                told = updated(model)
            except MemoryError:
                return {"error": f"more than {most} MB"}
        return told | {"entries": AuditEntry.objects.count()}


def updated(model: Any) -> dict[str, Any]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of what was before
    start, began = status("VmRSS"), time.perf_counter()
    model.objects.update(title="Another title", count=2)
    return {"start": start, "peak": status("VmHWM"), "seconds": time.perf_counter() - began}


def status(name: str) -> float:
    """Return a size of this process in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def fill(model: Any, rows: int) -> None:
    """Have many rows made by the database, without any of them in this process."""
    from django.db import connection

    from .cases import fill as fill_with

    fill_with(model, min(rows, FIRST))
    columns = ", ".join(
        connection.ops.quote_name(field.column) for field in model._meta.fields if not field.primary_key
    )
    table, there = model._meta.db_table, min(rows, FIRST)
    with connection.cursor() as cursor:
        while there < rows:
            added = min(there, rows - there)
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT {added}")
            there += added


if __name__ == "__main__":
    main()
