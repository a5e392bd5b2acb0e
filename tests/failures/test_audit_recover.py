"""`audit_recover` writes back what is missing, once, and says what it could not."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from signals_audit import Actor, ActorKind, audit_context, recovery
from signals_audit import spool as files
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.types import Cause, EntryAddress
from tests.capture.log import entries, orphans
from tests.testapp.models import Article, Tag

from .faults import refused, without_table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _known(spool: Path) -> None:
    Tag.objects.create(name="t")  # that the log is there is known from here on
    for model in (AuditEntry, ChangeSet):
        model._base_manager.all().delete()


def run(*options: str) -> str:
    out = StringIO()
    call_command("audit_recover", *options, stdout=out)
    return out.getvalue().strip()


def fail(*options: str) -> tuple[str, str]:
    out = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("audit_recover", *options, stdout=out)
    assert raised.value.returncode == 1
    return out.getvalue().strip(), str(raised.value)


def spooled(*names: str) -> Path:
    """Have entries for new tags spooled, in one transaction; return their file."""
    with without_table(AuditEntry), transaction.atomic():
        for name in names:
            Tag.objects.create(name=name)
    return files.files()[0]


def names() -> list[str]:
    return [entry.changes["name"][1] for entry in entries()]


def test_an_entry_comes_back_whole() -> None:
    cause = Cause("app.hook", EntryAddress(uuid.uuid4(), 7))
    context: dict[str, Any] = {
        "actor": Actor(ActorKind.USER, "42", "Ada \u2028\n"),
        "reason": "because\nof \ud800",
        "correlation_id": "c-1",
        "remote_addr": "::1",
        "path": "/p",
        "cause": cause,
        "ticket": {"number": [7, None]},
    }
    found = []
    for fault in (None, lambda: refused()):
        with audit_context(**context):
            if fault is None:
                Article.objects.create(title="a", body="é\u2028", meta={"deep": ["\x01", 1.5]})
            else:
                with fault():
                    Article.objects.create(title="a2", body="é\u2028", meta={"deep": ["\x01", 1.5]})
                run()
        entry = AuditEntry.objects.order_by("-id").values()[0]
        change_set = ChangeSet.objects.filter(pk=entry["change_set_id"]).values().get()
        assert entry["created_at"] == change_set["created_at"]
        for name in ("id", "object_id", "object_repr", "created_at", "change_set_id"):
            entry.pop(name)
        for name in ("id", "title", "created", "token"):
            entry["changes"].pop(name, None)
        change_set = {key: value for key, value in change_set.items() if key not in ("id", "created_at")}
        found.append((entry, change_set))
    assert found[0] == found[1]
    assert orphans() == []


def test_all_entries_come_back_once_and_the_file_goes() -> None:
    spooled("a", "b", "c")
    assert run() == "Wrote 3 entries; 0 were there already."
    assert (names(), files.files(), orphans()) == (["a", "b", "c"], [], [])
    assert run() == "Wrote 0 entries; 0 were there already."


def test_what_was_written_before_the_recovery_died_is_not_written_again() -> None:
    path = spooled("a", "b", "c")
    copy = path.read_text()
    run()
    AuditEntry.objects.filter(seq=2).delete()
    path.write_text(copy + copy)
    assert run() == "Wrote 1 entry; 2 were there already."
    assert sorted(names()) == ["a", "b", "c"]
    assert orphans() == []


def test_a_file_that_somebody_took_and_died_is_taken_again() -> None:
    path = spooled("a")
    with files.claimed(path):
        pass
    assert [path.suffix for path in files.files()] == [".claimed"]
    assert run() == "Wrote 1 entry; 0 were there already."
    assert files.files() == []


def test_a_spool_that_cannot_be_looked_into_is_said(spool: Path) -> None:
    spool.symlink_to(spool)
    assert fail()[1].startswith("The spool cannot be read: ")


def test_a_dry_run_counts_and_touches_nothing() -> None:
    path = spooled("a", "b")
    before = path.read_bytes()
    assert run("--dry-run") == "Would write 2 entries; 0 are there already."
    assert (names(), files.files(), path.read_bytes()) == ([], [path], before)


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda line: line[: len(line) // 2],
    "empty": lambda line: b"",
    "binary": lambda line: b"\xff\0",
    "json": lambda line: b"[1]",
    "no entry": lambda line: b'{"version": 1}',
    "another version": lambda line: json.dumps({**json.loads(line), "version": 99}).encode(),
    "no time": lambda line: line.replace(b'"created_at": "2', b'"created_at": "x'),
    "deep": lambda line: b"[" * 100_000,
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_that_cannot_be_read_is_kept_and_the_others_come_back(
    place: int, damage: Callable[[bytes], bytes], spool: Path
) -> None:
    path = spooled("a", "b", "c")
    written = path.read_bytes().splitlines()
    damaged = damage(written[place])
    written[place] = damaged
    path.write_bytes(b"\n".join(written) + (b"" if place == 2 and damaged else b"\n"))
    assert fail("--dry-run")[0] == "Would write 2 entries; 0 are there already."
    told, error = fail()
    assert told == "Wrote 2 entries; 0 were there already."
    (aside,) = spool.iterdir()
    assert error == f"1 line cannot be read.\n  {aside}"
    assert aside.read_bytes() == damaged + b"\n"
    assert sorted(names()) == sorted(name for number, name in enumerate("abc") if number != place)
    assert run() == "Wrote 0 entries; 0 were there already."


def test_while_the_log_refuses_entries_they_stay() -> None:
    spooled("a", "b")
    with refused():
        told, error = fail()
    assert told == "Wrote 0 entries; 0 were there already."
    assert error.startswith("2 entries could not be written and stay in the spool.\n  ")
    assert (names(), orphans()) == ([], [])
    assert run() == "Wrote 2 entries; 0 were there already."


def test_one_entry_that_is_refused_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    path = spooled(*"abcdefg")
    monkeypatch.setattr(recovery, "BATCH", 4)
    path.write_text(path.read_text().replace('"source": "save"', f'"source": "{"x" * 99}"', 1))
    entry = json.loads(path.read_text().splitlines()[0])
    entry["entry"]["object_id"] = None
    path.write_text("\n".join([json.dumps(entry), *path.read_text().splitlines()[1:]]) + "\n")
    told, error = fail()
    assert told == "Wrote 6 entries; 0 were there already."
    assert error.startswith("1 entry could not be written and stay in the spool.")
    assert names() == list("bcdefg")
    assert fail()[0] == "Wrote 0 entries; 6 were there already."


def test_entries_of_a_database_that_is_not_here_stay() -> None:
    path = spooled("a")
    path.write_text(path.read_text().replace('"using": "default"', '"using": "elsewhere"'))
    assert fail("--dry-run")[1].endswith("elsewhere")
    assert fail()[1] == "1 entry could not be written and stay in the spool.\n  elsewhere"
    assert len(files.files()) == 1


def test_a_file_that_somebody_else_is_recovering_is_named() -> None:
    path = spooled("a")
    with files.claimed(path):
        assert fail() == ("Wrote 0 entries; 0 were there already.", "1 file is in use.")
    assert run() == "Wrote 1 entry; 0 were there already."


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_entries_go_back_to_the_database_of_their_row() -> None:
    Tag.objects.using("other").create(name="known")
    with refused("other"):
        Tag.objects.using("other").create(name="there")
    assert run() == "Wrote 1 entry; 0 were there already."
    assert [entry.changes["name"][1] for entry in entries("other")] == ["known", "there"]
    assert (entries(), orphans("other")) == ([], [])
