"""Processes that write the same rows at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings import VENDOR

from .running import FLAWLESS, LAYOUTS, run

SEEDED = {f"create testapp.{name}": 5 for name in ("Article", "Vote", "Parent", "Tag")}
SAVES = ("save", "save_in_block", "save_in_late_block", "count_up")
POINTING = ("parent_then_child", "child_then_parent", "child_of_another", "favourite")
# InnoDB locks the row that is pointed at for good: only in the one order does plain Django meet no deadlock.
WITHOUT_DEADLOCK = POINTING[:1] if VENDOR == "mariadb" else POINTING


@pytest.mark.parametrize("layout", LAYOUTS)
def test_900_saves_of_six_processes_are_refused_no_more_often_than_without_the_app_and_all_are_recorded(
    layout: str, tmp_path: Path
) -> None:
    plain = run(tmp_path, layout, "load", *SAVES, app="0")
    audited = run(tmp_path, layout, "load", *SAVES)
    assert plain["done"] == dict.fromkeys(SAVES, 180)
    assert audited == {
        "done": dict.fromkeys(SAVES, 180),
        "verdict": FLAWLESS
        | {"entries": SEEDED | {"update testapp.Article": 900, "update testapp.Vote": 180}},
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_that_point_at_each_other_meet_no_deadlock_that_plain_django_does_not_have(
    layout: str, tmp_path: Path
) -> None:
    command = ("load", "--turns", "20", *WITHOUT_DEADLOCK)
    plain = run(tmp_path, layout, *command, app="0")
    audited = run(tmp_path, layout, *command)
    count = 120 * len(WITHOUT_DEADLOCK)
    assert plain["done"] == dict.fromkeys(WITHOUT_DEADLOCK, 120)
    assert audited == {
        "done": dict.fromkeys(WITHOUT_DEADLOCK, 120),
        "verdict": FLAWLESS
        | {"entries": SEEDED | {"update testapp.Parent": count, "create testapp.Child": count}},
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_transaction_that_ends_in_a_deadlock_leaves_no_entry(layout: str, tmp_path: Path) -> None:
    found = run(tmp_path, layout, "load", "--turns", "10", "save_in_any_order", "child_then_parent")
    done = found["done"]
    expected = SEEDED | {
        "update testapp.Article": 2 * done["save_in_any_order"],
        "update testapp.Parent": done["child_then_parent"],
        "create testapp.Child": done["child_then_parent"],
    }
    assert sum(done.values()) == 120
    assert set(done) <= {"save_in_any_order", "child_then_parent", "deadlock"}
    assert found["verdict"] == FLAWLESS | {"entries": expected}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_write_waits_for_its_turn_as_it_does_without_the_app(layout: str, tmp_path: Path) -> None:
    plain = run(tmp_path, layout, "rival", app="0")
    audited = run(tmp_path, layout, "rival")
    changed = {"create testapp.Article": 9, "update testapp.Parent": 4, "update testapp.Vote": 4}
    assert plain["done"] == {"written": 16}
    assert audited == {
        "done": {"written": 16},
        "verdict": FLAWLESS | {"entries": SEEDED | changed | {"delete testapp.Vote": 4}},
    }
