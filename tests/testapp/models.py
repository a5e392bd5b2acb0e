"""Models of every shape that the package has to get right."""

from __future__ import annotations

import uuid

import django
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Lower


class Author(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    password = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    title = models.CharField(max_length=200, unique=True)
    body = models.TextField(blank=True)
    views = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    ratio = models.FloatField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    is_open = models.BooleanField(default=True)
    token = models.UUIDField(default=uuid.uuid4)
    meta = models.JSONField(default=dict, blank=True, null=True)
    created = models.DateTimeField(auto_now_add=True)
    day = models.DateField(null=True, blank=True)
    author = models.ForeignKey(
        Author, on_delete=models.CASCADE, null=True, blank=True, related_name="articles"
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="articles")
    picks = models.ManyToManyField(Tag, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.title


class Comment(models.Model):
    """A child by CASCADE, whose text asks for another row."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="comments")
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.text} on {self.article}"


class Review(models.Model):
    """A child that survives with its reference set to NULL."""

    article = models.ForeignKey(Article, on_delete=models.SET_NULL, null=True, related_name="reviews")
    stars = models.IntegerField(default=5)


class Vote(models.Model):
    """A child that survives pointing at a default."""

    article = models.ForeignKey(Article, on_delete=models.SET_DEFAULT, null=True, default=None)
    weight = models.IntegerField(default=1)


class Profile(models.Model):
    """What is created automatically for each user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    plan = models.CharField(max_length=20, default="free")


class Place(models.Model):
    name = models.CharField(max_length=50)
    city = models.CharField(max_length=50, blank=True)

    def __str__(self) -> str:
        return self.name


class Restaurant(Place):
    stars = models.IntegerField(default=0)


class Bistro(Restaurant):
    is_cosy = models.BooleanField(default=True)


class PublishedArticle(Article):
    class Meta:
        proxy = True


class Person(models.Model):
    name = models.CharField(max_length=50)
    friends = models.ManyToManyField("self", blank=True)
    follows = models.ManyToManyField("self", symmetrical=False, related_name="followers", blank=True)

    def __str__(self) -> str:
        return self.name


class Group(models.Model):
    name = models.CharField(max_length=50)
    members = models.ManyToManyField(Person, through="Membership", related_name="groups")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A through model of the project's own, with a column of its own."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, blank=True)


class Ticket(models.Model):
    """A UUID key with a default."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=50)


class Country(models.Model):
    """A text key without a default."""

    code = models.CharField(max_length=400, primary_key=True)
    name = models.CharField(max_length=50)


class Seat(models.Model):
    """A composite key."""

    pk = models.CompositePrimaryKey("row", "number")
    row = models.CharField(max_length=2)
    number = models.IntegerField()
    guest = models.CharField(max_length=50, blank=True)


class Product(models.Model):
    """Values that the database makes."""

    name = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    amount = models.IntegerField(db_default=7)
    total = models.GeneratedField(
        expression=models.F("amount") * 2, output_field=models.IntegerField(), db_persist=True
    )
    slug = models.GeneratedField(
        expression=Lower("name"), output_field=models.CharField(max_length=50), db_persist=True
    )


class OpenManager(models.Manager["Hidden"]):
    def get_queryset(self) -> models.QuerySet[Hidden]:
        return super().get_queryset().filter(is_deleted=False)


class Hidden(models.Model):
    """A default manager that does not show every row."""

    name = models.CharField(max_length=50)
    is_deleted = models.BooleanField(default=False)

    objects = OpenManager()


class Document(models.Model):
    """Files, bytes, durations and times."""

    file = models.FileField(upload_to="documents", blank=True)
    data = models.BinaryField(blank=True, default=b"")
    duration = models.DurationField(null=True, blank=True)
    at = models.TimeField(null=True, blank=True)
    big = models.BigIntegerField(default=0)
    address = models.GenericIPAddressField(null=True, blank=True)


class Note(models.Model):
    """Something attached to anything."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    about = GenericForeignKey()
    text = models.CharField(max_length=50)


class Ordered(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE)
    name = models.CharField(max_length=20)

    class Meta:
        order_with_respect_to = "article"


class Careful(models.Model):
    """Django asks first whether the row is there."""

    name = models.CharField(max_length=20)

    class Meta:
        select_on_save = True


class Rude(models.Model):
    """An object whose text cannot be made."""

    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        raise RuntimeError("no text today")


class Parent(models.Model):
    """A row that points back at a row that points at it."""

    name = models.CharField(max_length=20)
    favourite = models.ForeignKey("Child", null=True, on_delete=models.SET_NULL, related_name="+")


class Child(models.Model):
    name = models.CharField(max_length=20)
    parent = models.ForeignKey(Parent, on_delete=models.CASCADE, related_name="children")


class Remembered(models.Model):
    """Audited with `before="memory"`."""

    name = models.CharField(max_length=50)
    views = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    meta = models.JSONField(default=dict)
    note = models.TextField(blank=True)


class Unaudited(models.Model):
    """Named nowhere."""

    name = models.CharField(max_length=50)


class Wide(models.Model):
    """Twelve columns: the benchmarks' model."""

    title = models.CharField(max_length=100)
    body = models.TextField()
    count = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    ratio = models.FloatField(default=0)
    is_open = models.BooleanField(default=False)
    key = models.UUIDField(default=uuid.uuid4)
    first = models.DateTimeField(null=True)
    second = models.DateTimeField(null=True)
    note = models.CharField(max_length=100, blank=True)
    author = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL)


class Topic(models.Model):
    """Notes hang on it, and go with it."""

    name = models.CharField(max_length=20)
    notes = GenericRelation(Note)


class Odd(models.Model):
    """Names that mean something in SQL, and a reference that is not to a primary key."""

    select = models.IntegerField(default=0, db_column="order")
    tag = models.ForeignKey(Tag, to_field="name", db_column="from", null=True, on_delete=models.SET_NULL)

    class Meta:
        db_table = "testapp odd"


class Shelf(models.Model):
    """Its through rows point at it by another column than its primary key."""

    code = models.CharField(max_length=20, unique=True)
    tags = models.ManyToManyField(Tag, through="Shelving", related_name="shelves")


class Shelving(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, to_field="code")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, to_field="name")


class ApiToken(models.Model):
    """A key that is a secret."""

    key = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=20)


class Library(models.Model):
    name = models.CharField(max_length=20)


class Book(models.Model):
    """What is unique only together, and never below zero."""

    library = models.ForeignKey(Library, on_delete=models.CASCADE)
    name = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    notes = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["library", "name"], name="testapp_book_once"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="testapp_book_price"),
        ]


class Reader(models.Model):
    name = models.CharField(max_length=20, unique=True)


def stand_in() -> Reader:
    """Return who takes the place of a reader that goes; made when the first of them does."""
    return Reader.objects.get_or_create(name="somebody")[0]


class Loan(models.Model):
    """What goes with one row, keeps others from going, passes to another, and does not care."""

    library = models.ForeignKey(Library, on_delete=models.CASCADE)
    book = models.ForeignKey(Book, on_delete=models.RESTRICT, null=True)
    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, null=True)
    keeper = models.ForeignKey(Reader, on_delete=models.SET(stand_in), null=True, related_name="kept")
    origin = models.ForeignKey(
        Reader, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="lent"
    )


if django.VERSION >= (6, 1):

    class Shop(models.Model):
        """What the database itself takes care of when a row goes."""

        name = models.CharField(max_length=20)

    class Shelfful(models.Model):
        shop = models.ForeignKey(Shop, on_delete=models.DB_CASCADE)
        name = models.CharField(max_length=20)

    class Jar(models.Model):
        shelf = models.ForeignKey(Shelfful, on_delete=models.DB_CASCADE)
        name = models.CharField(max_length=20)

    class Branch(models.Model):
        """What goes with others of its own table."""

        name = models.CharField(max_length=20)
        parent = models.ForeignKey("self", on_delete=models.DB_CASCADE, null=True)

    class Customer(models.Model):
        favourite = models.ForeignKey(Shop, on_delete=models.DB_SET_NULL, null=True)
        name = models.CharField(max_length=20)

    if "mysql" not in settings.DATABASES["default"]["ENGINE"]:

        class Guest(models.Model):
            favourite = models.ForeignKey(Shop, on_delete=models.DB_SET_DEFAULT, db_default=-1)
            name = models.CharField(max_length=20)


from .strange import *  # noqa: E402, F403 - so that Django finds them
