"""Writers that are killed: no change without its entry, no entry without its change."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import FLAWLESS, LAYOUTS, run

A_FEW = pytest.param(20, id="20")
MANY = pytest.param(200, id="200", marks=pytest.mark.long)


@pytest.mark.parametrize("kills", [A_FEW, MANY])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_lost_and_nothing_made_up_when_writers_are_killed_at_random_moments(
    layout: str, kills: int, tmp_path: Path
) -> None:
    found = run(tmp_path, layout, "kill", str(kills))
    entries = found["verdict"].pop("entries")
    assert found["verdict"] == FLAWLESS
    assert sum(found["done"]["during"].values()) == found["done"]["kills"] == kills
    assert entries["create testapp.Article"] >= kills


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_lost_and_nothing_made_up_when_a_writer_is_killed_at_any_of_its_statements(
    layout: str, tmp_path: Path
) -> None:
    found = run(tmp_path, layout, "points")
    kills = found["done"]["kills"]
    found["verdict"].pop("entries")
    assert found["verdict"] == FLAWLESS
    assert len(kills) == 15
    assert min(kills.values()) >= 4
    assert sum(kills.values()) > 150
