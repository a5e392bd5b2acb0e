"""Every write form: the log says what the database's own row triggers saw, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import Group as UserGroup
from django.db import connection, transaction
from django.db.models import signals

from signals_audit.models import AuditEntry, ChangeSet
from tests.capture.log import connected

from . import (  # noqa: F401 - collects
    forms_of_databases,
    forms_of_deletes,
    forms_of_relations,
    forms_of_restraints,
    forms_of_saves,
    forms_of_sets,
    forms_of_upserts,
)
from .comparing import assert_log_says_what_triggers_saw, seen, told
from .forms import FOLDED, FORMS, SILENT
from .triggers import empty_tables, reset, watched
from .world import World

pytestmark = pytest.mark.django_db(databases=["default", "other"])

EVERY = {**FORMS, **SILENT}
NOT_SEEN_FROM_MEMORY = {"save_a_stale_instance"}  # as its documentation says
DJANGOS_SIGNALS = (
    *(signals.pre_init, signals.post_init, signals.pre_save, signals.post_save),
    *(signals.pre_delete, signals.post_delete, signals.m2m_changed),
)


@pytest.fixture
def remembering(settings: Any) -> None:
    """Have the values before come from memory, for all models."""
    options = {"before": "memory"}
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.*": options, "auth.User": options}}


@pytest.fixture
def overheard() -> Iterator[None]:
    """Have a receiver on all of Django's model signals, for all models: Django then writes in other ways."""

    def receive(**_kwargs: Any) -> None:
        pass

    with ExitStack() as stack:
        for signal in DJANGOS_SIGNALS:
            stack.enter_context(connected(signal, receive))
        yield


@pytest.fixture
def world() -> World:
    """Have rows to begin with, that nobody was told of."""
    made = World()
    reset()
    return made


@pytest.mark.parametrize("name", FORMS)
def test_the_log_says_what_the_triggers_saw(
    name: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    FORMS[name](world)
    assert assert_log_says_what_triggers_saw() != {}
    assert caplog.record_tuples == []  # no write of Django's is taken for raw SQL


@pytest.mark.parametrize("name", SILENT)
def test_what_changes_nothing_is_not_in_the_log(name: str, world: World) -> None:
    SILENT[name](world)
    assert assert_log_says_what_triggers_saw() == {}


@pytest.mark.parametrize("name", FOLDED)
def test_rows_of_through_models_that_are_not_audited_are_told_on_their_owners(
    name: str, world: World, settings: Any
) -> None:
    audited = ("Group", "Person", "Shelf", "Tag")
    settings.SIGNALS_AUDIT = {"MODELS": [f"testapp.{model}" for model in audited]}
    FOLDED[name](world)
    assert assert_log_says_what_triggers_saw() != {}


@pytest.mark.usefixtures("overheard")
@pytest.mark.parametrize("name", EVERY)
def test_the_log_is_the_same_where_receivers_listen_to_django(name: str, world: World) -> None:
    EVERY[name](world)
    assert_log_says_what_triggers_saw()


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NOT_SEEN_FROM_MEMORY])
def test_the_log_is_the_same_where_values_are_remembered(name: str, remembering: None, world: World) -> None:
    EVERY[name](world)
    assert_log_says_what_triggers_saw()


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_the_log_is_the_same_in_autocommit() -> None:
    assert [name for name, form in EVERY.items() if not agrees_in_autocommit(form)] == []


def agrees_in_autocommit(form: Callable[[World], object]) -> bool:
    with transaction.atomic():
        empty_tables([*watched(), UserGroup, AuditEntry, ChangeSet])
        world = World()
        reset()
    form(world)
    return told() == seen()


def test_the_triggers_see_what_the_log_misses(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE testapp_author SET name = 'n' WHERE id = %s", [world.ada.pk])
    assert len(seen()) == len(caplog.records) == 1
    with pytest.raises(AssertionError):
        assert_log_says_what_triggers_saw()
