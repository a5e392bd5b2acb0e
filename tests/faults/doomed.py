"""The work of a process that will be killed, in every form of write."""

from __future__ import annotations

import random
from contextlib import suppress

from django.db import connection, transaction
from django.db.models import F

from tests.testapp.models import Article, Child, Parent, Tag, Vote

SET = 6


class Undone(Exception):
    """What undoes a savepoint."""


class Doomed:
    """Writes to rows of its own, whose `views` count how often each was updated."""

    FORMS = (
        *("create", "save", "save_in_block", "undo_in_block", "update", "update_set", "bulk_create"),
        *("bulk_update", "upsert", "delete", "delete_set", "cascade", "add_tag", "remove_tag", "set_tags"),
    )

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._tags = list(Tag.objects.order_by("pk"))
        articles = [Article(title=f"Article of {number}: {place}") for place in range(SET)]
        Article.objects.bulk_create(articles)
        self._titles = [article.title for article in articles]

    def create(self) -> None:
        Vote.objects.create(weight=0, article=self._article())

    def save(self) -> None:
        article = self._article()
        self._count(article)
        article.save()

    def save_in_block(self) -> None:
        """Save two rows and relate one, or nothing of it."""
        with transaction.atomic():
            for article in self._articles()[:2]:
                self._count(article)
                article.save()
            article.tags.add(self._tags[0])

    def undo_in_block(self) -> None:
        """Write what is kept, and what a savepoint takes back."""
        with transaction.atomic():
            self.update()
            with suppress(Undone), transaction.atomic():
                self.update_set()
                self.delete()
                raise Undone
            self.bulk_create()

    def update(self) -> None:
        Article.objects.filter(pk=self._article().pk).update(views=F("views") + 1)

    def update_set(self) -> None:
        Article.objects.filter(title__in=self._titles).update(views=F("views") + 1)

    def bulk_create(self) -> None:
        article = self._article()
        Vote.objects.bulk_create([Vote(weight=0, article=article) for _ in range(SET)])

    def bulk_update(self) -> None:
        articles = self._articles()
        for article in articles:
            self._count(article)
        Article.objects.bulk_update(articles, ["views", "body"])

    def upsert(self) -> None:
        """Update rows that are there, and insert one that is not."""
        articles = self._articles()[:3]
        for article in articles:
            self._count(article)
            article.pk = None
        articles.append(Article(title=f"Brief {self._random.random()}"))
        target = ["title"] if connection.features.supports_update_conflicts_with_target else None
        Article.objects.bulk_create(
            articles, update_conflicts=True, update_fields=["views", "body"], unique_fields=target
        )

    def delete(self) -> None:
        vote = Vote.objects.filter(article__title__in=self._titles).first()
        if vote is not None:
            vote.delete()

    def delete_set(self) -> None:
        Vote.objects.filter(article=self._article()).delete()

    def cascade(self) -> None:
        """Create rows, one of which takes the others with it."""
        parent = Parent.objects.create(name="brief")
        Child.objects.bulk_create([Child(name=str(number), parent=parent) for number in range(SET)])
        parent.delete()

    def add_tag(self) -> None:
        self._article().tags.add(*self._tags[:2], self._random.choice(self._tags))

    def remove_tag(self) -> None:
        self._article().tags.remove(self._random.choice(self._tags))

    def set_tags(self) -> None:
        self._article().tags.set(self._random.sample(self._tags, 2))

    def _articles(self) -> list[Article]:
        return list(Article.objects.filter(title__in=self._titles).order_by("pk"))

    def _article(self) -> Article:
        return Article.objects.get(title=self._random.choice(self._titles))

    def _count(self, article: Article) -> None:
        article.views += 1
        article.body = f"body {article.views}"
