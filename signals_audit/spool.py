"""Files for what the log could not take: lines of JSON, readable by their owner alone.

Each process appends to files of its own (`<process>-<number>.jsonl`), whole lines under a lock, so several
processes and threads may write at once while `audit_recover` takes files away. A file that is being recovered
is called `.claimed`; lines that nobody can read end up in `.unreadable`. Where files cannot be locked, on
Windows, every batch of lines has a file of its own.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from django.conf import settings

from .conf import get_settings

flock: Callable[[int, int], None] | None
try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:
    flock = None

WAITING: Final = ".jsonl"
CLAIMED: Final = ".claimed"
UNREADABLE: Final = ".unreadable"
PROCESS: Final = uuid.uuid4().hex[:12]  # process ids alone are the same in every container
APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


def folder() -> Path:
    """Return the folder of the spool: the one that settings name, else one for this project's databases."""
    named = get_settings().SPOOL
    return Path(named) if named else _own_folder()


def _own_folder() -> Path:
    names = ("ENGINE", "HOST", "PORT", "NAME")
    databases = sorted(
        (alias, *(str(database.get(name, "")) for name in names))
        for alias, database in settings.DATABASES.items()
    )
    digest = hashlib.sha256(repr(databases).encode()).hexdigest()[:12]
    owner = os.geteuid() if hasattr(os, "geteuid") else "user"
    return Path(tempfile.gettempdir(), f"signals_audit-{owner}-{digest}")


def files() -> list[Path]:
    """Return the files that hold entries, oldest first."""
    found = [path for path in _listed() if path.suffix in (WAITING, CLAIMED)]
    return sorted(found, key=lambda path: (_changed_at(path), path.name))


def _listed() -> list[Path]:
    place = folder()
    try:
        _refuse_of_others(place)
        return list(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


# Writing


def append(lines: Sequence[str]) -> None:
    """Append lines, all of them or none, and have them on the disk."""
    place = folder()
    _make(place)
    data = "".join(f"{line}\n" for line in lines).encode("ascii")
    descriptor = _own_file(place)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write(descriptor, data)
        except BaseException:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _make(place: Path) -> None:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_of_others(place)


def _refuse_of_others(place: Path) -> None:
    """Raise where the folder whose name can be guessed belongs to others, who may read or forge entries."""
    if not get_settings().SPOOL and not _is_ours_alone(place.lstat()):
        raise PermissionError(f"{place} is not a folder of this user alone")


def _is_ours_alone(found: os.stat_result) -> bool:
    """Tell whether a folder is of this user alone: anybody may guess its name, and make it first."""
    if not hasattr(os, "geteuid"):
        return True
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _own_file(place: Path) -> int:
    """Open a file of this process that nobody else is writing or recovering, and lock it."""
    for number in count():
        unique = number if flock is not None else uuid.uuid4().hex
        path = place / f"{PROCESS}-{os.getpid()}-{unique}{WAITING}"
        descriptor = os.open(path, APPEND, 0o600)
        if lock(descriptor) and _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)
    raise AssertionError  # pragma: no cover - numbers do not end


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def lock(descriptor: int) -> bool:
    """Lock an open file unless somebody else has locked it."""
    if flock is None:
        return True
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


# Reading


@contextmanager
def claimed(path: Path) -> Iterator[Path | None]:
    """Take a file for the time of a block, and say where it is now; None where somebody else has it."""
    if flock is None:
        yield path
        return
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield None
        return
    try:
        yield _claim(path, descriptor)
    finally:
        os.close(descriptor)


def _claim(path: Path, descriptor: int) -> Path | None:
    if not lock(descriptor) or not _is_at(path, descriptor):
        return None
    if path.suffix == CLAIMED:
        return path
    return path.rename(path.with_name(f"{path.stem}-{uuid.uuid4().hex[:8]}{CLAIMED}"))


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, the last one too if it breaks off."""
    with path.open("rb") as opened:
        for line in opened:
            yield line.rstrip(b"\n")


def set_aside(path: Path, lines: Sequence[bytes]) -> Path:
    """Keep lines that nobody can read beside the file that had them."""
    aside = path.with_suffix(UNREADABLE)
    descriptor = os.open(aside, APPEND, 0o600)
    try:
        _write(descriptor, b"".join(line + b"\n" for line in lines))
    finally:
        os.close(descriptor)
    return aside
