"""`manage.py demo`, run as people run it: as a process of its own, on a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNSET = ("DJANGO_SETTINGS_MODULE", "EXAMPLE_POSTGRES", "FORCE_COLOR", "DJANGO_COLORS")


@pytest.fixture
def demo(tmp_path):
    """Run the demo from a folder that is not the project's."""
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment |= {"EXAMPLE_DATA_DIR": str(tmp_path / "data"), "PYTHONIOENCODING": "utf-8"}

    def run(*arguments):
        command = [sys.executable, str(ROOT / "manage.py"), "demo", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


def counts(told):
    return [
        (
            step["title"],
            sum(len(moment["entries"]) for moment in step["moments"]),
            sum(len(moment["notifications"]) for moment in step["moments"]),
        )
        for step in told["steps"]
    ]


STORY = [
    ("Ada registers and logs in", 2, 0),
    ("Ada writes a post, Ben comments", 4, 1),
    ("Ben changes his reaction", 2, 2),
    ("Ada comments on her own post", 1, 0),
    ("Ada edits title, text and tags", 3, 0),
    ("A transaction is rolled back", 0, 0),
    ("Ada saves without a change", 0, 0),
    ("Ada deletes a note with what hangs on it", 6, 2),
    ("Ben presses the buttons of the lab", 0, 0),
    ("Chris asks the signal map what went wrong", 0, 0),
]


def test_the_demo_ends_well_and_the_same_when_it_is_run_again(demo):
    first, second = demo("--json"), demo("--json")
    assert (first.returncode, first.stderr, second.returncode, second.stderr) == (0, "", 0, "")
    told = json.loads(second.stdout)
    assert told["ok"] is True
    assert counts(json.loads(first.stdout)) == counts(told) == STORY


def test_a_kept_database_gets_the_story_again_under_another_name(demo):
    first, second = demo("--json"), demo("--json", "--keep")
    assert second.returncode == 0, second.stderr + second.stdout
    assert counts(json.loads(second.stdout)) == STORY
    registered = [
        json.loads(run.stdout)["steps"][0]["moments"][0]["entries"][0]["object_repr"]
        for run in (first, second)
    ]
    assert registered == ["ada", "ada2"]


def test_the_demo_tells_people_what_happened_without_colour_in_a_pipe(demo):
    run = demo()
    assert run.returncode == 0, run.stderr + run.stdout
    assert "\x1b" not in run.stdout
    lines = [line.strip() for line in run.stdout.splitlines()]
    assert "reaction: 👍 → ❤️" in lines
    assert "→ ada is told: ben changed Like to Love on Signals in Django" in lines
    assert any(line.startswith("└ + billing.BillingProfile") and "caused by" in line for line in lines)
    assert "✓ the slowest receiver is example_project.lab.signals.weigh" in lines
    assert "✓ what fails is example_project.lab.signals.print_label" in lines
    assert any(line.startswith("✓ what loops is post_save of lab.") for line in lines)
    assert any("all 36 checks passed" in line for line in lines)
