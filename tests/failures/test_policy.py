"""An entry that cannot be written: with "block" there is no change without it, with "log" none is held up."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from signals_audit import audit_context, failures
from signals_audit.exceptions import AuditError, EntryNotWritten
from signals_audit.models import AuditEntry, ChangeSet
from tests.capture.log import Entry, entries, make, orphans
from tests.testapp.models import Article, Comment, Tag

from .faults import FAULTS, disk_full, refused, without_table

pytestmark = pytest.mark.django_db(transaction=True)


def changed(article: Article) -> Article:
    article.title = "changed"
    return article


WRITES: dict[str, Callable[[], Any]] = {
    "create": lambda: Tag.objects.create(name="b"),
    "update": lambda: Article.objects.update(views=9),
    "save": lambda: changed(Article.objects.get()).save(),
    "delete": lambda: Article.objects.get().delete(),
    "bulk_create": lambda: Tag.objects.bulk_create([Tag(name="b"), Tag(name="c")]),
    "add": lambda: Article.objects.get().tags.add(Tag.objects.get(name="t")),
}
# SQLite itself rolls the whole transaction back when the disk is full.
SURVIVED = {name: made for name, made in FAULTS.items() if name != "disk full"}
SECRET = uuid.uuid4()
fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
in_block = pytest.mark.parametrize("in_block", [False, True], ids=["autocommit", "block"])


@pytest.fixture(autouse=True)
def _rows() -> None:
    article = make(Article, title="a")
    make(Comment, article=article, text="c")
    Tag.objects.create(name="t")  # that the log is there is known from here on
    for model in (AuditEntry, ChangeSet):
        model._base_manager.all().delete()


def table_rows() -> list[Any]:
    models: list[Any] = [Article, Comment, Tag, Article.tags.through]
    return [list(model._base_manager.order_by("pk").values()) for model in models]


def perform(write: Callable[[], Any], *, in_block: bool) -> None:
    if in_block:
        with transaction.atomic():
            write()
    else:
        write()


@contextmanager
def by_hand() -> Iterator[None]:
    transaction.set_autocommit(False)
    try:
        yield
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def said(found: list[Entry]) -> list[Entry]:
    """Return entries as one can compare those of two runs: rows made twice have other keys."""
    return [entry._replace(seq=0) for entry in found]


# "block"


@fault
@write
@in_block
def test_by_default_a_write_whose_entry_cannot_be_written_is_not_made(
    fault: Any, write: Callable[[], Any], in_block: bool
) -> None:
    rows = table_rows()
    with fault(), pytest.raises(EntryNotWritten) as raised:
        perform(write, in_block=in_block)
    assert raised.value.__cause__ is not None
    assert (table_rows(), entries(), orphans()) == (rows, [], [])
    write()
    assert entries() != []
    assert orphans() == []


def test_the_error_says_what_where_why_and_what_to_do() -> None:
    article = Article.objects.get()
    with refused(), pytest.raises(EntryNotWritten) as raised:
        changed(article).save()
    start = f"The audit entry for the update of testapp.Article {article.pk} could not be written on the "
    message = str(raised.value)
    assert message.startswith(start + "database 'default' (")
    assert "so the change is not made either. " in message
    assert "migrate" in message
    assert '"ON_ERROR"' in message
    assert isinstance(raised.value.__cause__, DatabaseError)


def test_the_error_names_the_first_of_many() -> None:
    with (
        refused(),
        pytest.raises(EntryNotWritten, match=r"for the create of testapp\.Tag \d+ and 2 more could"),
    ):
        Tag.objects.bulk_create(Tag(name=name) for name in "abc")


def test_the_error_is_an_audit_error_and_one_of_djangos() -> None:
    for kind in (AuditError, DatabaseError):
        with refused(), pytest.raises(kind):
            Tag.objects.create(name="a")


def test_a_refused_entry_is_no_reason_to_think_that_the_row_was_there() -> None:
    with refused(), pytest.raises(EntryNotWritten):
        Tag.objects.get_or_create(name="new")
    assert not Tag.objects.filter(name="new").exists()


def test_only_the_inner_block_is_lost() -> None:
    with transaction.atomic():
        Tag.objects.create(name="kept")
        with pytest.raises(EntryNotWritten), refused_in_block(), transaction.atomic():
            Tag.objects.create(name="lost")
    assert [tag.name for tag in Tag.objects.order_by("id")] == ["t", "kept"]
    assert [entry.changes["name"][1] for entry in entries()] == ["kept"]
    assert orphans() == []


@contextmanager
def refused_in_block() -> Iterator[None]:
    """Have entries refused without a change of the schema, which would end a transaction of MariaDB."""

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if AuditEntry._meta.db_table in sql:
            return execute("INSERT INTO no_such_table VALUES (1)", None, *rest[1:])
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def test_a_transaction_by_hand_keeps_nothing_of_a_write_without_its_entry() -> None:
    rows = table_rows()
    with by_hand():
        with refused_in_block(), pytest.raises(EntryNotWritten):
            Tag.objects.create(name="lost")
        with pytest.raises(transaction.TransactionManagementError):
            transaction.commit()
    assert (table_rows(), entries()) == (rows, [])


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.parametrize("policy", ["block", "log"])
def test_an_error_that_ends_the_transaction_is_raised_as_it_is(
    policy: str, settings: Any, tmp_path: Path
) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": {}}, "ON_ERROR": policy, "SPOOL": tmp_path / "spool"}
    rows = table_rows()
    with pytest.raises(OperationalError) as raised, transaction.atomic(), ended():
        Tag.objects.create(name="lost")
    assert type(raised.value) is OperationalError
    assert (table_rows(), entries(), (tmp_path / "spool").exists()) == (rows, [], False)


@contextmanager
def ended() -> Iterator[None]:
    """Have the database end the statement or the connection when an entry is written."""

    def end(execute: Any, sql: str, *rest: Any) -> Any:
        if AuditEntry._meta.db_table not in sql:
            return execute(sql, *rest)
        if connection.vendor == "sqlite":
            connection.connection.set_progress_handler(lambda: 1, 1)
        else:
            end_connection()
        try:
            return execute(sql, *rest)
        finally:
            if connection.vendor == "sqlite":
                connection.connection.set_progress_handler(None, 0)

    with connection.execute_wrapper(end):
        yield


def end_connection() -> None:
    """End the connection from another one."""
    ask, kill = ENDS[connection.vendor]
    with connection.connection.cursor() as cursor:
        cursor.execute(ask)
        (number,) = cursor.fetchone()
    with connections["other"].cursor() as cursor:
        cursor.execute(kill, [number])


ENDS = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s)"),
    "mysql": ("SELECT connection_id()", "KILL %s"),
}


# "log"


@pytest.mark.parametrize("fault", SURVIVED.values(), ids=SURVIVED)
@write
@in_block
def test_with_log_the_write_goes_through_and_its_entries_come_back(
    fault: Any, write: Callable[[], Any], in_block: bool, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = expected_of(write)
    caplog.clear()
    counted = failures.unwritten.value
    with fault():
        perform(write, in_block=in_block)
        assert table_rows() == expected[0]
    assert (entries(), orphans()) == ([], [])
    assert failures.unwritten.value == counted + len(expected[1])
    assert [record.levelname for record in caplog.records] == ["ERROR"] * len(caplog.records) != []
    assert all(record.name == "signals_audit" and record.exc_info for record in caplog.records)
    call_command("audit_recover", verbosity=0)
    found = entries()
    if fault is FAULTS["not encodable"]:
        unknown = {"unknown": True}
        assert [entry.changes for entry in found] == [
            {name: [unknown, unknown] for name in entry.changes} for entry in expected[1]
        ]
        found = [
            entry._replace(changes=other.changes) for entry, other in zip(found, expected[1], strict=True)
        ]
    assert sorted(said(found), key=str) == sorted(said(expected[1]), key=str)
    assert orphans() == []
    assert list(spool.iterdir()) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite can be told how large it may be")
@in_block
def test_with_log_too_a_write_fails_when_the_database_ends_its_transaction(
    in_block: bool, spool: Path
) -> None:
    rows = table_rows()
    with disk_full(), pytest.raises(EntryNotWritten, match="full"):
        perform(WRITES["update"], in_block=in_block)
    assert (table_rows(), entries(), orphans(), spool.exists()) == (rows, [], [], False)


class Undo(Exception):
    """Undoes a block."""


def expected_of(write: Callable[[], Any]) -> tuple[list[Any], list[Entry]]:
    """Return the rows and entries of a write that is undone again; keys are used anew where they can be."""
    reset_keys()
    with pytest.raises(Undo), transaction.atomic():
        write()
        rows, found = table_rows(), entries()
        raise Undo
    reset_keys()
    return rows, found


def reset_keys() -> None:
    """Have the next rows get the keys of those that were undone."""
    for model in (Tag, Article.tags.through):
        table, highest = (
            model._meta.db_table,
            model._base_manager.order_by("-pk").values_list("pk", flat=True)[:1],
        )
        following = (next(iter(highest), 0)) + 1
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {following}, false)")
            elif connection.vendor == "mysql":
                cursor.execute(f"ALTER TABLE {table} AUTO_INCREMENT = {following}")


def test_what_is_rolled_back_afterwards_is_no_phantom(spool: Path) -> None:
    with without_table(AuditEntry), pytest.raises(Undo), transaction.atomic():
        Tag.objects.create(name="undone")
        raise Undo
    assert not spool.exists()


def test_what_is_rolled_back_to_a_savepoint_is_no_phantom(spool: Path) -> None:
    with without_table(AuditEntry), transaction.atomic():
        Tag.objects.create(name="a")
        with pytest.raises(Undo), transaction.atomic():
            Tag.objects.create(name="undone")
            raise Undo
        Tag.objects.create(name="b")
    call_command("audit_recover", verbosity=0)
    assert [entry.changes["name"][1] for entry in entries()] == ["a", "b"]
    assert orphans() == []


def test_a_transaction_by_hand_is_spooled_at_its_commit(spool: Path) -> None:
    with by_hand():
        with refused_in_block():
            Tag.objects.create(name="undone")
            transaction.rollback()
            Tag.objects.create(name="a")
        assert not spool.exists()
        transaction.commit()
    call_command("audit_recover", verbosity=0)
    assert [entry.changes["name"][1] for entry in entries()] == ["a"]


def test_entries_before_and_after_the_failure_are_written_at_once_into_the_same_change_set(
    spool: Path,
) -> None:
    with audit_context(reason="one of them failed"), transaction.atomic():
        Tag.objects.create(name="a")
        with refused_in_block():
            Tag.objects.create(name="b")
        Tag.objects.create(name="c")
    assert [entry.changes["name"][1] for entry in entries()] == ["a", "c"]
    call_command("audit_recover", verbosity=0)
    assert [(entry.changes["name"][1], entry.seq) for entry in entries()] == [("a", 1), ("c", 3), ("b", 2)]
    assert [change_set.reason for change_set in ChangeSet.objects.all()] == ["one of them failed"]
    assert orphans() == []


def test_a_log_that_works_runs_no_more_than_a_savepoint(spool: Path) -> None:
    with transaction.atomic():
        Tag.objects.create(name="a")
    assert [entry.changes["name"][1] for entry in entries()] == ["a"]
    assert (orphans(), spool.exists()) == ([], False)


def test_where_the_spool_cannot_be_written_the_write_still_goes_through(
    spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool.write_text("a file in its place")
    lost = failures.lost.value
    with without_table(AuditEntry):
        Tag.objects.create(name="a")
    assert Tag.objects.filter(name="a").exists()
    assert failures.lost.value == lost + 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.CRITICAL]
    assert "1 audit entries are lost" in caplog.messages[-1]


def test_secrets_are_masked_in_the_spool_and_in_what_is_logged(
    spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with without_table(AuditEntry):
        Article.objects.create(title="secret", token=SECRET)
    written = "".join(path.read_text() for path in spool.iterdir())
    logged = "".join(
        record.getMessage() + "".join(traceback.format_exception(*record.exc_info))
        for record in caplog.records
        if record.exc_info
    )
    assert '"token": [null, {"masked": true}]' in written
    assert str(SECRET) not in written + logged


def test_every_database_has_its_own_entries_back(spool: Path) -> None:
    with without_table(AuditEntry):
        Tag.objects.create(name="a")
    call_command("audit_recover", verbosity=0)
    assert [entry.using for entry in entries()] == ["default"]
    assert list(connections) == ["default", "other"]
