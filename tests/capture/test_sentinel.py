"""Raw SQL that writes to audited tables is noticed; whatever the ORM or Django itself runs is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, models, transaction
from django.db.models.signals import pre_save

from signals_audit import audit_context, disabled, on_create
from signals_audit.capture import sentinel
from signals_audit.capture.rawsql import masked, sets_level, written_tables
from signals_audit.checks.messages import TAG
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.testing import isolated_registry
from signals_audit.types import Timing
from tests.testapp.models import Article, Author, Tag, Unaudited

from .log import brief, connected, make, orphans

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counts(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    Tag.objects.create(name="known")  # that the log is there is known from here on
    for model in (AuditEntry, ChangeSet):
        model._base_manager.all().delete()
    caplog.set_level(logging.WARNING, logger="signals_audit")
    caplog.clear()
    before = sentinel.noticed.copy()
    sentinel.noticed.clear()
    yield
    sentinel.noticed.clear()
    sentinel.noticed.update(before)


@pytest.fixture
def entry_policy(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": {}}, "RAW_SQL": "entry"}


def run(sql: str, params: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else None


INSERT = "INSERT INTO testapp_tag (name) VALUES ('raw')"
WRITES = {
    "insert": INSERT,
    "update": "UPDATE testapp_tag SET name = 'other'",
    "delete": "DELETE FROM testapp_tag",
    "lower": "update testapp_tag set name = 'other'",
    "comment": "/* SELECT */ -- x\n  UPDATE testapp_tag SET name = 'other'",
    "through": "DELETE FROM testapp_article_tags",
}


@pytest.mark.parametrize("sql", WRITES.values(), ids=WRITES)
def test_a_raw_write_is_logged_and_counted(sql: str, caplog: pytest.LogCaptureFixture) -> None:
    if "article" in sql:
        make(Article, title="a").tags.add(Tag.objects.get())
    run(sql)
    label = "testapp.Article_tags" if "article" in sql else "testapp.Tag"
    assert sentinel.noticed == {label: 1}
    (message,) = caplog.messages
    assert (
        message
        == f"Raw SQL wrote to {label} on the database 'default', and the log does not know what: "
        + (masked(sql))
    )


def test_many_rows_at_once_are_noticed_too() -> None:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO testapp_tag (name) VALUES (%s)", [("a",), ("b",)])
    assert sentinel.noticed == {"testapp.Tag": 1}


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB has no WITH before a write")
def test_a_write_behind_with_is_noticed() -> None:
    run("WITH chosen AS (SELECT 1 AS id) UPDATE testapp_tag SET name = 'x' WHERE 1 = (SELECT id FROM chosen)")
    assert sentinel.noticed == {"testapp.Tag": 1}


def test_a_manager_s_raw_is_noticed_when_it_writes() -> None:
    if connection.vendor == "mysql":
        sql = "INSERT INTO testapp_tag (name) VALUES ('raw') RETURNING id, name"
    else:
        sql = "UPDATE testapp_tag SET name = 'raw' RETURNING id, name"
    assert [tag.name for tag in Tag.objects.raw(sql)] == ["raw"]
    assert sentinel.noticed == {"testapp.Tag": 1}


def test_values_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    run("UPDATE testapp_tag SET name = 's3cr3t' WHERE id > 41999 OR name = %s", ["s3cr3t too"])
    run("UPDATE testapp_tag SET name = 'it''s s3cr3t' WHERE id >= 0")
    assert "s3cr3t" not in caplog.text
    assert "41999" not in caplog.text


SILENT: dict[str, Callable[[], Any]] = {
    "read": lambda: run("SELECT * FROM testapp_tag"),
    "nothing written": lambda: run("UPDATE testapp_tag SET name = 'x' WHERE 1 = 0"),
    "not audited": lambda: run("INSERT INTO testapp_unaudited (name) VALUES ('x')"),
    "create": lambda: Tag.objects.create(name="a"),
    "save": lambda: Tag.objects.get().save(),
    "update": lambda: Tag.objects.update(name="a"),
    "bulk_create": lambda: Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")]),
    "ignored": lambda: Tag.objects.bulk_create([Tag(name="known")], ignore_conflicts=True),
    "bulk_update": lambda: Tag.objects.bulk_update(Tag.objects.all(), ["name"]),
    "delete": lambda: Tag.objects.all().delete(),
    "raw delete": lambda: Tag.objects.all()._raw_delete("default"),
    "relation": lambda: make(Article, title="a").tags.set(Tag.objects.all()),
    "not audited, by the ORM": lambda: Unaudited.objects.create(name="a"),
    "expression": lambda: Article.objects.update(views=models.F("views") + 1),
}


@pytest.mark.parametrize("policy", ["warn", "entry"])
@pytest.mark.parametrize("act", SILENT.values(), ids=SILENT)
def test_what_is_known_or_nobody_s_business_is_not_noticed(
    act: Callable[[], Any], policy: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Tag", "testapp.Article"], "RAW_SQL": policy}
    act()
    assert (sentinel.noticed, caplog.messages) == ({}, [])
    assert not AuditEntry.objects.filter(source="raw").exists()


def test_what_is_disabled_is_not_noticed(caplog: pytest.LogCaptureFixture) -> None:
    with disabled("testapp.Tag"):
        run(INSERT)
        Tag.objects.create(name="a")
    with disabled():
        run("UPDATE testapp_tag SET name = name")
    assert (sentinel.noticed, caplog.messages) == ({}, [])


def test_raw_sql_inside_a_reaction_or_a_receiver_is_noticed() -> None:
    def write(**_kwargs: Any) -> None:
        run("UPDATE testapp_author SET name = 'by a receiver'")

    make(Author, name="a")
    with connected(pre_save, write, Tag):
        Tag.objects.create(name="a")
    assert sentinel.noticed == {"testapp.Author": 1}
    with isolated_registry():
        on_create(Tag, timing=Timing.IN_TRANSACTION)(lambda event: write())
        Tag.objects.create(name="b")
        assert sentinel.noticed == {"testapp.Author": 2}
        Tag.objects.bulk_create([Tag(name="c")])
    assert sentinel.noticed == {"testapp.Author": 3}


def test_an_orm_write_is_silent_again_after_one_that_failed() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Tag.objects.bulk_create([Tag(name="known")])
    run(INSERT)
    assert sentinel.noticed == {"testapp.Tag": 1}


def test_a_statement_that_fails_is_not_noticed() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        run("INSERT INTO testapp_tag (nothing) VALUES (1)")
    assert sentinel.noticed == {}


def test_with_ignore_nothing_is_said(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": {}}, "RAW_SQL": "ignore"}
    run(INSERT)
    assert (sentinel.noticed, caplog.messages) == ({}, [])


@pytest.mark.django_db(transaction=True)
def test_migrations_and_the_emptying_of_tables_are_silent(caplog: pytest.LogCaptureFixture) -> None:
    with connection.schema_editor() as editor:
        editor.execute("UPDATE testapp_tag SET name = 'by a migration'")
    with connection.schema_editor() as editor:
        field = models.CharField(max_length=5, default="x")
        field.set_attributes_from_name("extra")
        editor.add_field(Tag, field)
        editor.remove_field(Tag, field)
    call_command("flush", interactive=False, verbosity=0)
    assert (sentinel.noticed, caplog.messages, Tag.objects.count()) == ({}, [], 0)


def test_a_wrapper_in_whose_block_the_connection_is_made_is_taken_off_again() -> None:
    def nothing(execute: Any, *args: Any) -> Any:
        return execute(*args)

    connection.execute_wrappers.remove(sentinel.look)
    others = list(connection.execute_wrappers)
    with connection.execute_wrapper(nothing):
        sentinel.watch(connection)
        sentinel.watch(connection)
        assert connection.execute_wrappers == [sentinel.look, *others, nothing]
    assert connection.execute_wrappers == [sentinel.look, *others]


def test_it_is_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        run(INSERT)
    with django_assert_num_queries(1):
        list(Tag.objects.all())


# "entry"


@pytest.mark.parametrize("in_block", [False, True])
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("entry_policy")
def test_with_entry_the_statement_stands_in_the_log(in_block: bool, caplog: pytest.LogCaptureFixture) -> None:
    with audit_context(actor="import", reason="because"):
        if in_block:
            with transaction.atomic():
                Tag.objects.create(name="before")
                run("UPDATE testapp_tag SET name = 'raw' WHERE name = %s", ["before"])
        else:
            run("UPDATE testapp_tag SET name = 'raw'")
    entry = AuditEntry.objects.get(source="raw")
    assert (entry.action, entry.model, entry.object_id, entry.changes) == ("update", "testapp.Tag", "", {})
    assert entry.object_repr.startswith("UPDATE testapp_tag SET name = ?")
    assert (entry.change_set.actor_repr, entry.change_set.reason) == ("import", "because")
    assert (sentinel.noticed, caplog.messages, orphans()) == ({"testapp.Tag": 1}, [], [])
    assert len({row.change_set_id for row in AuditEntry.objects.all()}) == 1


class Undo(Exception):
    """Undoes a block."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("entry_policy")
def test_with_entry_what_is_rolled_back_or_fails_leaves_none() -> None:
    with pytest.raises(Undo), transaction.atomic():
        run(INSERT)
        raise Undo
    with pytest.raises(DatabaseError):
        run("INSERT INTO testapp_tag (nothing) VALUES (1)")
    assert (brief(), orphans(), connection.get_autocommit()) == ([], [], True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("entry_policy")
def test_with_entry_rows_that_a_statement_returns_can_be_read() -> None:
    if connection.vendor == "mysql":
        sql = "INSERT INTO testapp_tag (name) VALUES ('raw') RETURNING name"
    else:
        sql = "UPDATE testapp_tag SET name = 'raw' RETURNING name"
    assert [row[0] for row in run(sql)] == ["raw"]
    assert sentinel.noticed == {"testapp.Tag": 1}
    assert AuditEntry.objects.filter(source="raw").count() == (connection.vendor != "sqlite")


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.usefixtures("entry_policy")
def test_with_entry_it_stands_on_the_database_that_was_written() -> None:
    Tag.objects.using("other").create(name="known there")
    with connections["other"].cursor() as cursor:
        cursor.execute(INSERT)
    assert [entry.using for entry in AuditEntry.objects.using("other").filter(source="raw")] == ["other"]
    assert brief() == []


# Reading SQL


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("INSERT INTO t VALUES (1)", {"t"}),
        ("insert or replace into T values (1)", {"t"}),
        ("INSERT IGNORE INTO `t` VALUES (1)", {"t"}),
        ("INSERT t VALUES (1)", {"t"}),
        ('INSERT INTO "a b"."c d" VALUES (1)', {"c d"}),
        ("INSERT INTO t SELECT * FROM u", {"t"}),
        ("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", {"t", "set"}),
        ("INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", {"t"}),
        ("INSERT INTO t VALUES ('DELETE FROM u')", {"t"}),
        ("REPLACE INTO t VALUES (1)", {"t"}),
        ("UPDATE ONLY public.t SET a = 1", {"t"}),
        ("UPDATE t, u SET t.a = 1", {"t", "u"}),
        ("UPDATE t SET a = (SELECT 1 FROM u FOR UPDATE)", {"t"}),
        ("UPDATE OR IGNORE t SET a = 1", {"t"}),
        ("DELETE FROM t -- UPDATE u SET a = 1", {"t"}),
        ("DELETE t FROM t JOIN u", {"t"}),
        ("TRUNCATE TABLE ONLY t, s.u CASCADE", {"t", "u"}),
        ("TRUNCATE t", {"t"}),
        ("MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE", {"t"}),
        ("WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x", {"t", "u"}),
        ("WITH x AS (SELECT 1) SELECT * FROM t FOR NO KEY UPDATE", set()),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", {"t"}),
        ("SELECT 'UPDATE t'", set()),
        ("CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM u; END", set()),
        ("GRANT UPDATE ON t TO u", set()),
        ("", set()),
        ("  \n -- x\n/* y */ (UPDATE t SET a = 1)", {"t"}),
        ("UPDATE", set()),
        ("ÜPDATE t", set()),
    ],
)
def test_the_tables_that_a_statement_writes(sql: str, tables: set[str]) -> None:
    assert written_tables(sql) - {"set"} == tables - {"set"}


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("UPDATE t1 SET a = 'x', b2 = 17.5,\n  c = %s", "UPDATE t1 SET a = ?, b2 = ?, c = %s"),
        ("INSERT INTO t VALUES ('it''s', $$body$$, $a$ b $a$, -3)", "INSERT INTO t VALUES (?, ?, ?, -?)"),
        ("DELETE FROM t /* 'note' */ WHERE id IN (1,2)", "DELETE FROM t WHERE id IN (?,?)"),
        ("UPDATE " + "x" * 300, "UPDATE " + "x" * 247 + "…"),
    ],
)
def test_a_statement_is_shown_without_its_values(sql: str, shown: str) -> None:
    assert masked(sql) == shown


def test_a_check_tells_of_raw_sql() -> None:
    run(INSERT)
    (message,) = (found for found in run_checks(tags=[TAG]) if found.id == "signals_audit.W013")
    assert message.msg == "Raw SQL wrote to the table of testapp.Tag 1 time(s) since this process started."


@pytest.mark.parametrize(
    ("sql", "sets"),
    [
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", True),
        ("-- why\n  set session transaction isolation level read committed", True),
        ("SET @@transaction_isolation = 'REPEATABLE-READ'", True),
        ("SET NAMES utf8mb4", False),
        ("SELECT isolation FROM ward", False),
        ("UPDATE ward SET isolation = 1", False),
    ],
)
def test_a_statement_that_sets_the_level_of_a_transaction_is_known(sql: str, sets: bool) -> None:
    assert sets_level(sql) is sets
