"""The law of the log: replaying it gives the tables, and each value before is the previous one after."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F, Model, QuerySet
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals_audit.models import AuditEntry
from signals_audit.values import dumps, encode, encode_json, object_key
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Comment,
    Membership,
    Person,
    Place,
    Restaurant,
    Review,
    Tag,
)
from tests.testapp.models import Group as Club

from .log import SECRETS, orphans

pytestmark = pytest.mark.django_db

TABLES: Sequence[type[Model]] = (
    *(Article, Author, Bistro, Club, Comment, Membership, Person, Place, Restaurant, Review, Tag),
)
RELATIONS = (Article.tags.field, Article.picks.field, Person.friends.field, Person.follows.field)


class Replay:
    """The tables as the entries tell them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {model._meta.label: {} for model in TABLES}
        self.related: dict[tuple[str, str, str], set[str]] = {}
        for entry in AuditEntry.objects.order_by("id"):
            self.apply(entry)

    def apply(self, entry: AuditEntry) -> None:
        if entry.source == "relation":
            ((name, change),) = entry.changes.items()
            self.relate((entry.model, entry.object_id, name), change)
            return
        rows, key = self.rows[entry.model], entry.object_id
        if entry.action == "create":
            assert key not in rows
            rows[key] = {}
        for name, (before, after) in entry.changes.items():
            known = rows[key].get(name)
            assert entry.action == "create" or dumps(known) == dumps(before), (name, known, before)
            rows[key][name] = after
        if entry.action == "delete":
            assert entry.changes.keys() == rows[key].keys()
            del rows[key]

    def relate(self, place: tuple[str, str, str], change: dict[str, list[Any]]) -> None:
        known = self.related.setdefault(place, set())
        added, removed = ({dumps(key) for key in change[name]} for name in ("added", "removed"))
        assert removed <= known
        assert not added & known
        self.related[place] = (known - removed) | added


def assert_log_is_the_database() -> None:
    replayed = Replay()
    for model in TABLES:
        told = replayed.rows[model._meta.label]
        assert {key: shown(row) for key, row in told.items()} == {
            key: shown(row) for key, row in stored(model).items()
        }, model
    assert {place: keys for place, keys in replayed.related.items() if keys} == stored_relations()
    assert orphans() == []


def shown(row: dict[str, Any]) -> dict[str, str]:
    return {name: dumps(value) for name, value in row.items() if name not in SECRETS}


def stored(model: type[Model]) -> dict[str, dict[str, Any]]:
    fields = model._meta.local_concrete_fields
    found = model._base_manager.values_list("pk", *(field.attname for field in fields))
    return {
        object_key(pk): {
            field.name: (encode_json if isinstance(field, models.JSONField) else encode)(value)
            for field, value in zip(fields, row, strict=True)
        }
        for pk, *row in found
    }


def stored_relations() -> dict[tuple[str, str, str], set[str]]:
    found: dict[tuple[str, str, str], set[str]] = {}
    for field in RELATIONS:
        ends = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
        for owner, target in field.remote_field.through._base_manager.values_list(*ends):
            place = (field.model._meta.label, object_key(owner), field.name)
            found.setdefault(place, set()).add(dumps(target))
    return found


# What may happen. `which` picks among the rows that are there.


def pick(queryset: QuerySet[Any], which: int) -> Any:
    rows = list(queryset.order_by("pk"))
    return rows[which % len(rows)] if rows else None


def with_article(change: Callable[[Article, int, dict[str, Any]], Any]) -> Callable[..., None]:
    def act(which: int, other: int, values: dict[str, Any]) -> None:
        article = pick(Article.objects.all(), which)
        if article is not None:
            change(article, other, values)

    return act


def create_article(which: int, other: int, values: dict[str, Any]) -> None:
    Article.objects.create(title=f"t{which}", author=pick(Author.objects.all(), other), **values)


def save_article(article: Article, _other: int, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(article, name, value)
    article.save()


def save_some_fields(article: Article, other: int, values: dict[str, Any]) -> None:
    article.title = f"t{other}"
    for name, value in values.items():
        setattr(article, name, value)
    article.save(update_fields=list(values) or ["title"])


def save_stale(article: Article, other: int, values: dict[str, Any]) -> None:
    Article.objects.filter(pk=article.pk).update(views=other, body="elsewhere")
    save_article(article, other, values)


def save_deferred(article: Article, other: int, _values: dict[str, Any]) -> None:
    partial = Article.objects.only("title").get(pk=article.pk)
    partial.title, partial.views = f"t{other}", other
    partial.save()


def count_up(article: Article, other: int, _values: dict[str, Any]) -> None:
    article.views = F("views") + other
    article.save()


def overwrite(article: Article, other: int, values: dict[str, Any]) -> None:
    Article(pk=article.pk, title=f"t{other}", **values).save()


def set_tags(article: Article, other: int, _values: dict[str, Any]) -> None:
    article.tags.set([tag for tag in Tag.objects.all() if (tag.pk + other) % 2])


def change_tag(article: Article, other: int, _values: dict[str, Any]) -> None:
    tag = pick(Tag.objects.all(), other)
    if tag is not None:
        manager = article.picks if other % 2 else article.tags
        (manager.remove if other % 3 == 0 else manager.add)(tag)


def change_tag_from_the_other_side(article: Article, other: int, _values: dict[str, Any]) -> None:
    tag = pick(Tag.objects.all(), other)
    if tag is not None:
        (tag.articles.remove if other % 2 else tag.articles.add)(article)


def befriend(which: int, other: int, _values: dict[str, Any]) -> None:
    one, two = pick(Person.objects.all(), which), pick(Person.objects.all(), other)
    if one is None:
        Person.objects.create(name="n")
    elif which % 3:
        one.friends.add(two)
        one.follows.add(two)
    else:
        one.friends.clear()
        two.followers.remove(one)


def join(which: int, other: int, _values: dict[str, Any]) -> None:
    person, club = pick(Person.objects.all(), which), pick(Club.objects.all(), other)
    if club is None:
        Club.objects.create(name="c")
    elif person is not None:
        (club.members.remove if which % 2 else club.members.add)(person)


def delete_something(which: int, other: int, _values: dict[str, Any]) -> None:
    doomed = pick(TABLES[which % len(TABLES)]._base_manager.all(), other)
    if doomed is not None:
        doomed.delete()


def dine(which: int, other: int, _values: dict[str, Any]) -> None:
    place = pick(Bistro.objects.all(), other)
    if place is None or which % 4 == 0:
        Bistro.objects.create(name=f"n{which}", stars=other)
    elif which % 4 == 1:
        Bistro.objects.update(name=f"n{which}", stars=other, is_cosy=bool(other % 2))
    else:
        place.name, place.stars = f"n{other}", which
        place.save()


ACTS: dict[str, Callable[..., Any]] = {
    "create article": create_article,
    "create author": lambda which, _other, _values: Author.objects.create(name=f"n{which}"),
    "create tag": lambda which, _other, _values: Tag.objects.create(name=f"n{which}"),
    "get or create tag": lambda which, _other, _values: Tag.objects.get_or_create(name=f"n{which}"),
    "create in bulk": lambda which, other, _values: Tag.objects.bulk_create(
        [Tag(name=f"n{which}"), Tag(name=f"n{other}")], ignore_conflicts=bool(other % 2)
    ),
    "save": with_article(save_article),
    "save some fields": with_article(save_some_fields),
    "save stale": with_article(save_stale),
    "save deferred": with_article(save_deferred),
    "save without a change": with_article(lambda article, _other, _values: article.save()),
    "count up": with_article(count_up),
    "overwrite": with_article(overwrite),
    "comment": with_article(lambda article, other, _values: article.comments.create(text=f"c{other}")),
    "review": with_article(lambda article, other, _values: article.reviews.create(stars=other)),
    "set tags": with_article(set_tags),
    "change a tag": with_article(change_tag),
    "change a tag from the other side": with_article(change_tag_from_the_other_side),
    "clear tags": with_article(lambda article, _other, _values: article.tags.clear()),
    "befriend": befriend,
    "join": join,
    "dine": dine,
    "delete": delete_something,
    "delete in a set": lambda _which, other, _values: Comment.objects.filter(text=f"c{other}").delete(),
    "update in a set": lambda which, _other, values: Article.objects.filter(views__lt=which).update(**values),
    "count up in a set": lambda _which, other, _values: Article.objects.update(views=F("views") + other),
    "update in bulk": lambda which, _other, _values: update_in_bulk(which),
}


def update_in_bulk(which: int) -> None:
    articles = list(Article.objects.all())
    for article in articles:
        article.views = which
    Article.objects.bulk_update(articles, ["views"])


NUMBERS = st.integers(0, 6)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "views": st.integers(-(2**31), 2**31 - 1),
        "body": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        "price": st.decimals("-999", "999", places=2),
        "ratio": st.none() | st.sampled_from([0.0, 0.5, 3.0, -1e10]),
        "is_open": st.booleans(),
        "day": st.none() | st.dates(datetime.date(1000, 1, 1)),
        "meta": st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)
            ),
            max_leaves=4,
        ).filter(lambda value: value is not None),
    },
)
ACT = st.tuples(st.sampled_from(sorted(ACTS)), NUMBERS, NUMBERS, VALUES)
BLOCK = st.tuples(st.just("block"), st.booleans(), st.lists(ACT, max_size=4))
STEPS = st.lists(ACT | ACT | ACT | BLOCK, min_size=3, max_size=15)


def perform(step: Any) -> None:
    """Do one step; what the database refuses is undone alone."""
    if step[0] == "block":
        _block, is_kept, steps = step
        with transaction.atomic():
            for inner in steps:
                perform(inner)
            transaction.set_rollback(not is_kept)
        return
    name, which, other, values = step
    try:
        with transaction.atomic():
            ACTS[name](which, other, values)
    except DatabaseError:
        pass


def populate() -> None:
    """Have a few rows to begin with, recorded like everything else."""
    author = Author.objects.create(name="n")
    for number in range(3):
        article = Article.objects.create(title=f"t{number}", author=author if number else None)
        article.comments.create(text=f"c{number}")
        article.reviews.create(stars=number)
        article.tags.create(name=f"n{number}")
        Person.objects.create(name="p")
    Bistro.objects.create(name="b")
    Club.objects.create(name="c")


def check(steps: Sequence[Any]) -> None:
    with transaction.atomic():
        populate()
        for step in steps:
            perform(step)
            assert_log_is_the_database()
        transaction.set_rollback(True)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=40, suppress_health_check=QUIET)
@given(STEPS)
def test_replaying_the_log_gives_the_database(steps: Sequence[Any]) -> None:
    check(steps)


@settings(max_examples=40, suppress_health_check=QUIET)
@given(STEPS)
def test_replaying_the_log_gives_the_database_where_values_are_remembered(steps: Sequence[Any]) -> None:
    labels = [model._meta.label for model in TABLES]
    options = {label: {"before": "memory"} for label in labels}
    with override_settings(SIGNALS_AUDIT={"MODELS": options}):
        check(without_stale(steps))


def without_stale(steps: Sequence[Any]) -> list[Any]:
    """Leave out what memory says that it does not see."""
    kept = [step for step in steps if step[0] != "save stale"]
    return [(*step[:2], without_stale(step[2])) if step[0] == "block" else step for step in kept]


@pytest.mark.long
@settings(max_examples=1000, suppress_health_check=QUIET, derandomize=False)
@given(STEPS)
def test_replaying_the_log_gives_the_database_however_often_it_is_tried(steps: Sequence[Any]) -> None:
    check(steps)


def test_the_law_notices_what_the_log_misses() -> None:
    tag = Tag.objects.create(name="a")
    assert_log_is_the_database()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE testapp_tag SET name = 'b' WHERE id = %s", [tag.pk])
    with pytest.raises(AssertionError):
        assert_log_is_the_database()
