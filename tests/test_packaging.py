"""What is delivered and what sets itself up: pyproject.toml, tox.ini, manage.py and the self-setup."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import signals_audit
from example_project import _bootstrap

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
METADATA: dict[str, Any] = PROJECT["project"]


def classified(prefix: str) -> list[str]:
    """Return the versions that the classifiers name after a prefix."""
    pattern = re.compile(rf"{prefix} :: (\d+\.\d+)")
    return [found[1] for classifier in METADATA["classifiers"] if (found := pattern.fullmatch(classifier))]


def copied_setup(folder: Path) -> Path:
    """Copy what the self-setup consists of; return its manage.py."""
    for name in (
        "manage.py",
        "pyproject.toml",
        "example_project/__init__.py",
        "example_project/_bootstrap.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder / "manage.py"


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "", "HOME": str(cwd), **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_package_needs_django_alone() -> None:
    assert METADATA["dependencies"] == ["Django>=5.2"]
    assert METADATA["requires-python"] == ">=3.11"
    assert {name: len(needed) for name, needed in METADATA["optional-dependencies"].items()} == {
        "postgres": 1,
        "mysql": 1,
        "celery": 1,
        "tasks": 1,
    }


def test_the_wheel_holds_the_typed_package_alone() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["signals_audit"]}
    assert (Path(signals_audit.__file__).parent / "py.typed").exists()
    assert all((ROOT / name).exists() for name in [METADATA["readme"], *METADATA["license-files"]])


def test_tox_runs_the_versions_that_the_classifiers_name() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    env_list = tox["tox"]["env_list"]
    numbers = re.findall(r"\d+", re.sub(r"-dj\S*", "", env_list))
    pythons = classified("Programming Language :: Python")
    assert sorted(set(numbers)) == [version.replace(".", "") for version in pythons]
    django = re.findall(r"dj(\d)(\d): ", tox["testenv"]["deps"])
    assert [".".join(version) for version in django] == classified("Framework :: Django")


def test_the_self_setup_is_short_and_needs_the_standard_library_alone() -> None:
    text = (ROOT / "example_project/_bootstrap.py").read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert text.count("\n") <= 60


def test_every_requirement_of_the_self_setup_names_a_floor() -> None:
    groups = PROJECT["dependency-groups"]
    requirements = [*METADATA["dependencies"], *groups["example"], *groups["test"]]
    named = [requirement for requirement in requirements if isinstance(requirement, str)]
    assert [requirement for requirement in named if not re.fullmatch(r"[\w-]+>=[\d.]+", requirement)] == []
    assert [requirement for requirement in requirements if requirement not in named] == [
        {"include-group": "example"}
    ]


def test_an_old_python_can_read_manage_py() -> None:
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Match, ast.Starred)
    nodes = list(ast.walk(ast.parse((ROOT / "manage.py").read_text("utf-8"))))
    assert [node for node in nodes if isinstance(node, new)] == []
    assert [
        node for node in nodes if getattr(node, "annotation", None) or getattr(node, "returns", None)
    ] == []


def test_the_self_setup_does_nothing_where_the_packages_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_bootstrap.OFF, raising=False)
    monkeypatch.setattr(_bootstrap, "place", pytest.fail)
    _bootstrap.bootstrap()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, "checkout/.venv"),
        (f"prompt = {_bootstrap.PROMPT}", "checkout/.venv"),
        ("prompt = mine", "cache"),
    ],
)
def test_an_environment_that_somebody_keeps_is_left_alone(
    config: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".venv").mkdir(parents=True)
    if config:
        (checkout / ".venv/pyvenv.cfg").write_text(config)
    monkeypatch.setattr(_bootstrap, "ROOT", checkout)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert _bootstrap.place().is_relative_to(tmp_path / expected)


def test_a_file_in_the_place_of_the_environment_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tox keeps a `.venv` that is a file and names one of its environments.
    (tmp_path / ".venv").write_text(".tox/py313")
    monkeypatch.setattr(_bootstrap, "ROOT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert _bootstrap.place().is_relative_to(tmp_path / "cache")


def test_without_venv_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    manage = copied_setup(tmp_path)
    # As Debian ships Python: no packages (-S), no ensurepip.
    bare = "import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = ['manage.py', 'check']"
    start = f"runpy.run_path({str(manage)!r}, run_name='__main__')"
    done = run(sys.executable, "-S", "-c", f"{bare}; {start}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == [_bootstrap.NO_VENV]


def test_the_suite_is_found_from_any_folder(tmp_path: Path) -> None:
    arguments = [
        "test",
        "--collect-only",
        "-q",
        "tests/test_packaging.py::test_the_package_needs_django_alone",
    ]
    done = run(sys.executable, ROOT / "manage.py", *arguments, cwd=tmp_path)
    assert done.stdout.splitlines()[0] == arguments[-1]
