"""The rows that every write form starts with."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group as UserGroup
from django.contrib.auth.models import User

from signals_audit import disabled
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Child,
    Comment,
    Country,
    Document,
    Group,
    Membership,
    Note,
    Odd,
    Ordered,
    Parent,
    Person,
    Place,
    Product,
    Remembered,
    Restaurant,
    Review,
    Seat,
    Shelf,
    Shelving,
    Tag,
    Ticket,
    Topic,
    Vote,
)


class World:
    """A few rows of each shape, loaded from the database; what a form changes is compared, these are not."""

    def __init__(self) -> None:
        with disabled():
            self.populate()

    def populate(self) -> None:
        """Make the rows."""
        self._people()
        self._articles()
        self._places()
        self._keys()
        self._oddities()

    def _people(self) -> None:
        Author.objects.bulk_create([Author(name="Ada", password="one"), Author(name="Bob", email="b@b.b")])
        self.ada, self.bob = Author.objects.order_by("name")
        Person.objects.bulk_create([Person(name=name) for name in ("Kim", "Lea", "Max")])
        self.kim, self.lea, self.max = Person.objects.order_by("name")
        self.kim.friends.add(self.lea)
        self.kim.follows.add(self.lea, self.max)
        self.club, self.team = (loaded(Group.objects.create(name=name)) for name in ("club", "team"))
        Membership.objects.bulk_create(
            [Membership(group=self.club, person=person, role="r") for person in (self.kim, self.lea)]
        )
        self.user = loaded(User.objects.create(username="user", password="secret"))
        self.staff = loaded(UserGroup.objects.create(name="staff"))

    def _articles(self) -> None:
        Tag.objects.bulk_create([Tag(name=name) for name in ("blue", "green", "named", "red")])
        self.blue, self.green, self.named, self.red = Tag.objects.order_by("name")
        common: dict[str, Any] = {"author": self.ada, "price": Decimal("1.50"), "meta": {"k": [1, None]}}
        Article.objects.bulk_create(
            [
                Article(title="a", views=1, ratio=0.1, day=datetime.date(2026, 1, 2), **common),
                Article(title="b", views=2, is_open=False, **common),
                Article(title="c", views=3, meta=None),
            ]
        )
        self.a, self.b, self.c = Article.objects.order_by("title")
        self.a.tags.add(self.red, self.green)
        self.b.tags.add(self.green)
        self.a.picks.add(self.red)
        Comment.objects.bulk_create([Comment(article=self.a, text="1"), Comment(article=self.a, text="2")])
        Review.objects.bulk_create([Review(article=self.a, stars=1), Review(article=self.b, stars=2)])
        Vote.objects.bulk_create([Vote(article=self.a), Vote(article=self.b)])
        Ordered.objects.create(article=self.a, name="first")
        Ordered.objects.create(article=self.a, name="second")

    def _places(self) -> None:
        self.place = loaded(Place.objects.create(name="place", city="x"))
        self.restaurant = loaded(Restaurant.objects.create(name="restaurant", city="x", stars=1))
        self.bistro = loaded(Bistro.objects.create(name="bistro", city="y", stars=2))

    def _keys(self) -> None:
        self.ticket = loaded(Ticket.objects.create(title="ticket"))
        self.country = loaded(Country.objects.create(code="at", name="Austria"))
        Seat.objects.bulk_create([Seat(row="A", number=number) for number in (1, 2, 3)])
        self.seat = Seat.objects.get(pk=("A", 1))
        self.product = loaded(Product.objects.create(name="Tea", amount=2))
        Shelf.objects.create(code="s")
        self.shelf = Shelf.objects.get()
        Shelving.objects.create(shelf=self.shelf, tag=self.named)

    def _oddities(self) -> None:
        self.odd = loaded(Odd.objects.create(select=1, tag=self.named))
        self.topic = loaded(Topic.objects.create(name="topic"))
        self.topic.notes.create(text="one")
        self.topic.notes.create(text="two")
        self.note = Note.objects.order_by("pk")[0]
        self.parent = loaded(Parent.objects.create(name="parent"))
        self.child = Child.objects.create(name="child", parent=self.parent)
        self.parent.favourite = self.child
        self.parent.save()
        self.document = loaded(Document.objects.create(data=b"\0\xff", duration=datetime.timedelta(1, 2, 3)))
        self.remembered = loaded(Remembered.objects.create(name="r", meta={"k": [1]}))


def loaded(instance: Any) -> Any:
    """Return an instance as it loads."""
    return type(instance)._base_manager.get(pk=instance.pk)
