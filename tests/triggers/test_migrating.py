"""Migrations that change a table with triggers: they pass, and what is written afterwards is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import modify_settings, override_settings

from signals_audit import disabled, triggers
from signals_audit.models import AuditEntry
from signals_audit.triggers import State

APP = "tests.triggers.gadgets"
pytestmark = pytest.mark.django_db(transaction=True)


# Elsewhere the rows of many-to-many fields stay with Django's side.
FITS = {"gadgets_part_fits": State.UP_TO_DATE} if connection.vendor == "postgresql" else {}


def captured(*labels: str, **options: Any) -> Any:
    models = {label: {"capture": "triggers", **options} for label in labels}
    return override_settings(SIGNALS_AUDIT={"MODELS": models})


@pytest.fixture
def gadgets() -> Iterator[None]:
    """Have the app installed, and its models captured by triggers."""
    options = {"gadgets.Gadget": {"capture": "triggers"}, "gadgets.Part": {"capture": "triggers"}}
    with (
        modify_settings(INSTALLED_APPS={"append": APP}),
        override_settings(SIGNALS_AUDIT={"MODELS": options}),
    ):
        yield
        migrate("zero")


def migrate(target: str) -> None:
    call_command("migrate", "gadgets", target, verbosity=0)


def states() -> dict[str, State]:
    return {told.table: told.state for told in triggers.status(connection.alias)}


def write(columns: dict[str, Any]) -> list[tuple[str, Any, str]]:
    """Insert, change and delete a row by raw SQL; return what the log says of it."""
    AuditEntry.objects.all().delete()
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO gadgets_gadget ({names}) VALUES ({places})", list(columns.values()))
        cursor.execute("UPDATE gadgets_gadget SET size = '7'")
        cursor.execute("DELETE FROM gadgets_gadget")
    found = AuditEntry.objects.order_by("id").values_list("action", "changes", "source")
    return [(action, dict(changes), source) for action, changes, source in found]


def insert(table: str, columns: dict[str, Any]) -> int:
    """Insert a row by raw SQL, and return its key."""
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id", list(columns.values())
        )
        return int(cursor.fetchone()[0])


STEPS = {
    "0001": ({"name": "n", "size": 3, "motto": "m", "serial": "s"}, (3, 7)),
    "0002": ({"name": "n", "size": 3, "motto": "m", "serial": "s", "colour": "c"}, (3, 7)),
    "0003": ({"name": "n", "size": 3, "serial": "s", "colour": "c"}, (3, 7)),
    "0004": ({"name": "n", "size": "3", "serial": "s", "colour": "c"}, ("3", "7")),
    "0005": ({"title": "n", "size": "3", "serial_number": "s", "colour": "c"}, ("3", "7")),
    "0006": ({"title": "n", "size": "3", "serial_number": "s", "colour": "c"}, ("3", "7")),
    "0007": ({"title": "n", "size": "3", "serial_number": "s", "colour": "c"}, ("3", "7")),
}


@pytest.mark.usefixtures("gadgets")
def test_writes_are_recorded_after_each_migration_forwards_and_backwards() -> None:
    for target in [*STEPS, *reversed(STEPS)]:
        migrate(target)
        columns, sizes = STEPS[target]
        image = {name.replace("serial_number", "serial"): value for name, value in columns.items()}
        created, updated, deleted = write(columns)
        key = created[1].pop("id")[1]
        assert created == ("create", {name: [None, value] for name, value in image.items()}, "trigger"), (
            target
        )
        assert updated == ("update", {"size": list(sizes)}, "trigger"), target
        gone = {name: [value, None] for name, value in {**image, "size": sizes[1], "id": key}.items()}
        assert deleted == ("delete", gone, "trigger"), target


@pytest.mark.usefixtures("gadgets")
def test_after_all_migrations_everything_is_up_to_date_and_they_stay_when_nothing_is_to_be_done() -> None:
    migrate("0007")
    assert states() == {"gadgets_gadget": State.UP_TO_DATE, "gadgets_part": State.UP_TO_DATE, **FITS}
    before = triggers.status(connection.alias)
    call_command("migrate", verbosity=0)
    assert triggers.status(connection.alias) == before
    migrate("zero")
    assert states() == {}


@pytest.mark.usefixtures("gadgets")
def test_what_a_migration_writes_while_triggers_are_down_is_recorded_by_djangos_side() -> None:
    migrate("0005")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gadgets_gadget (title, size, colour, serial_number) VALUES ('a', '1', 'b', 's')"
        )
    AuditEntry.objects.all().delete()
    migrate("0006")
    entry = AuditEntry.objects.get()
    assert (entry.source, entry.changes) == ("update", {"colour": ["b", "blue"]})


@pytest.mark.usefixtures("gadgets")
@pytest.mark.skipif(not FITS, reason="nothing is told of them there")
def test_many_to_many_rows_are_told_after_each_migration_once_their_field_is_that_of_the_model() -> None:
    """Its name changes with 0005, the type of its column with 0006."""
    for target in ["0004", "0005", "0007", "0005", "0004", "0007"]:
        migrate(target)
        columns, _sizes = STEPS[target]
        with disabled():
            gadget = insert("gadgets_gadget", columns)
            part = insert("gadgets_part", {"gadget_id": gadget})
        AuditEntry.objects.all().delete()
        is_theirs = target != "0004"
        insert(f"gadgets_part_{'fits' if is_theirs else 'uses'}", {"part_id": part, "gadget_id": gadget})
        found = list(AuditEntry.objects.values_list("model", "object_id", "changes"))
        told = ("gadgets.Part", str(part), {"fits": {"added": [gadget], "removed": []}})
        assert found == [told] * is_theirs, target
        with disabled(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE gadgets_gadget CASCADE")


@pytest.mark.usefixtures("gadgets")
def test_flush_leaves_triggers_alone() -> None:
    migrate("0007")
    assert triggers.uninstall(connection.alias, but=["gadgets_part", *FITS]) == ["gadgets_gadget"]
    call_command("flush", interactive=False, verbosity=0)
    assert states() == {"gadgets_gadget": State.MISSING, "gadgets_part": State.UP_TO_DATE, **FITS}


@pytest.mark.usefixtures("gadgets")
def test_models_that_are_not_captured_by_triggers_any_more_lose_theirs_with_the_next_migrate() -> None:
    migrate("0007")
    with captured("gadgets.Gadget"):
        left = dict.fromkeys(["gadgets_part", *FITS], State.LEFT_OVER)
        assert states() == {"gadgets_gadget": State.UP_TO_DATE, **left}
        call_command("migrate", verbosity=0)
        assert states() == {"gadgets_gadget": State.UP_TO_DATE}
    with override_settings(
        SIGNALS_AUDIT={"MODELS": {"gadgets.Gadget": {"capture": "triggers", "mask": ["title"]}}}
    ):
        assert states() == {"gadgets_gadget": State.OUT_OF_DATE}
        call_command("migrate", verbosity=0)
        assert states() == {"gadgets_gadget": State.UP_TO_DATE}
