"""The environment that the packages are installed in: one of their own, never that of the project."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

DRIVERS: Mapping[str, Sequence[str]] = {
    "sqlite": (),
    "postgresql": ("psycopg[binary]",),
    "mariadb": ("mysqlclient",),
}
VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


@contextmanager
def environment(folder: str | None, packages: Sequence[str], *, django: str, vendor: str) -> Iterator[Path]:
    """Return the Python of an environment with these packages; without a folder it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="neighbours_") as temporary:
        root = Path(folder or temporary)
        python = root / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not python.exists():
            venv.create(root, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, django, *DRIVERS[vendor], *packages], check=True)
        yield python


def versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages in an environment."""
    command = [python, "-c", VERSIONS, "Django", *packages]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))
