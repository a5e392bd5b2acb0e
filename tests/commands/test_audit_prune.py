"""`audit_prune` removes what is old, in batches, and nothing else."""

from __future__ import annotations

import datetime
import tracemalloc
import uuid
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from signals_audit.models import AuditEntry, ChangeSet, Delivery, ReceiverStatistics
from signals_audit.retention import Pruned, doomed, prune
from tests.factories import AuditEntryFactory, ChangeSetFactory, DeliveryFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
OLD = NOW - datetime.timedelta(days=400)
NEW = NOW - datetime.timedelta(days=10)


def run(*options: str) -> str:
    out = StringIO()
    call_command("audit_prune", *options, stdout=out)
    return out.getvalue().strip()


def entry(created_at: datetime.datetime, **values: Any) -> AuditEntry:
    if "change_set" not in values:
        values["change_set"] = ChangeSetFactory(created_at=created_at)
    return AuditEntryFactory(created_at=created_at, **values)


def many(number: int, *, sets: int, created_at: datetime.datetime = OLD, text: str = "") -> None:
    """Make entries that are spread over change sets, without one query for each."""
    first = uuid.uuid4().int
    change_sets = [
        ChangeSet(id=uuid.UUID(int=(first + place) % 2**128), actor_kind="system", created_at=created_at)
        for place in range(sets)
    ]
    ChangeSet.objects.bulk_create(change_sets, batch_size=200)
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                change_set=change_sets[place % sets],
                seq=place // sets,
                action="update",
                model="testapp.Author",
                using="default",
                object_id=str(place),
                changes={"name": ["", text]},
                source="save",
                created_at=created_at,
            )
            for place in range(number)
        ),
        batch_size=200,
    )


def test_old_entries_go_with_the_change_sets_that_have_none_left() -> None:
    old, new = entry(OLD), entry(NEW)
    assert run("--older-than", "365d") == "Deleted 1 entry and 1 change set."
    assert list(AuditEntry.objects.all()) == [new]
    assert list(ChangeSet.objects.all()) == [new.change_set]
    assert not ChangeSet.objects.filter(pk=old.change_set_id).exists()


def test_a_change_set_stays_as_long_as_it_has_an_entry() -> None:
    change_set = ChangeSetFactory(created_at=OLD)
    entry(OLD, change_set=change_set)
    kept = entry(NEW, change_set=change_set, seq=2)
    assert run("--older-than", "365d") == "Deleted 1 entry and 0 change sets."
    assert list(AuditEntry.objects.all()) == [kept]
    assert list(ChangeSet.objects.all()) == [change_set]


def test_a_model_can_be_pruned_alone() -> None:
    change_set = ChangeSetFactory(created_at=OLD)
    entry(OLD, change_set=change_set, model="testapp.Author")
    tag = entry(OLD, change_set=change_set, model="testapp.Tag", seq=2)
    place = entry(OLD, model="testapp.Place")
    assert run("--older-than", "365d", "--model", "testapp.author") == "Deleted 1 entry and 0 change sets."
    assert list(AuditEntry.objects.order_by("id")) == [tag, place]
    assert run("--older-than=1y", "--model=testapp.Tag", "--model=testapp.Place") == (
        "Deleted 2 entries and 2 change sets."
    )


def test_a_model_that_is_gone_can_be_pruned_by_the_label_of_its_entries() -> None:
    entry(OLD, model="shop.Order")
    assert run("--older-than", "52w", "--model", "shop.Order") == "Deleted 1 entry and 1 change set."


def test_a_dry_run_counts_the_same_and_deletes_nothing() -> None:
    many(30, sets=7)
    shared = ChangeSetFactory(created_at=OLD)
    entry(OLD, change_set=shared)
    entry(NEW, change_set=shared, seq=2)
    assert run("--older-than", "365d", "--dry-run") == "Would delete 31 entries and 7 change sets."
    assert AuditEntry.objects.count() == 32
    assert run("--older-than", "365d") == "Deleted 31 entries and 7 change sets."


def test_nothing_old_is_nothing_deleted() -> None:
    entry(NEW)
    assert run("--older-than", "365d") == "Deleted 0 entries and 0 change sets."
    assert run("--older-than", "365d", "--dry-run") == "Would delete 0 entries and 0 change sets."


@pytest.mark.parametrize(
    ("age", "gone"), [("9d", 1), ("11d", 0), ("1w", 1), ("239h", 1), ("1Y", 0), ("2w", 0)]
)
def test_ages_are_hours_days_weeks_and_years(age: str, gone: int) -> None:
    entry(NEW)
    run("--older-than", age)
    assert AuditEntry.objects.count() == 1 - gone


@pytest.mark.parametrize("age", ["", "365", "d", "-1d", "1.5d", "0d", "90 days", "90d\n90d", "٣d"])
def test_a_wrong_age_is_said_and_deletes_nothing(age: str) -> None:
    entry(OLD)
    with pytest.raises(CommandError, match="is no age: write a number and h, d, w or y"):
        run(f"--older-than={age}")
    assert AuditEntry.objects.count() == 1


def test_an_age_beyond_the_calendar_is_said() -> None:
    with pytest.raises(CommandError, match="longer ago than the calendar goes"):
        run("--older-than", "99999999999y")
    with pytest.raises(CommandError, match="longer ago than the calendar goes"):
        run("--older-than", "3000y")


def test_a_wrong_label_is_said_with_the_one_that_was_meant() -> None:
    with pytest.raises(CommandError, match=r"Did you mean “testapp\.Author”"):
        run("--older-than", "1y", "--model", "testapp.Autor")
    with pytest.raises(CommandError, match="no model “nonsense”, and no entry of one"):
        run("--older-than", "1y", "--model", "nonsense")


@pytest.mark.parametrize("batch", ["0", "-5", "10001"])
def test_a_wrong_batch_is_said(batch: str) -> None:
    with pytest.raises(CommandError, match="--batch must be between 1 and 10000"):
        run("--older-than", "1y", f"--batch={batch}")


def test_an_unknown_database_is_said() -> None:
    with pytest.raises(CommandError, match="no database “archive”"):
        run("--older-than", "1y", "--database", "archive")


@pytest.mark.django_db(databases=["default", "other"])
def test_another_database_is_pruned_alone() -> None:
    here = entry(OLD)
    there = ChangeSetFactory._meta.model.objects.using("other").create(
        id=uuid.uuid4(), actor_kind="system", created_at=OLD
    )
    AuditEntry.objects.using("other").create(
        change_set=there, seq=1, action="create", model="testapp.Tag", using="other", object_id="1",
        changes={}, source="save", created_at=OLD,
    )  # fmt: skip
    assert run("--older-than", "1y", "--database", "other") == "Deleted 1 entry and 1 change set."
    assert list(AuditEntry.objects.all()) == [here]
    assert not ChangeSet.objects.using("other").exists()


def test_batches_end_between_entries_of_the_same_change_set() -> None:
    many(10, sets=1)
    steps = list(prune(doomed(NOW), batch=4))
    assert steps == [Pruned(4, 0), Pruned(4, 0), Pruned(2, 1)]


def test_entries_in_between_that_are_not_doomed_stay() -> None:
    for _round in range(3):
        entry(OLD)
        entry(NEW)
    assert sum(prune(doomed(NEW), batch=2), Pruned()) == Pruned(3, 3)
    assert AuditEntry.objects.count() == 3


def test_a_run_that_is_broken_off_goes_on_where_it_ended() -> None:
    many(10, sets=5)
    steps = prune(doomed(NOW), batch=4)
    assert next(steps).entries == 4
    assert next(steps).entries == 4
    steps.close()
    assert AuditEntry.objects.count() == 2
    assert sum(prune(doomed(NOW), batch=4), Pruned()).entries == 2
    assert not ChangeSet.objects.exists()


def test_thousands_of_entries_take_a_few_statements_for_each_batch() -> None:
    many(3000, sets=1500)
    entry(NEW)
    with CaptureQueriesContext(connection) as captured:
        assert run("--older-than", "1y", "--batch", "500") == "Deleted 3000 entries and 1500 change sets."
    counted = [query["sql"].split()[0] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert counted.count("DELETE") == 2 * 6
    assert counted.count("SELECT") == 1 + 6 + 2  # the last two are for deliveries and statistics
    assert len(counted) == counted.count("DELETE") + counted.count("SELECT")


@pytest.fixture
def _listener() -> Iterator[None]:
    """Somebody listens to every deletion: Django's own delete() would load all objects for them."""

    def listen(**_kwargs: Any) -> None:
        raise AssertionError("an entry was loaded and announced")

    pre_delete.connect(listen)
    yield
    pre_delete.disconnect(listen)


@pytest.mark.usefixtures("_listener")
def test_entries_are_never_loaded() -> None:
    many(400, sets=4, text="x" * 20_000)
    tracemalloc.start()
    try:
        run("--older-than", "1y", "--batch", "100")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not AuditEntry.objects.exists()
    assert peak < 1_500_000, "100 entries alone hold 2 MB of changes"


def test_deliveries_that_are_over_go_with_the_entries_of_their_time() -> None:
    entry(OLD)
    for state, finished_at in (("done", OLD), ("failed", OLD), ("done", NEW), ("pending", None)):
        DeliveryFactory(state=state, finished_at=finished_at, created_at=OLD)
    assert run("--older-than=1y", "--dry-run") == "Would delete 1 entry and 1 change set, 2 deliveries."
    assert run("--older-than=1y", "--model=testapp.Tag") == "Deleted 0 entries and 0 change sets."
    assert run("--older-than=1y", "--batch=1") == "Deleted 1 entry and 1 change set, 2 deliveries."
    assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == ["done", "pending"]


class Elsewhere:
    """A router that keeps models of the log away from all databases."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def allow_migrate(self, db: str, app_label: str, model_name: str = "", **hints: Any) -> bool | None:
        return False if model_name in self._names else None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("receiverstatistics",), "Deleted 1 entry and 1 change set."),
        (("auditentry",), "Deleted 0 entries and 0 change sets, 1 row of statistics."),
    ],
)
def test_what_a_router_keeps_elsewhere_is_not_looked_for(
    names: tuple[str, ...], told: str, settings: Any
) -> None:
    entry(OLD)
    ReceiverStatistics.objects.create(hour=OLD, signal="post_save", receiver="blog.signals.touch")
    settings.DATABASE_ROUTERS = [Elsewhere(*names)]
    assert run("--older-than", "365d") == told
