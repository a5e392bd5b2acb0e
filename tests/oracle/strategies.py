"""What the machine chooses from."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Model
from hypothesis import strategies as st

from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Book,
    Child,
    Comment,
    Group,
    Library,
    Loan,
    Parent,
    Person,
    Place,
    Reader,
    Restaurant,
    Review,
    Seat,
    Shelf,
    Tag,
    Topic,
    Vote,
)

from .failing import KINDS
from .test_forms import EVERY

# Each on_delete, multi-table parents and children, ends of many-to-many fields, a composite key.
DELETED: list[type[Model]] = [
    *(Article, Author, Bistro, Book, Child, Comment, Group, Library, Loan, Parent, Person, Place, Reader),
    *(Restaurant, Review, Seat, Shelf, Tag, Topic, Vote),
]
RELATIONS = [
    (Article, "tags", Tag),
    (Article, "picks", Tag),
    (Tag, "articles", Article),
    (Person, "friends", Person),
    (Person, "follows", Person),
    (Person, "followers", Person),
]

FORM = st.sampled_from(sorted(EVERY))
SOME_FORMS = st.lists(FORM, min_size=1, max_size=6)
WHICH = st.integers(0, 6)
USING = st.sampled_from(["default", "default", "default", "other"])
FAILURE = st.tuples(st.integers(0, 30), st.sampled_from(KINDS))
DELETION = st.tuples(st.sampled_from(DELETED), st.sampled_from(["one", "set", "raw"]))
RELATION = st.tuples(st.sampled_from(RELATIONS), st.sampled_from(["set", "add", "remove", "clear"]))
CONFLICTS = st.sampled_from(["refused", "ignored", "updated"])
JSON = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab'\"", max_size=2),
    lambda inner: (
        st.lists(inner | st.none(), max_size=2)
        | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)
    ),
    max_leaves=4,
)
VALUES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "views": st.integers(-(2**31), 2**31 - 1),
        "body": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        "price": st.decimals("-999", "999", places=2) | st.decimals("-9", "9", places=3),
        "ratio": st.none() | st.sampled_from([0.0, 0.1, 3.0, -1e10]),
        "is_open": st.booleans(),
        "day": st.none() | st.dates(datetime.date(1000, 1, 1)),
        "meta": st.none() | JSON,
    },
)
TITLES = st.lists(st.sampled_from([*"abc", *(f"t{number}" for number in range(7))]), min_size=1, max_size=4)
