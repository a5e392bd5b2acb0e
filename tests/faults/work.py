"""What the writers do: each form of write leaves in the rows how often it was committed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F

from tests.testapp.models import Article, Child, Parent, Tag, Vote

ROWS = 5


class Writer:
    """One process's work. Its numbers are its own, so that each of its saves changes the row."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._numbers = itertools.count((number + 1) * 100_000)
        self._articles = list(Article.objects.order_by("pk").values_list("pk", flat=True))
        self._votes = list(Vote.objects.order_by("pk").values_list("pk", flat=True))
        self._parents = list(Parent.objects.order_by("pk").values_list("pk", flat=True))

    def save(self) -> None:
        """Get, change and save in autocommit."""
        self._changed(self._random.choice(self._articles)).save()

    def save_in_block(self) -> None:
        """Get, change and save two rows in one block, in the order of their keys."""
        with writing_block():
            for key in sorted(self._random.sample(self._articles, 2)):
                self._changed(key).save()

    def save_in_late_block(self) -> None:
        """Get and change two rows in autocommit, and save both in one block."""
        articles = [self._changed(key) for key in sorted(self._random.sample(self._articles, 2))]
        with transaction.atomic():
            for article in articles:
                article.save()

    def count_up(self) -> None:
        """Add one in the database."""
        Vote.objects.filter(pk=self._random.choice(self._votes)).update(weight=F("weight") + 1)

    def parent_then_child(self) -> None:
        """Save a row and insert another that points at it."""
        key = self._random.choice(self._parents)
        with writing_block():
            self._named(key).save()
            Child.objects.create(name="child", parent_id=key)

    def child_then_parent(self) -> None:
        """Insert a row that points at another, and save that one."""
        key = self._random.choice(self._parents)
        with writing_block():
            Child.objects.create(name="child", parent_id=key)
            self._named(key).save()

    def child_of_another(self) -> None:
        """Save a row and insert one that points at another row, which others may be saving the while."""
        saved, another = self._random.sample(self._parents, 2)
        with writing_block():
            self._named(saved).save()
            Child.objects.create(name="child", parent_id=another)

    def favourite(self) -> None:
        """Insert a row that points at another, and have that one point back at it."""
        key = self._random.choice(self._parents)
        with writing_block():
            child = Child.objects.create(name="child", parent_id=key)
            parent = self._named(key)
            parent.favourite = child
            parent.save()

    def save_in_any_order(self) -> None:
        """Save two rows in an order that others may not have: plain Django can meet a deadlock here."""
        with writing_block():
            for key in self._random.sample(self._articles, 2):
                self._changed(key).save()

    def _changed(self, key: int) -> Article:
        article = Article.objects.get(pk=key)
        article.views = next(self._numbers)
        article.body = self._random.choice(["", "short", "long " * 50])
        return article

    def _named(self, key: int) -> Parent:
        parent = Parent.objects.get(pk=key)
        parent.name = str(next(self._numbers))
        return parent


@contextmanager
def writing_block() -> Iterator[None]:
    """Open a block that reads before it writes: on SQLite it has to say so, or plain Django fails in it."""
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    connection.ensure_connection()
    connection.transaction_mode = "IMMEDIATE"  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            yield
    finally:
        connection.transaction_mode = None  # type: ignore[attr-defined]


def seed() -> None:
    """Make the rows that writers share."""
    for number in range(ROWS):
        Article.objects.create(title=f"Article {number}")
        Vote.objects.create(weight=0)
        Parent.objects.create(name=f"Parent {number}")
        Tag.objects.create(name=f"Tag {number}")
