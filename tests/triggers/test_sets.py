"""Statements that may change many rows: PostgreSQL's triggers take these together, and write the same."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Concat, Mod

from signals_audit import Actor, ActorKind, audit_context, disabled
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.triggers.sets import may_be_many
from signals_audit.values import object_key
from tests.testapp.models import Wide

from ..spelling.conftest import encoded
from .clients import run_sql
from .conftest import Triggered

ANN = Actor(ActorKind.USER, "7", "ann")
MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=datetime.UTC)
KEYS = {"id", "row"}
Images = dict[str, tuple[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("sql", "many"),
    [
        ('INSERT INTO "tag" ("name") VALUES (%s) RETURNING "tag"."id"', False),
        ('INSERT INTO "tag" ("name") VALUES (%s), (%s) RETURNING "tag"."id"', True),
        ('INSERT INTO "tag" ("name") SELECT * FROM UNNEST((%s)::varchar[]) RETURNING "tag"."id"', True),
        ('UPDATE "tag" SET "name" = %s WHERE "tag"."id" = %s', False),
        ('UPDATE "tag" SET "name" = %s WHERE "tag"."id" = %s RETURNING "tag"."slug"', False),
        ('UPDATE "tag" SET "name" = %s WHERE ("tag"."id" = %s)', False),
        ('UPDATE "tag" SET "name" = %s WHERE "tag"."name" = %s', True),
        ('UPDATE "tag" SET "name" = %s WHERE ("tag"."row" = %s AND "tag"."number" = %s)', True),
        ('UPDATE "tag" SET "name" = %s', True),
        ('DELETE FROM "tag" WHERE "tag"."id" IN (%s)', False),
        ('DELETE FROM "tag" WHERE "tag"."id" IN (%s, %s)', True),
        ("delete from tag", True),
        ("SELECT 1", False),
        ("", False),
    ],
)
def test_what_may_change_many_rows(sql: str, many: bool) -> None:
    assert may_be_many(sql, KEYS) is many


def by_sets() -> bool:
    """Tell whether triggers take the rows of a statement together, here and now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('signals_audit.sets', true)")
        return bool(cursor.fetchone()[0] == "on")


def make(number: int) -> None:
    """Insert rows without entries."""
    with disabled():
        Wide.objects.bulk_create(
            Wide(title=f"Ä{place}", body="x", count=place, price="1.50", ratio=place / 3, first=MOMENT)
            for place in range(number)
        )


def images() -> Images:
    """Return key and values of all rows, by what stays the same."""
    rows = Wide.objects.all()
    return {row.title: (object_key(row.pk), encoded(row)) for row in rows}


def told() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return what the entries say, by their objects; their places have no gaps, and they one change set."""
    found = AuditEntry.objects.order_by("id").select_related("change_set")
    assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
    assert {(entry.source, entry.object_repr) for entry in found} == {
        ("trigger", f"{entry.model} {entry.object_id}") for entry in found
    }
    assert ChangeSet.objects.count() == (1 if found else 0)
    rows = ((entry.action, entry.change_set.actor_repr, entry.object_id, entry.changes) for entry in found)
    return sorted(rows, key=lambda row: row[2])


def expected(before: Images, after: Images) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return what Python says of the difference of two images."""
    rows = []
    for title in before.keys() | after.keys():
        (_, old), (key, new) = before.get(title, ("", {})), after.get(title, ("", {}))
        pairs = {name: [old.get(name), new.get(name)] for name in old or new}
        action = "update" if old and new else "create" if new else "delete"
        if action == "update":
            pairs = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if pairs:
            rows.append((action, "ann", key or before[title][0], pairs))
    return sorted(rows, key=lambda row: row[2])


STATEMENTS: dict[str, Callable[[], object]] = {
    "all differ": lambda: Wide.objects.update(count=F("count") + 1, note=Concat("note", "title")),
    "some differ": lambda: Wide.objects.update(count=F("count") - Mod("count", 2)),
    "none differs": lambda: Wide.objects.update(count=F("count")),
    "none is met": lambda: Wide.objects.filter(count=-1).update(count=1),
    "keys differ": lambda: Wide.objects.update(id=F("id") + 100_000),
    "some go": lambda: Wide.objects.filter(count__gte=1).delete(),
    "some come": lambda: Wide.objects.bulk_create(Wide(title=f"n{n}", body="") for n in range(100)),
}

if connection.vendor == "postgresql":

    @pytest.mark.django_db
    @pytest.mark.parametrize("number", [3, 200])
    @pytest.mark.parametrize("statement", STATEMENTS)
    def test_of_rows_taken_together_is_written_what_python_says(
        triggered: Triggered, statement: str, number: int
    ) -> None:
        triggered(Wide)
        make(number)
        before = images()
        with audit_context(actor=ANN):
            STATEMENTS[statement]()
        assert by_sets()
        assert told() == expected(before, images())

    @pytest.mark.django_db(transaction=True)
    def test_single_rows_go_one_by_one_until_many_may_come(triggered: Triggered) -> None:
        triggered(Wide)
        make(3)
        before = images()
        with audit_context(actor=ANN), transaction.atomic():
            row = Wide.objects.get(title="Ä0")
            row.count = 7
            row.save()
            assert not by_sets()
            Wide.objects.exclude(title="Ä0").update(count=8)
            assert by_sets()
            Wide.objects.filter(title="Ä2").delete()
        assert not by_sets()
        assert told()[:2] == expected(before, images())[:2]
        assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["update"] * 3 + ["delete"]

    @pytest.mark.django_db
    def test_a_savepoint_that_is_rolled_back_takes_it_back(triggered: Triggered) -> None:
        triggered(Wide)
        with disabled():
            Wide.objects.create(title="Ä0", body="x")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Wide.objects.update(count=8)
            raise ZeroDivisionError
        assert not by_sets()
        before = images()
        with audit_context(actor=ANN):
            Wide.objects.update(count=9)
        assert told() == expected(before, images())

    @pytest.mark.django_db
    def test_upserts_are_told_as_creates_and_updates(triggered: Triggered) -> None:
        triggered(Wide)
        make(2)
        before = images()
        kept, gone = Wide.objects.order_by("count")
        rows = [Wide(id=kept.pk, title=kept.title, body="y"), Wide(title="new", body="z")]
        rows += [Wide(id=gone.pk, title=gone.title, body="x")]
        with audit_context(actor=ANN):
            Wide.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["id"], update_fields=["body"]
            )
        assert told() == expected(before, images())

    @pytest.mark.django_db(transaction=True)
    def test_other_clients_may_have_their_rows_taken_together(triggered: Triggered) -> None:
        triggered(Wide)
        make(100)
        change = "UPDATE testapp_wide SET count = count + 1; DELETE FROM testapp_wide"
        run_sql(f"SET signals_audit.sets = 'on'; {change}")
        found = AuditEntry.objects.order_by("id").values_list("action", flat=True)
        assert list(found) == ["update"] * 100 + ["delete"] * 100

    @pytest.mark.django_db
    def test_disabled_models_are_not_recorded(triggered: Triggered) -> None:
        triggered(Wide)
        make(3)
        with disabled("testapp.Wide"):
            Wide.objects.update(count=8)
        assert by_sets()
        assert not AuditEntry.objects.exists()
