"""A fresh `migrate`: nothing is recorded before the log's tables exist, afterwards historical models are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MIGRATE = """
import json, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", *sys.argv[1].split(), verbosity=0)
"""
READ = """
from signals_audit.models import AuditEntry, ChangeSet
from tests.migrated_app.models import Widget
if sys.argv[2] == "write":
    Widget.objects.create(name="now")
fields = ("action", "model", "object_id", "object_repr", "source", "seq", "changes")
found = list(AuditEntry.objects.order_by("id").values_list(*fields))
sets = {str(key) for key in ChangeSet.objects.values_list("id", flat=True)}
used = {str(key) for key in AuditEntry.objects.values_list("change_set_id", flat=True)}
rows = sorted(Widget.objects.values_list("name", flat=True))
print(json.dumps({"entries": found, "orphans": sorted(sets ^ used), "rows": rows}))
"""
ROOT = Path(__file__).parents[2]


def run(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, on a database of its own."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.migrated_app.settings",
        "MIGRATED_APP_DATABASE": str(folder / "db.sqlite3"),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


def migrated_and_read(folder: Path, then: str = "") -> tuple[dict[str, Any], str]:
    """Migrate everything; return what is in the log then, and what was said."""
    done = run(folder, MIGRATE + READ, "", then)
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    return migrated_and_read(tmp_path_factory.mktemp("migrated"), then="write")


def test_rows_written_before_the_tables_exist_are_there_and_it_is_said_once(
    migrated: tuple[dict[str, Any], str],
) -> None:
    found, said = migrated
    assert found["rows"] == ["late", "now", "x"]
    assert said.count("are not audited") == 1
    assert not any(entry[6].get("name") == [None, "early"] for entry in found["entries"])
    assert found["orphans"] == []


def test_historical_models_are_recorded_under_the_real_label(migrated: tuple[dict[str, Any], str]) -> None:
    found, _said = migrated
    assert [(entry[0], entry[1], entry[4]) for entry in found["entries"]] == [
        ("create", "migrated_app.Part", "save"),
        ("create", "migrated_app.Widget", "save"),
        ("update", "migrated_app.Widget", "save"),
        ("update", "migrated_app.Widget", "relation"),
        ("update", "migrated_app.Widget", "update"),
        ("update", "migrated_app.Widget", "relation"),
        ("delete", "migrated_app.Widget", "delete"),
        ("create", "migrated_app.Widget", "save"),
        ("create", "migrated_app.Widget", "save"),
    ]


def test_columns_of_then_are_recorded_and_secret_ones_masked(migrated: tuple[dict[str, Any], str]) -> None:
    found, _said = migrated
    changes = [entry[6] for entry in found["entries"]]
    key = changes[1]["id"][1]
    assert changes[1] == {
        "id": [None, key],
        "name": [None, "w"],
        "password": [None, {"masked": True}],
        "motto": [None, "m"],
    }
    assert changes[2] == {"motto": ["m", "n"]}
    assert changes[3] == {"parts": {"added": [changes[0]["id"][1]], "removed": []}}
    assert changes[4] == {"name": ["early", "late"]}
    assert changes[6] == {
        "id": [key, None],
        "name": ["w", None],
        "password": [{"masked": True}, None],
        "motto": ["n", None],
    }
    assert changes[7]["colour"] == [None, "red"]


def test_objects_are_named_as_the_model_of_today_names_them(migrated: tuple[dict[str, Any], str]) -> None:
    found, _said = migrated
    texts = {(entry[1], entry[0], entry[3]) for entry in found["entries"] if entry[4] != "relation"}
    assert texts == {
        ("migrated_app.Part", "create", "p"),
        ("migrated_app.Widget", "create", "widget w"),
        ("migrated_app.Widget", "update", "widget w"),
        ("migrated_app.Widget", "update", "widget late"),
        ("migrated_app.Widget", "delete", "widget w"),
        ("migrated_app.Widget", "create", "widget x"),
        ("migrated_app.Widget", "create", "widget now"),
    }


def test_migrating_in_two_runs_records_from_the_tables_on(tmp_path: Path) -> None:
    first = run(tmp_path, MIGRATE, "migrated_app 0001")
    assert first.stderr.count("are not audited") == 1
    found, said = migrated_and_read(tmp_path)
    assert "are not audited" not in said
    assert len(found["entries"]) == 8
