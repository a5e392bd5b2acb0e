"""What the writers do: each form of write leaves in the rows how often it was committed."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F

from tests.testapp.models import Article, Child, Parent, Tag, Vote

ROWS, MANY = 5, 200
PAUSE = 0.002  # seconds in which others get at their second row, too
ARTICLES, VOTES, PARENTS = (f"update testapp.{name}" for name in ("Article", "Vote", "Parent"))
CHILDREN = "create testapp.Child"


Due = dict[str, int]  # entries that a form must have left when it was committed


class Writer:
    """One process's work. Its numbers are its own, so that each of its saves changes the row."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._numbers = itertools.count((number + 1) * 100_000)
        self._articles = list(Article.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])
        self._votes = list(Vote.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])
        self._parents = list(Parent.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])
        self._tags = list(Tag.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])

    # Rows by themselves

    def save(self) -> Due:
        """Get, change and save in autocommit."""
        self._changed(self._random.choice(self._articles)).save()
        return {ARTICLES: 1}

    def save_in_block(self) -> Due:
        """Get, change and save two rows in one block, in the order of their keys."""
        with writing_block():
            for key in sorted(self._random.sample(self._articles, 2)):
                self._changed(key).save()
        return {ARTICLES: 2}

    def save_in_late_block(self) -> Due:
        """Get and change two rows in autocommit, and save both in one block."""
        articles = [self._changed(key) for key in sorted(self._random.sample(self._articles, 2))]
        with transaction.atomic():
            for article in articles:
                article.save()
        return {ARTICLES: 2}

    def save_in_any_order(self) -> Due:
        """Save two rows in an order that others may not have: plain Django can meet a deadlock here."""
        with writing_block():
            for key in self._random.sample(self._articles, 2):
                self._changed(key).save()
                time.sleep(PAUSE)
        return {ARTICLES: 2}

    def save_after_reading_all(self) -> Due:
        """Save a row because of what all of them were: others may not have changed any the while."""
        with transaction.atomic():
            total = sum(article.views for article in Article.objects.filter(pk__in=self._articles))
            article = self._changed(self._random.choice(self._articles))
            article.body = f"of {total}"
            article.save()
        return {ARTICLES: 1}

    def count_up(self) -> Due:
        """Add one in the database."""
        return {VOTES: self._added([self._random.choice(self._votes)])}

    def read_and_count_up(self) -> Due:
        """Add one in Python: others' additions would be lost, if the database did not refuse."""
        with transaction.atomic():
            vote = Vote.objects.get(pk=self._random.choice(self._votes))
            vote.weight += 1
            vote.save()
        return {VOTES: 1}

    def create(self) -> Due:
        """Insert a row."""
        Vote.objects.create(weight=0)
        return {"create testapp.Vote": 1}

    def come_and_go(self) -> Due:
        """Insert a row, and delete it."""
        Tag.objects.create(name=f"brief {next(self._numbers)}").delete()
        return {"create testapp.Tag": 1, "delete testapp.Tag": 1}

    # Sets

    def update_set(self) -> Due:
        """Add one to some rows by one statement; MariaDB takes them in the order that is asked for."""
        return {VOTES: self._added(self._random.sample(self._votes, 3))}

    def update_sets(self) -> Due:
        """Add one to two sets of rows that overlap, in one block and in an order that others may not have."""
        with writing_block():
            count = self._added(self._random.sample(self._votes, 2))
            time.sleep(PAUSE)
            count += self._added(self._random.sample(self._votes, 3))
        return {VOTES: count}

    def bulk_update(self) -> Due:
        """Change some rows by one statement, named in any order."""
        articles = [self._changed(key) for key in self._random.sample(self._articles, 3)]
        return {ARTICLES: Article.objects.bulk_update(articles, ["views", "body"])}

    def upsert(self) -> Due:
        """Update some rows that are there by inserting them, in any order."""
        titles = self._random.sample(range(ROWS), 3)
        articles = [Article(title=f"Article {title}", views=next(self._numbers)) for title in titles]
        target = ["title"] if connection.features.supports_update_conflicts_with_target else None
        Article.objects.bulk_create(
            articles, update_conflicts=True, update_fields=["views"], unique_fields=target
        )
        return {ARTICLES: 3}

    def replace_children(self) -> Due:
        """Delete the rows that point at another one, and insert others."""
        key = self._random.choice(self._parents)
        with writing_block():
            gone, _ = Child.objects.filter(parent_id=key).delete()
            Child.objects.bulk_create([Child(name="new", parent_id=key) for _ in range(2)])
        return {"delete testapp.Child": gone, CHILDREN: 2}

    # Rows that point at each other

    def parent_then_child(self) -> Due:
        """Save a row and insert another that points at it."""
        key = self._random.choice(self._parents)
        with writing_block():
            self._named(key).save()
            Child.objects.create(name="child", parent_id=key)
        return {PARENTS: 1, CHILDREN: 1}

    def child_then_parent(self) -> Due:
        """Insert a row that points at another, and save that one."""
        key = self._random.choice(self._parents)
        with writing_block():
            Child.objects.create(name="child", parent_id=key)
            self._named(key).save()
        return {PARENTS: 1, CHILDREN: 1}

    def child_of_another(self) -> Due:
        """Save a row and insert one that points at another row, which others may be saving the while."""
        saved, another = self._random.sample(self._parents, 2)
        with writing_block():
            self._named(saved).save()
            Child.objects.create(name="child", parent_id=another)
        return {PARENTS: 1, CHILDREN: 1}

    def favourite(self) -> Due:
        """Insert a row that points at another, and have that one point back at it."""
        key = self._random.choice(self._parents)
        with writing_block():
            child = Child.objects.create(name="child", parent_id=key)
            parent = self._named(key)
            parent.favourite = child
            parent.save()
        return {PARENTS: 1, CHILDREN: 1}

    def add(self) -> Due:
        """Relate a row to others: how much of it is new is chance."""
        self._article().tags.add(*self._random.sample(self._tags, 2))
        return {}

    def remove(self) -> Due:
        """Take relations away: how many there are is chance."""
        self._article().tags.remove(*self._random.sample(self._tags, 2))
        return {}

    def relate(self) -> Due:
        """Relate a row to some others and to no more: how much of it is new is chance."""
        self._article().tags.set(self._random.sample(self._tags, 2))
        return {}

    def _article(self) -> Article:
        return Article.objects.get(pk=self._random.choice(self._articles))

    def _added(self, keys: list[int]) -> int:
        rows = Vote.objects.filter(pk__in=keys).order_by(self._random.choice(["pk", "-pk"]))
        return rows.update(weight=F("weight") + 1)

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
    """Make the rows that writers share, the first of many: few rows would be found without an index."""
    numbers = range(MANY)
    Article.objects.bulk_create([Article(title=f"Article {number}") for number in numbers])
    Vote.objects.bulk_create([Vote(weight=0) for _ in numbers])
    Parent.objects.bulk_create([Parent(name=f"Parent {number}") for number in numbers])
    Tag.objects.bulk_create([Tag(name=f"Tag {number}") for number in numbers])
    with connection.cursor() as cursor:
        for model in (Article, Vote, Parent, Tag):
            table = "TABLE " if connection.vendor == "mysql" else ""
            cursor.execute(f"ANALYZE {table}{model._meta.db_table}")
