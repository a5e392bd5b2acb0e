"""Random sequences of all write forms, in and out of blocks that are kept, rolled back or broken.

After each step the log says what the triggers saw, and replaying it gives the tables.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group as UserGroup
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.signals import post_delete, post_save
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.signals import object_changed, object_created, object_deleted, relation_changed
from tests.capture.log import connected, orphans
from tests.testapp.models import Article, Product, Tag

from .comparing import assert_log_says_what_triggers_saw
from .forms_of_saves import new_savepoint
from .replaying import assert_log_gives_the_tables
from .test_forms import EVERY
from .triggers import empty_tables, watched
from .world import World

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other"])

RECEIVED = (object_created, object_changed, object_deleted, relation_changed, post_save, post_delete)
DEPTH = 3

FORM = st.sampled_from(sorted(EVERY))
SOME_FORMS = st.lists(FORM, min_size=1, max_size=4)
WHICH = st.integers(0, 6)
JSON = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab'\"", max_size=2),
    lambda inner: (
        st.lists(inner | st.none(), max_size=2)
        | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)
    ),
    max_leaves=4,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "views": st.integers(-(2**31), 2**31 - 1),
        "body": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        "price": st.decimals("-999", "999", places=2),
        "ratio": st.none() | st.sampled_from([0.0, 0.1, 3.0, -1e10]),
        "is_open": st.booleans(),
        "day": st.none() | st.dates(datetime.date(1000, 1, 1)),
        "meta": JSON,
    },
)


class Refused(Exception):
    """What a receiver raises."""


def refuse(**_kwargs: Any) -> None:
    raise Refused


class Living(World):
    """A world that was told of from its beginning, and whose names stand for whatever rows are there."""

    def __init__(self) -> None:
        self.populate()

    def turn(self, which: int) -> None:
        """Have each name stand for a row that is there, if there is one of its kind."""
        for place, (name, instance) in enumerate(vars(self).items()):
            found = list(type(instance)._base_manager.order_by("pk")[:7])
            if found:
                setattr(self, name, found[(which + place) % len(found)])


class Writing(RuleBasedStateMachine):
    """Everything that a project may do to its tables, one thing after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Any] = []
        empty_tables([*watched(), UserGroup, AuditEntry, ChangeSet])

    @initialize()
    def begin_with_a_few_rows(self) -> None:
        with transaction.atomic():
            self.world = Living()

    @rule(names=SOME_FORMS, which=WHICH)
    def write(self, names: list[str], which: int) -> None:
        """Write rows as they are now; an error breaks the block at hand."""
        for name in names:
            self.world.turn(which)
            self.attempt(partial(EVERY[name], self.world))

    @rule(names=SOME_FORMS, which=WHICH)
    def write_in_savepoints(self, names: list[str], which: int) -> None:
        for name in names:
            self.world.turn(which)
            self.attempt_in_a_block(partial(EVERY[name], self.world))

    @rule(names=SOME_FORMS)
    def write_with_old_instances(self, names: list[str]) -> None:
        """Write what was loaded some steps ago: others may have written since, or it was rolled back."""
        for name in names:
            self.attempt_in_a_block(partial(EVERY[name], self.world))

    @rule(name=FORM, which=WHICH, signal=st.sampled_from(RECEIVED))
    def write_with_a_receiver_that_raises(self, name: str, which: int, signal: Any) -> None:
        self.world.turn(which)
        with connected(signal, refuse):
            self.attempt(partial(EVERY[name], self.world))

    @rule(which=WHICH, values=VALUES, some=st.booleans())
    def save_values(self, which: int, values: dict[str, Any], some: bool) -> None:
        self.world.turn(which)
        article = self.world.a
        for name, value in values.items():
            setattr(article, name, value)
        self.attempt(lambda: article.save(update_fields=list(values) if some else None))

    @rule(which=WHICH, values=VALUES)
    def update_values(self, which: int, values: dict[str, Any]) -> None:
        self.attempt(lambda: Article.objects.filter(views__gt=which).update(**values))

    @rule(which=WHICH, values=VALUES)
    def create_values(self, which: int, values: dict[str, Any]) -> None:
        self.attempt(lambda: Article.objects.create(title=f"t{which}", **values))

    @rule(which=WHICH)
    def count_up(self, which: int) -> None:
        self.attempt(lambda: Product.objects.filter(amount__gt=which).update(amount=F("amount") + which))

    @rule(which=WHICH, other=WHICH)
    def relate(self, which: int, other: int) -> None:
        chosen = [tag for place, tag in enumerate(Tag.objects.order_by("pk")) if (place + other) % 2]
        self.world.turn(which)
        self.attempt(lambda: self.world.a.tags.set(chosen))

    @rule()
    def populate_again(self) -> None:
        self.attempt_in_a_block(self.world.populate)

    @precondition(lambda self: len(self.blocks) < DEPTH)
    @rule(savepoint=st.booleans())
    def begin(self, savepoint: bool) -> None:
        block = transaction.atomic(savepoint=savepoint)
        block.__enter__()
        self.blocks.append(block)

    @precondition(lambda self: self.blocks)
    @rule()
    def keep(self) -> None:
        try:
            self.blocks.pop().__exit__(None, None, None)
        except DatabaseError:  # a constraint that is checked at COMMIT
            self.unwind()

    @precondition(lambda self: self.blocks)
    @rule()
    def roll_back(self) -> None:
        transaction.set_rollback(True)
        self.unwind()

    @precondition(lambda self: self.blocks)
    @rule()
    def raise_out_of_the_block(self) -> None:
        self.leave(Refused())

    @precondition(lambda self: self.blocks)
    @rule(name=FORM, which=WHICH)
    def write_and_undo(self, name: str, which: int) -> None:
        self.world.turn(which)
        sid = new_savepoint()
        try:
            EVERY[name](self.world)
        except Exception:
            transaction.set_rollback(False)
        transaction.savepoint_rollback(sid)

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something; what it raises goes up to where the innermost block began."""
        try:
            act()
        except Exception as error:
            self.leave(error)
        self.unwind()

    def attempt_in_a_block(self, act: Callable[[], object]) -> None:
        """Do something in a block of its own, which takes what it raises."""
        try:
            with transaction.atomic():
                act()
        except Exception:
            self.unwind()

    def leave(self, error: Exception) -> None:
        if self.blocks:
            self.blocks.pop().__exit__(type(error), error, error.__traceback__)
        self.unwind()

    def unwind(self) -> None:
        """Leave the blocks that must be rolled back."""
        while self.blocks and connection.needs_rollback:
            self.blocks.pop().__exit__(None, None, None)

    @invariant()
    def laws(self) -> None:
        assert_log_says_what_triggers_saw()
        assert_log_gives_the_tables()
        assert orphans() == []

    def teardown(self) -> None:
        while self.blocks:
            transaction.set_rollback(True)
            self.unwind()


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_whatever_is_written_the_log_is_right() -> None:
    few = settings(max_examples=7, stateful_step_count=20, suppress_health_check=QUIET)
    run_state_machine_as_test(Writing, settings=few)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_whatever_is_written_the_log_is_right_however_long_it_is_tried(part: int) -> None:
    many = settings(max_examples=40, stateful_step_count=40, suppress_health_check=QUIET, derandomize=False)
    run_state_machine_as_test(Writing, settings=many)
