"""Processes that write the same rows at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings import VENDOR

from .running import FLAWLESS, LAYOUTS, SEEDED, entries_of, run

SAVES = ("save", "save_in_block", "save_in_late_block", "count_up")
SETS = ("update_set", "bulk_update", "replace_children", "come_and_go", "create")
POINTING = ("parent_then_child", "child_then_parent", "child_of_another", "favourite")
# InnoDB locks the row that is pointed at for good: only in the one order does plain Django meet no deadlock.
WITHOUT_DEADLOCK = POINTING[:1] if VENDOR == "mariadb" else POINTING
MANY = pytest.param(300, id="many", marks=pytest.mark.long)


@pytest.mark.parametrize("turns", [30, MANY])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_900_saves_of_six_processes_are_refused_no_more_often_than_without_the_app_and_all_are_recorded(
    layout: str, turns: int, tmp_path: Path
) -> None:
    command = ("load", "--turns", str(turns), *SAVES)
    plain = run(tmp_path, layout, *command, app="0")
    audited = run(tmp_path, layout, *command)
    due = {"update testapp.Article": 30 * turns, "update testapp.Vote": 6 * turns}
    assert plain["done"] == audited["done"] == dict.fromkeys(SAVES, 6 * turns)
    assert audited["due"] == due
    assert audited["verdict"] == FLAWLESS | {"entries": SEEDED | due}


@pytest.mark.parametrize("turns", [15, MANY])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sets_that_overlap_meet_no_deadlock_in_whichever_order_they_are_named(
    layout: str, turns: int, tmp_path: Path
) -> None:
    found = run(tmp_path, layout, "load", "--turns", str(turns), *SETS)
    assert found["done"] == dict.fromkeys(SETS, 6 * turns)
    assert found["due"]["update testapp.Vote"] == found["due"]["update testapp.Article"] == 18 * turns
    assert found["verdict"] == FLAWLESS | {"entries": entries_of(found["due"])}


@pytest.mark.parametrize("turns", [100, MANY])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_that_point_at_each_other_meet_no_deadlock_that_plain_django_does_not_have(
    layout: str, turns: int, tmp_path: Path
) -> None:
    command = ("load", "--turns", str(turns), *WITHOUT_DEADLOCK)
    plain = run(tmp_path, layout, *command, app="0")
    audited = run(tmp_path, layout, *command)
    count = 6 * turns * len(WITHOUT_DEADLOCK)
    due = {"update testapp.Parent": count, "create testapp.Child": count}
    assert plain["done"] == audited["done"] == dict.fromkeys(WITHOUT_DEADLOCK, 6 * turns)
    assert audited["due"] == due
    assert audited["verdict"] == FLAWLESS | {"entries": SEEDED | due}


@pytest.mark.parametrize("turns", [20, MANY])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_relations_that_several_processes_write_are_told_as_they_came_and_went(
    layout: str, turns: int, tmp_path: Path
) -> None:
    forms = ("add", "remove", "relate")
    found = run(tmp_path, layout, "load", "--attempts", "500", "--turns", str(turns), *forms)
    entries = found["verdict"].pop("entries")
    assert {form: found["done"][form] for form in forms} == dict.fromkeys(forms, 6 * turns)
    assert found["verdict"] == FLAWLESS
    assert entries.keys() == SEEDED.keys() | {"update testapp.Article"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_transaction_that_ends_in_a_deadlock_leaves_no_entry(layout: str, tmp_path: Path) -> None:
    forms = ("save_in_any_order", "child_then_parent")
    found = run(tmp_path, layout, "load", "--turns", "10", *forms)
    done = found["done"]
    assert sum(done.values()) == 120
    assert set(done) <= {*forms, "deadlock"}
    assert found["due"]["update testapp.Article"] == 2 * done["save_in_any_order"]
    assert found["verdict"] == FLAWLESS | {"entries": entries_of(found["due"])}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_write_waits_for_its_turn_as_it_does_without_the_app(layout: str, tmp_path: Path) -> None:
    plain = run(tmp_path, layout, "rival", app="0")
    audited = run(tmp_path, layout, "rival")
    changed = {"create testapp.Article": 204, "update testapp.Parent": 4, "update testapp.Vote": 4}
    assert plain["done"] == {"written": 16}
    assert audited["done"] == {"written": 16}
    assert audited["verdict"] == FLAWLESS | {"entries": SEEDED | changed | {"delete testapp.Vote": 4}}
