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
NO_VENV = "Python lacks its venv module: install it (Debian, Ubuntu: apt install python3-venv) and try again."
FAILED = "That failed, see above: is the package index within reach? Run this again to start over."


def place() -> Path:
    """Return `.venv`, or a folder in the user's cache where that cannot be written or is somebody's own."""
    folder, config = ROOT / ".venv", ROOT / ".venv/pyvenv.cfg"
    ours = PROMPT in config.read_text("utf-8") if config.exists() else not folder.is_file()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), PROMPT)
    return folder if ours and os.access(ROOT, os.W_OK) else cache / sha256(bytes(ROOT)).hexdigest()[:12]


def make(folder: str, python: str, packages: list[str], locks: list[int]) -> None:
    base, uv = getattr(sys, "_base_executable", sys.executable), shutil.which("uv")
    with_uv = [str(uv), "venv", "-q", "--python", base], [str(uv), "pip", "install", "-q", "--python", python]
    with_pip = [base, "-m", "venv"], [python, *PIP]
    ways = [with_uv] * bool(uv) + [with_pip] * bool(importlib.util.find_spec("ensurepip"))
    for venv, install in ways or sys.exit(NO_VENV):
        shutil.rmtree(folder, ignore_errors=True)
        steps = [*venv, "--prompt", PROMPT, folder], [*install, *packages]
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
            make(str(folder), str(python), packages, locks)
            stamp.write_text(key)
    os.execve(python, [str(python), *sys.argv], {**os.environ, OFF: "1"})
