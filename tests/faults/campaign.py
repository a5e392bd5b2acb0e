"""Kills and deadlocks on every database: one command for each, and the sums of what it found."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import databases

from .running import BETWEEN, JOURNALS
from .running import run as run_one

SERVERS = ("postgresql", "mariadb")
LAYOUTS = (*JOURNALS, *SERVERS)
PAIRED = (
    *("save", "save_in_block", "save_in_late_block", "count_up", "create", "come_and_go", "update_set"),
    *("bulk_update", "upsert", "replace_children", "parent_then_child", "child_then_parent"),
    *("child_of_another", "favourite", "add", "remove", "relate"),
)
LONGER = 100
COLUMNS = ("kills", "in a write", "entries", "lost", "phantoms", "flaws")


def kills(count: int) -> int:
    """Kill writers on all databases, print the sums, and return what the command ends with."""
    total: Counter[str] = Counter()
    during: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)):
        say(_line("", COLUMNS))
        for number, layout in enumerate(LAYOUTS):
            share = count * (number + 1) // len(LAYOUTS) - count * number // len(LAYOUTS)
            found = run_one(Path(folder), layout, "kill", str(share))
            sums = _sums(found)
            during.update(found["done"]["during"])
            total.update(sums)
            say(_line(layout, [sums[column] for column in COLUMNS]))
    say(_line("all", [total[column] for column in COLUMNS]))
    say("killed during: " + ", ".join(f"{form} {times}" for form, times in during.most_common()))
    return 1 if total["lost"] or total["phantoms"] or total["flaws"] else 0


def deadlocks(turns: int) -> int:
    """Write each pair of forms at the same time, without the app and with it; print which pairs were refused.

    A class of refusal is new where neither the pair nor one of its forms alone meets it without the app, not
    even in many more turns: some are rare.
    """
    new: list[str] = []
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)):
        for layout in SERVERS:
            command = (Path(folder), layout, "pairs", "--turns", str(turns), *PAIRED)
            plain, audited = (run_one(*command, app=app)["done"] for app in "01")
            say(f"{layout}: of {len(plain)} pairs these were refused, without the app and with it")
            for pair in plain:
                if plain[pair] or audited[pair]:
                    known = _is_met(pair, plain) or _is_met(pair, _longer(Path(folder), layout, pair, turns))
                    new += [] if known else [f"{layout}: {pair}"]
                    say(f"{pair:45}{plain[pair]:6}{audited[pair]:6}{'' if known else '  new'}")
            say(f"{'all':45}{sum(plain.values()):6}{sum(audited.values()):6}")
    return 1 if new else 0


def _is_met(pair: str, refused: Mapping[str, int]) -> bool:
    return any(refused[alone] for alone in (pair, *(f"{form} + {form}" for form in pair.split(" + "))))


def _longer(folder: Path, layout: str, pair: str, turns: int) -> dict[str, int]:
    """Return how often a pair and its forms alone are refused without the app in many more turns."""
    command = (folder, layout, "pairs", "--turns", str(turns * LONGER), *sorted(set(pair.split(" + "))))
    return dict(run_one(*command, app="0")["done"])


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def servers(folder: Path) -> Iterator[None]:
    """Have servers for the time of a run, unless the environment names some."""
    if "SIGNALS_AUDIT_POSTGRESQL_HOST" in os.environ and "SIGNALS_AUDIT_MARIADB_HOST" in os.environ:
        yield
        return
    place = folder / "servers"
    try:
        os.environ.update(databases.start(place))
        yield
    finally:
        databases.stop(place)


def _sums(found: dict[str, Any]) -> dict[str, int]:
    verdict, during = found["verdict"], found["done"]["during"]
    others = verdict.keys() - {"entries", "lost", "phantoms"}
    return {
        "kills": found["done"]["kills"],
        "in a write": sum(times for form, times in during.items() if form != BETWEEN),
        "entries": sum(verdict["entries"].values()),
        "lost": verdict["lost"],
        "phantoms": verdict["phantoms"],
        "flaws": sum(bool(verdict[name]) for name in others),
    }


def _line(name: str, cells: Any) -> str:
    return f"{name:12}" + "".join(f"{cell:>12}" for cell in cells)
