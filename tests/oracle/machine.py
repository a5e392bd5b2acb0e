"""Everything that a project may do to its tables, in and out of blocks that are kept, rolled back or broken.

After each step the log says what the triggers saw, and replaying it gives the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.models import Group as UserGroup
from django.db import DatabaseError, connections, transaction
from django.db.models import F, Model
from django.db.models.signals import post_delete, post_save
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.signals import object_changed, object_created, object_deleted, relation_changed
from tests.capture.log import connected, orphans
from tests.testapp.models import Article, Product

from .blocks import Blocks
from .comparing import assert_log_says_what_triggers_saw
from .failing import Interrupted, failing_statement
from .forms_of_saves import new_savepoint
from .forms_of_upserts import upsert
from .living import Living
from .replaying import NOTHING, assert_log_gives_the_tables
from .strategies import (
    CONFLICTS,
    DELETION,
    FAILURE,
    FORM,
    RELATION,
    SOME_FORMS,
    TITLES,
    USING,
    VALUES,
    WHICH,
)
from .test_forms import EVERY
from .triggers import empty_tables, watched

RECEIVED = (object_created, object_changed, object_deleted, relation_changed, post_save, post_delete)
DEPTH = 3
MANY = 150


class Refused(Exception):
    """What a receiver raises."""


def refuse(**_kwargs: Any) -> None:
    raise Refused


def some_of(model: type[Model], which: int, count: int = 3) -> list[Any]:
    """Return a few rows that are there, from a place on."""
    found = list(model._base_manager.order_by("pk"))
    start = which % max(len(found), 1)
    return found[start : start + count]


class Writing(RuleBasedStateMachine):
    """Everything that a project may do to its tables, one thing after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = Blocks()
        self.since = NOTHING
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

    @rule(name=FORM, which=WHICH, failure=FAILURE)
    def write_while_a_statement_fails(self, name: str, which: int, failure: tuple[int, str]) -> None:
        self.world.turn(which)
        self.attempt(partial(EVERY[name], self.world), failure)

    @rule(name=FORM, which=WHICH, failure=FAILURE)
    def write_in_a_block_while_a_statement_fails(
        self, name: str, which: int, failure: tuple[int, str]
    ) -> None:
        self.world.turn(which)
        self.attempt_in_a_block(partial(EVERY[name], self.world), failure)

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

    @rule(titles=TITLES, values=VALUES, conflicts=CONFLICTS, which=WHICH)
    def bulk_create_values(
        self, titles: list[str], values: dict[str, Any], conflicts: str, which: int
    ) -> None:
        articles = [Article(title=title, **values) for title in titles]
        ways: dict[str, Callable[[], object]] = {
            "refused": lambda: Article.objects.bulk_create(articles, batch_size=which or None),
            "ignored": lambda: Article.objects.bulk_create(articles, ignore_conflicts=True),
            "updated": lambda: upsert(articles, [*values, "status"], ["title"], batch_size=which or None),
        }
        self.attempt(ways[conflicts])

    @rule(which=WHICH, values=VALUES.filter(bool))
    def bulk_update_values(self, which: int, values: dict[str, Any]) -> None:
        articles = some_of(Article, which)
        for article in articles[1:]:  # the first stays what it is
            for name, value in values.items():
                setattr(article, name, value)
        self.attempt(lambda: Article.objects.bulk_update(articles, list(values), batch_size=2))

    @rule(which=WHICH)
    def count_up(self, which: int) -> None:
        self.attempt(lambda: Product.objects.filter(amount__gt=which).update(amount=F("amount") + which))

    @rule(deletion=DELETION, which=WHICH)
    def delete(self, deletion: tuple[type[Model], str], which: int) -> None:
        model, way = deletion
        keys = [row.pk for row in some_of(model, which)]
        rows: Any = model._base_manager.filter(pk__in=keys)
        ways: dict[str, Callable[[], object]] = {
            "one": lambda: rows[0].delete() if keys else None,
            "set": rows.delete,
            "raw": lambda: rows._raw_delete(rows.db),
        }
        self.attempt_in_a_block(ways[way])

    @rule(relation=RELATION, which=WHICH, other=WHICH)
    def relate(
        self, relation: tuple[tuple[type[Model], str, type[Model]], str], which: int, other: int
    ) -> None:
        (model, name, target), way = relation
        chosen = () if way == "clear" else some_of(target, other)
        for owner in some_of(model, which, 1):
            work = getattr(getattr(owner, name), way)
            self.attempt(partial(work, chosen) if way == "set" else partial(work, *chosen))

    @rule()
    def begin_again(self) -> None:
        self.attempt_in_a_block(self.world.renew)

    @precondition(lambda self: len(self.blocks) < DEPTH)
    @rule(using=USING, savepoint=st.booleans())
    def begin(self, using: str, savepoint: bool) -> None:
        self.blocks.enter(using, savepoint)

    @precondition(lambda self: self.blocks)
    @rule()
    def keep(self) -> None:
        try:
            self.blocks.leave()
        except DatabaseError:  # a constraint that is checked at COMMIT
            self.blocks.unwind()

    @precondition(lambda self: self.blocks)
    @rule()
    def roll_back(self) -> None:
        self.blocks.roll_back()

    @precondition(lambda self: self.blocks)
    @rule(interrupted=st.booleans())
    def raise_out_of_the_block(self, interrupted: bool) -> None:
        self.blocks.leave(Interrupted() if interrupted else Refused())

    @precondition(lambda self: self.blocks and connections["default"].in_atomic_block)
    @rule(name=FORM, which=WHICH)
    def write_and_undo(self, name: str, which: int) -> None:
        self.world.turn(which)
        sid = new_savepoint()
        try:
            EVERY[name](self.world)
        except Exception:
            transaction.set_rollback(False)
        transaction.savepoint_rollback(sid)

    def attempt(self, act: Callable[[], object], failure: tuple[int, str] = (-1, "")) -> None:
        """Do something; what it raises goes up to where the innermost block began."""
        try:
            with failing_statement(*failure):
                act()
        except (Exception, Interrupted) as error:
            self.blocks.leave_broken(error)
        self.blocks.unwind()

    def attempt_in_a_block(self, act: Callable[[], object], failure: tuple[int, str] = (-1, "")) -> None:
        """Do something in a block of its own, which takes what it raises."""
        try:
            with transaction.atomic(), failing_statement(*failure):
                act()
        except (Exception, Interrupted):
            self.blocks.unwind()

    @invariant()
    def laws(self) -> None:
        assert_log_says_what_triggers_saw()
        found = assert_log_gives_the_tables(self.since)
        assert [orphans(using) for using in connections] == [[], []]
        if not self.blocks and AuditEntry.objects.count() > MANY:
            self.since = found
            empty_tables([AuditEntry, ChangeSet])

    def teardown(self) -> None:
        while self.blocks:
            self.blocks.roll_back()
