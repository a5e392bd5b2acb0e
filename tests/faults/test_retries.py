"""Transactions that the database refuses, tried again until they are kept: one entry for each change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings import VENDOR

from .running import FLAWLESS, LAYOUTS, entries_of, run

# Each meets what others lock or have changed, in plain Django too.
ORDERS = ("save_in_any_order", "update_sets", "upsert")
POINTING = ("favourite", "child_then_parent")
READING = ("read_and_count_up", "save_after_reading_all")
SETS = ("update_set", "bulk_update", "replace_children")
FORMS = {
    "sqlite": {"": READING},
    "postgresql": {
        "read committed": ORDERS,
        "repeatable read": (*READING, *ORDERS, *SETS),
        "serializable": (*READING, *ORDERS, *SETS),
    },
    "mariadb": {
        "read committed": (*ORDERS, *POINTING),
        "repeatable read": (*ORDERS, *POINTING, *SETS[:2]),
        "serializable": (*READING, *ORDERS, *SETS),
    },
}[VENDOR]
REFUSED = {"deadlock", "serialization", "locked"}
MANY = pytest.param(100, id="many", marks=pytest.mark.long)


@pytest.mark.parametrize("turns", [6, MANY])
@pytest.mark.parametrize("level", FORMS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_change_that_was_kept_has_one_entry_however_often_it_was_tried(
    layout: str, level: str, turns: int, tmp_path: Path
) -> None:
    forms = FORMS[level]
    command = ("load", "--attempts", "1000", "--turns", str(turns), *forms)
    plain = run(tmp_path, layout, *command, level=level, app="0")
    audited = run(tmp_path, layout, *command, level=level)
    for done in (plain["done"], audited["done"]):
        assert {form: done[form] for form in forms} == dict.fromkeys(forms, 6 * turns)
        assert done.keys() - set(forms) <= REFUSED
        assert done.keys() & REFUSED  # otherwise nothing was tried again
    assert audited["verdict"] == FLAWLESS | {"entries": entries_of(audited["due"])}
