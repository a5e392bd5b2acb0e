"""Operations on sets of rows: a step gets as many items as the set has rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .cases import SINGLES, VALUES, Case, fill, instances, numbers

BATCH = 500
CHANGED = ("title", "count")
PIECES = 10


def between(model: type[Any], keys: Sequence[Any]) -> Any:
    return model.objects.filter(pk__gte=keys[0], pk__lte=keys[-1])


def new(model: type[Any], count: int) -> list[Any]:
    """Return instances for a table that is empty."""
    fill(model, 0)
    return [model(**VALUES) for _ in range(count)]


def bulk_create(model: type[Any], rows: list[Any]) -> None:
    model.objects.bulk_create(rows)


def bulk_update(model: type[Any], rows: list[Any]) -> None:
    model.objects.bulk_update(renumbered(rows), CHANGED, batch_size=BATCH)


def renumbered(rows: list[Any]) -> list[Any]:
    number = next(numbers)
    for row in rows:
        row.title, row.count = f"Title {number}", number
    return rows


def update(model: type[Any], keys: list[Any]) -> None:
    number = next(numbers)
    between(model, keys).update(title=f"Title {number}", count=number)


def delete(model: type[Any], keys: list[Any]) -> None:
    between(model, keys).delete()


def with_pieces(model: type[Any], count: int) -> list[Any]:
    """Have exactly `count` owners, each with its pieces, and return their keys."""
    piece = model._meta.get_field("pieces").related_model
    if model.objects.count() != count or piece.objects.count() != count * PIECES:
        piece.objects.all()._raw_delete("default")
        pieces = [piece(title="A piece", owner_id=key) for key in fill(model, count) for _ in range(PIECES)]
        piece.objects.bulk_create(pieces, batch_size=1000)
    return fill(model, count)


def without_pieces(model: type[Any], count: int) -> list[Any]:
    model._meta.get_field("pieces").related_model.objects.all()._raw_delete("default")
    return fill(model, count)


def created(written: Any, model: type[Any], rows: Any) -> AbstractContextManager[None]:
    return written.created(model, rows)  # type: ignore[no-any-return]


def updated(written: Any, model: type[Any], rows: Any) -> AbstractContextManager[None]:
    return written.updated(model, rows)  # type: ignore[no-any-return]


def deleted(written: Any, model: type[Any], rows: Any) -> AbstractContextManager[None]:
    return written.deleted(model, rows)  # type: ignore[no-any-return]


@contextmanager
def owners_deleted(written: Any, model: type[Any], keys: Any) -> Iterator[None]:
    piece = model._meta.get_field("pieces").related_model
    with written.deleted(piece, keys, by="owner_id"), written.deleted(model, keys):
        yield


CASES = {
    case.name: case
    for case in (
        *SINGLES,
        Case(
            name="bulk_create 5000",
            prepare=new,
            step=bulk_create,
            around=created,
            rows=5000,
        ),
        Case(
            name="bulk_update 5000",
            prepare=instances,
            step=bulk_update,
            around=updated,
            rows=5000,
            most=1,
        ),
        Case(
            name="update() 5000",
            prepare=fill,
            step=update,
            around=updated,
            rows=5000,
        ),
        Case(
            name="delete() 2000",
            prepare=fill,
            step=delete,
            around=deleted,
            rows=2000,
        ),
        Case(
            name="collected 2000",
            prepare=without_pieces,
            step=delete,
            around=deleted,
            rows=2000,
            kind="owner",
        ),
        Case(
            name="cascade 200x10",
            prepare=with_pieces,
            step=delete,
            around=owners_deleted,
            rows=200,
            entries=1 + PIECES,
            kind="owner",
        ),
    )
}
