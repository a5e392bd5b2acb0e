"""Forms that constraints refuse, and deletions that what hangs on a row forbids or answers in its own way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.db.models import F, ProtectedError, RestrictedError

from tests.testapp.models import Book, Library, Loan, Reader

from .forms import form
from .forms_of_upserts import upsert
from .world import World


def library() -> Library:
    """Return a library with two books and loans, made in front of the log."""
    made = Library.objects.create(name="library")
    read, kept = Book.objects.bulk_create(
        [
            Book(library=made, name="read", price=Decimal("1.50"), notes=[None]),
            Book(library=made, name="kept"),
        ]
    )
    ann, ben, cid = (Reader.objects.get_or_create(name=name)[0] for name in ("Ann", "Ben", "Cid"))
    Loan.objects.create(library=made, book=read, reader=ann, origin=cid)
    Loan.objects.create(library=made, book=kept, keeper=ben, origin=cid)
    Loan.objects.create(library=made, keeper=cid)
    return made


def refused(write: Callable[[], object], *errors: type[Exception]) -> None:
    """Do what must be refused."""
    try:
        with transaction.atomic():
            write()
    except errors:
        return
    raise AssertionError("it was not refused")


@form
def delete_what_is_protected(world: World) -> None:
    library()
    ann = Reader.objects.get(name="Ann")
    refused(ann.delete, ProtectedError)
    refused(Reader.objects.all().delete, ProtectedError)
    Loan.objects.filter(reader=ann).delete()
    ann.delete()


@form
def delete_what_is_restricted(world: World) -> None:
    made = library()
    refused(Book.objects.get(library=made, name="read").delete, RestrictedError)
    refused(made.book_set.all().delete, RestrictedError)
    made.delete()


@form
def delete_what_another_takes_the_place_of(world: World) -> None:
    library()
    Reader.objects.get(name="Ben").delete()
    Reader.objects.filter(name="Cid").delete()


@form
def delete_what_nobody_cares_for(world: World) -> None:
    made = library()
    Loan.objects.filter(library=made).update(keeper=None)
    Reader.objects.filter(name="Cid").delete()


@form
def delete_libraries_in_a_set(world: World) -> None:
    library()
    library()
    Library.objects.filter(book__price=1.5).delete()


@form
def move_what_restrains_others(world: World) -> None:
    made, other = library(), library()
    made.loan_set.filter(keeper=None).update(library=other, reader=None)
    made.loan_set.filter(book=None).update(book=made.book_set.get(name="read"), keeper=F("origin"))
    other.delete()


@form
def write_what_constraints_refuse(world: World) -> None:
    made = library()
    read, kept = made.book_set.order_by("-name")
    for write in (
        lambda: made.book_set.update(name="same"),
        lambda: made.book_set.update(price=F("price") - 2),
        lambda: made.book_set.create(name="kept"),
        lambda: Book(pk=kept.pk, library=made, name="read").save(),
        lambda: Book.objects.bulk_create(
            [Book(library=made, name="n"), Book(library=made, name="m", price=-1)]
        ),
        lambda: Book.objects.bulk_update([Book(pk=read.pk, price=1), Book(pk=kept.pk, price=-1)], ["price"]),
        lambda: upsert([Book(library=made, name="kept", price=-1)], ["price"], ["library", "name"]),
    ):
        refused(write, DatabaseError)
    made.book_set.update(price=F("price") - 1)


@form
def upsert_by_a_constraint_of_two_fields(world: World) -> None:
    made = library()
    rows = [
        Book(library=made, name=name, price=Decimal("0.1"), notes=[{}]) for name in ("read", "new", "kept")
    ]
    upsert(rows, ["price", "notes"], ["library", "name"])
    again = [Book(library=made, name="read", notes=[]), Book(library=made, name="newer")]
    Book.objects.bulk_create(again, ignore_conflicts=True)


@form
def write_on_after_a_refusal_without_a_savepoint(world: World) -> None:
    made = library()
    with suppress(ProtectedError), transaction.atomic():
        made.book_set.update(notes=[1])
        Reader.objects.get(name="Ann").delete()
    made.book_set.update(price=None)
