"""Checks that name what the log does not see, model by model and database by database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, Warning, run_checks
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model
from django.test.utils import isolate_apps

from signals_audit import register
from signals_audit.checks import chosen, replaced, sets, triggered
from signals_audit.checks.messages import TAG
from signals_audit.registry import registry
from tests.testapp.models import Article, Author, Country, Person, Shelf, Shelving, Tag, Wide

Saving = Callable[..., Any]


@pytest.fixture(autouse=True)
def _isolated(unnoticed: None) -> Iterator[None]:
    declared = registry.snapshot()
    yield
    registry.restore(declared)


def warning(number: int, message: str, hint: str | None) -> Warning:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")


def for_deployment() -> list[CheckMessage]:
    """Return what `check --deploy` says beside what `check` does."""
    every = run_checks(tags=[TAG], include_deployment_checks=True)
    return sorted(every, key=lambda message: (str(message.id), message.msg))


BEHIND = "It has to call what was there before it. Put signals_audit behind that app in INSTALLED_APPS."


def test_a_package_that_replaces_the_saving_of_rows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def save_table(self: Model, *args: Any, **kwargs: Any) -> bool:
        raise NotImplementedError

    monkeypatch.setattr(Model, "_save_table", save_table)
    name = f"{__name__}.{save_table.__qualname__}"
    message = f"Saves may go past the log: Model._save_table is now {name}."
    assert run_checks(tags=[TAG]) == [warning(15, message, BEHIND)]


def test_a_package_that_replaces_the_compilers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiler(self: BaseDatabaseOperations, name: str) -> Any:
        return getattr(__import__("django.db.models.sql.compiler", fromlist=[name]), name)

    monkeypatch.setattr(BaseDatabaseOperations, "compiler", compiler)
    name = f"{__name__}.{compiler.__qualname__}"
    message = "Statements on the database {!r} go past the log: compiler() is now " + name + "."
    assert run_checks(tags=[TAG]) == [
        warning(15, message.format(alias), BEHIND) for alias in ("default", "other")
    ]


def test_a_package_that_puts_its_own_around_the_compilers_is_no_reason_to_complain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = BaseDatabaseOperations.compiler

    def compiler(self: BaseDatabaseOperations, name: str) -> Any:
        return type(name, (ours(self, name),), {})

    monkeypatch.setattr(BaseDatabaseOperations, "compiler", compiler)
    assert replaced.check_seams() == []


def test_where_nothing_is_audited_nothing_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SIGNALS_AUDIT = {}
    monkeypatch.setattr(Model, "_save_table", Model.save_base)
    assert replaced.check_seams() == []


def test_models_whose_tables_are_not_ours_to_put_triggers_on() -> None:
    with isolate_apps("tests.testapp"):

        class Foreign(Model):
            class Meta:
                app_label = "testapp"
                managed = False

        assert triggered.unmanaged([Foreign, Tag]) == []
        register(Foreign, capture="triggers")
        assert triggered.unmanaged([Foreign, Tag]) == [
            warning(
                16,
                'testapp.Foreign has capture="triggers" and managed=False: migrate does not own its table, '
                "and puts up no triggers.",
                "Django's side records its changes, not those of other programs.",
            )
        ]
    assert triggered.check_managed() == []


def test_many_to_many_rows_without_triggers() -> None:
    register(Article, capture="triggers", exclude=["picks"])
    register(Shelf, capture="triggers")  # its rows name it by another column than its key
    register(Person, capture="triggers", m2m=[])
    without = ["Shelf"] if connection.vendor == "postgresql" else ["Article", "Shelf"]
    assert triggered.check_relations() == [
        warning(
            17,
            f"The rows of testapp.{name}.tags have no triggers: what other programs change there leaves no "
            "entries.",
            'Give the field a through model, with capture="triggers".',
        )
        for name in without
    ]
    register(Article.tags.through, capture="triggers")
    register(Shelving, capture="triggers")
    assert triggered.check_relations() == []


@pytest.mark.django_db
def test_models_whose_entries_the_database_cannot_make() -> None:
    for model in (Tag, Country, Wide):
        register(model, bulk="database")
    functions = "its values need functions, and making them here would end the transaction"
    digest = "its key is a secret, or longer than 255 characters, and SQLite cannot make a digest of it"
    reasons = {
        "sqlite": {"Country": digest},
        "mysql": {"Country": functions, "Wide": functions},
        "postgresql": {},
    }
    assert sets.check_sets() == []
    found = sets.check_sets(databases=["default"])
    assert sorted(found, key=lambda message: message.msg) == [
        warning(
            18,
            f"The database 'default' cannot make the entries of testapp.{name}: {reason}.",
            'Large statements are recorded as with bulk="rows", by Django\'s side.',
        )
        for name, reason in reasons[connection.vendor].items()
    ]


def test_holes_that_were_chosen_are_named_before_a_deployment(settings: Any) -> None:
    assert for_deployment() == []
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Tag", "testapp.Wide"], "RAW_SQL": "ignore"}
    register(Tag, before="memory")
    register(Wide, bulk="off")
    raw = 'Raw SQL that writes to audited tables goes unnoticed: SIGNALS_AUDIT["RAW_SQL"] is "ignore".'
    memory = (
        "The log does not see that a save() of testapp.Tag on the database {!r} reverts what others wrote "
        "since the object was loaded: it trusts the object's memory."
    )
    in_memory = [
        warning(21, memory.format(alias), 'Use before="exact", or save(update_fields=...).')
        for alias in ("default", "other")
        if connection.vendor != "mysql"
    ]
    many = "Statements that change several rows of testapp.Wide leave no entries."
    assert for_deployment() == [
        warning(20, raw, 'Use "warn" or "entry".'),
        *in_memory,
        warning(22, many, 'Use bulk="summary" for one entry each, or bulk="database".'),
    ]
    assert run_checks(tags=[TAG]) == []
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "ENABLED": False}
    assert for_deployment() == [warning(19, 'Nothing is recorded: SIGNALS_AUDIT["ENABLED"] is False.', None)]


def test_models_with_triggers_are_told_what_fires_none() -> None:
    for model in (Tag, Author):
        register(model, capture="triggers", before="memory", bulk="off")
    what, hint = chosen.FIRES_NOTHING[connection.vendor]
    expected = [
        warning(
            23,
            f"{what} fires no triggers on the database {alias!r}: it leaves no entries of testapp.Author, "
            "testapp.Tag.",
            hint,
        )
        for alias in ("default", "other")
    ]
    assert for_deployment() == expected


TRIGGERS = {
    "sqlite": ["CREATE TRIGGER shout AFTER INSERT ON testapp_tag BEGIN SELECT 1; END"],
    "mysql": ["CREATE TRIGGER shout AFTER INSERT ON testapp_tag FOR EACH ROW SET @signals_shouted = 1"],
    "postgresql": [
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER shout AFTER INSERT ON testapp_tag FOR EACH ROW EXECUTE FUNCTION shout()",
    ],
}


@pytest.mark.django_db(transaction=True)
def test_triggers_of_others_are_named_before_a_deployment() -> None:
    def told() -> list[CheckMessage]:
        found = run_checks(tags=[Tags.database], databases=["default"], include_deployment_checks=True)
        return [message for message in found if message.id == "signals_audit.W024"]

    assert told() == []
    with connection.cursor() as cursor:
        for statement in TRIGGERS[connection.vendor]:
            cursor.execute(statement)
        try:
            found = told()
            register(Tag, capture="triggers")
            assert told() == []
        finally:
            on_table = " ON testapp_tag" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER shout{on_table}")
            if connection.vendor == "postgresql":
                cursor.execute("DROP FUNCTION shout()")
    message = (
        "The table of testapp.Tag on the database 'default' has other triggers (shout): what they change in "
        "audited rows leaves no entries."
    )
    assert found == [warning(24, message, 'Use capture="triggers" for the models that they write.')]
