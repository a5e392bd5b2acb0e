"""Makes the environment that the example project and the tests run in, with the standard library alone."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OFF, PROMPT = "SIGNALS_AUDIT_NO_BOOTSTRAP", "signals-audit-demo"
PIP = ["-m", "pip", "install", "-qq", "--no-input", "--no-user", "--disable-pip-version-check"]
NO_VENV = (
    "Python's venv is missing: install it (Debian, Ubuntu: apt install python3-venv) and run this again."
)
FAILED = "That failed, see above: is the package index within reach? Run this again to start over."


def place() -> Path:
    config = ROOT / ".venv/pyvenv.cfg"  # without our prompt it is an environment that somebody keeps
    if os.access(ROOT, os.W_OK) and (not config.exists() or PROMPT in config.read_text("utf-8")):
        return config.parent
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, PROMPT, sha256(bytes(ROOT)).hexdigest()[:12])


def make(folder: Path, python: Path, packages: list[str], locks: list[int]) -> None:
    base, uv = getattr(sys, "_base_executable", sys.executable), shutil.which("uv") or "uv"
    with_uv = [uv, "venv", "-q", "--python", base], [uv, "pip", "install", "-q", "--python", str(python)]
    with_pip = [base, "-m", "venv"], [str(python), *PIP]
    ways = [with_uv] * bool(shutil.which(uv)) + [with_pip] * bool(importlib.util.find_spec("ensurepip"))
    for venv, install in ways or sys.exit(NO_VENV):
        shutil.rmtree(folder, ignore_errors=True)
        steps = [*venv, "--prompt", PROMPT, str(folder)], [*install, *packages]
        if all(subprocess.call(step, pass_fds=locks) == 0 for step in steps):
            return
    sys.exit(FAILED)


def bootstrap() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [*project["dependency-groups"]["example"], *project["dependency-groups"]["test"]]
    packages = [*project["project"]["dependencies"], *(entry for entry in groups if isinstance(entry, str))]
    if OFF in os.environ or all(any(distributions(name=entry.partition(">=")[0])) for entry in packages):
        return
    folder = place()
    key = sha256(repr((sys.version, sys.base_prefix, packages)).encode()).hexdigest()
    stamp, python = folder / "stamp", folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not stamp.exists() or stamp.read_text() != key:
        print(f"Making {folder} for the example project and the tests: about 20 s, once.", file=sys.stderr)
        locks = [os.open(ROOT, os.O_RDONLY)] * (os.name == "posix")
        for lock in locks:  # one at a time; the pip of a set-up that was killed still holds it
            importlib.import_module("fcntl").flock(lock, 2)
        if not stamp.exists() or stamp.read_text() != key:
            make(folder, python, packages, locks)
            stamp.write_text(key)
    os.execve(python, [str(python), *sys.argv], {**os.environ, OFF: "1"})
