"""The files of the spool: whole lines, for their owner alone, whatever writes and recovers at once."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from signals_audit import spool as files

WRITER = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(SIGNALS_AUDIT={"SPOOL": sys.argv[1]})
from signals_audit import spool
for number in range(int(sys.argv[3])):
    spool.append([f"{sys.argv[2]}-{number}-{part}-" + "x" * 5000 for part in range(3)])
"""


def lines(folder: Path) -> list[str]:
    return [line for path in folder.iterdir() for line in path.read_text().splitlines()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_lines_are_appended_to_one_file_that_only_its_owner_can_read(spool: Path) -> None:
    before = os.umask(0)
    try:
        files.append(["a", "b"])
        files.append(["c"])
    finally:
        os.umask(before)
    (path,) = files.files()
    assert path.read_text() == "a\nb\nc\n"
    assert (mode(path), mode(spool)) == (0o600, 0o700)


def test_without_a_folder_in_settings_it_is_one_of_this_user_and_project(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings.SIGNALS_AUDIT = {"ON_ERROR": "log"}
    files.append(["a"])
    (folder,) = tmp_path.iterdir()
    assert (folder, mode(folder)) == (files.folder(), 0o700)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "another project's")
    assert files.folder() != folder


@pytest.mark.parametrize("trap", ["link", "open"])
def test_a_guessed_folder_that_others_may_read_is_not_used(
    trap: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings.SIGNALS_AUDIT = {"ON_ERROR": "log"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if trap == "link":
        files.folder().symlink_to(elsewhere)
    else:
        files.folder().mkdir(mode=0o755)
    with pytest.raises(PermissionError):
        files.append(["a"])
    with pytest.raises(PermissionError):
        files.files()
    assert list(elsewhere.iterdir()) == []


def test_processes_and_threads_that_write_at_once_lose_and_mix_nothing(spool: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(spool), str(name), "40"]) for name in range(4)
    ]
    threads = [Thread(target=lambda: [files.append(["t" * 5000]) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.wait() for writer in writers] == [0] * 4
    expected = {f"{name}-{number}-{part}-" for name in range(4) for number in range(40) for part in range(3)}
    found = lines(spool)
    assert {line.rstrip("x") for line in found if line[0] != "t"} == expected
    assert found.count("t" * 5000) == 80
    assert len(found) == len(expected) + 80


def test_what_is_taken_away_while_processes_write_is_taken_once(spool: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(spool)]
    writers = [subprocess.Popen([*command, str(name), "100"]) for name in range(3)]
    found: list[str] = []
    while True:
        running = any(writer.poll() is None for writer in writers)
        for path in files.files():
            with files.claimed(path) as taken:
                if taken is not None:
                    found += [line.decode().rstrip("x") for line in files.lines_of(taken)]
                    taken.unlink()
        if not running:
            break
    assert [writer.returncode for writer in writers] == [0] * 3
    assert sorted(found) == sorted(
        f"{name}-{n}-{part}-" for name in range(3) for n in range(100) for part in range(3)
    )


def test_nothing_of_a_batch_is_kept_that_does_not_fit(spool: Path) -> None:
    files.append(["a"])
    with room_for(1000), pytest.raises(OSError, match="large"):
        files.append(["x" * 600, "y" * 600])
    assert lines(spool) == ["a"]
    files.append(["b"])
    assert sorted(lines(spool)) == ["a", "b"]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Have the system refuse files beyond a size, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_is_being_recovered_is_left_alone_by_writers_and_by_others(spool: Path) -> None:
    files.append(["a"])
    (path,) = files.files()
    with files.claimed(path) as taken:
        assert taken is not None
        files.append(["b"])
        with files.claimed(taken) as again:
            assert again is None
        assert taken.read_text() == "a\n"
    assert sorted(path.read_text() for path in files.files()) == ["a\n", "b\n"]


def test_a_file_whose_recovery_died_is_not_overwritten_by_the_next(spool: Path) -> None:
    for line in "ab":
        files.append([line])
        (path,) = (path for path in files.files() if path.suffix == ".jsonl")
        with files.claimed(path):
            pass
    assert sorted(path.read_text() for path in files.files()) == ["a\n", "b\n"]


def test_a_file_that_is_gone_is_nobodys(spool: Path) -> None:
    with files.claimed(spool / "gone.jsonl") as taken:
        assert taken is None


def test_where_nothing_ever_failed_there_is_no_file(spool: Path) -> None:
    assert files.files() == []
    assert not spool.exists()
