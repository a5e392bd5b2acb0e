"""The pages of the example project, tested with the example's own settings: in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent / "site"


def environment(data_dir):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    return kept | {"EXAMPLE_DATA_DIR": str(data_dir)} | postgresql()


def postgresql():
    """Have the pages tested on PostgreSQL when the suite is."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return {}
    name = database["TEST"]["NAME"].replace("test_", "").replace("default", "example")
    return {"EXAMPLE_POSTGRES": name} | {
        f"PG{key}": str(database[key]) for key in ("HOST", "PORT", "USER", "PASSWORD")
    }


def test_the_pages_of_the_example_project(tmp_path):
    options = [
        "--ds=example_project.settings",
        "-o",
        "python_files=check_*.py",
        "-p",
        "no:cacheprovider",
        "-q",
    ]
    where = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "--confcutdir", str(SITE)]
    command = [sys.executable, "-m", "pytest", *where, *options, str(SITE)]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
