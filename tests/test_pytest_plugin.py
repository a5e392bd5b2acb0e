"""The pytest plugin: a fixture where the package is installed, and no burden where nobody asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from signals_audit import pytest_plugin

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = pytest_plugin.__name__
NOT_PASSED_ON = ("PYTEST", "DJANGO", "SIGNALS_AUDIT")
Run = Callable[..., subprocess.CompletedProcess[str]]

USES_IT = """
import pytest
from tests.testapp.models import Author

@pytest.mark.django_db
def test_what_is_sent(trace_signals):
    with trace_signals("pre_save", "post_save") as trace:
        Author.objects.create(name="Ada")
    trace.assert_order("pre_save", "post_save", sender=Author)

@pytest.mark.django_db
def test_that_fails(trace_signals):
    with trace_signals("post_save") as trace:
        Author.objects.create(name="Ada")
    trace.assert_sent("post_save", sender="testapp.Author", created=False)
"""
KNOWS_NOTHING_OF_DJANGO = """
import sys
from django.conf import settings

def test_that_needs_no_django():
    assert not settings.configured
    assert not [name for name in sys.modules if name.startswith("signals_audit.tracing")]
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run tests in a process and a folder of their own, from a checkout that is not installed."""

    def run_it(text: str, *options: str, installed: bool = False) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        paths = [str(ROOT)] + ([str(install_into(tmp_path / "site"))] if installed else [])
        environment = {
            # Not on the database of the tests that run already: it would be gone with this run.
            **{name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)},
            "PYTHONPATH": os.pathsep.join(paths),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_it.py"]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    return run_it


def install_into(folder: Path) -> Path:
    """Have pytest find the entry point as after an installation."""
    metadata = folder / "signals_audit_here-1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: signals-audit-here\nVersion: 1\n")
    lines = (f"{name} = {target}" for name, target in entry_points().items())
    (metadata / "entry_points.txt").write_text("[pytest11]\n" + "\n".join(lines))
    return folder


def entry_points() -> dict[str, str]:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    points: dict[str, str] = declared["project"]["entry-points"]["pytest11"]
    return points


def test_the_entry_point_is_the_plugin() -> None:
    assert entry_points() == {PLUGIN: PLUGIN}


@pytest.mark.parametrize(
    ("options", "installed"), [(["-p", PLUGIN], False), ([], True), (["-p", PLUGIN], True)]
)
def test_the_fixture_traces_and_its_assertions_tell(run: Run, options: list[str], installed: bool) -> None:
    done = run(USES_IT, "--ds=tests.settings", *options, installed=installed)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "with created=False to be sent at least once, but it was sent not at all." in done.stdout
    assert "The signal was sent otherwise:" in done.stdout


def test_tests_without_django_settings_are_left_alone(run: Run) -> None:
    done = run(KNOWS_NOTHING_OF_DJANGO, "-p", PLUGIN, installed=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_it_works_without_pytest_django(run: Run) -> None:
    done = run(KNOWS_NOTHING_OF_DJANGO, "-p", "no:django", installed=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_it_can_be_switched_off(run: Run) -> None:
    done = run(USES_IT, "--ds=tests.settings", "-p", f"no:{PLUGIN}", installed=True)
    assert "fixture 'trace_signals' not found" in done.stdout
