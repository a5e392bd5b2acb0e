"""Following a dotted path from an object to others: "post.author", "post.watchers.user"."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from django.core import exceptions
from django.core.exceptions import FieldError, ObjectDoesNotExist
from django.db.models import Manager, Model, QuerySet, prefetch_related_objects

# New in Django 6.1: an instance may refuse to load what it does not hold.
FETCH_REFUSED: Final = getattr(exceptions, "FieldFetchBlocked", ())


def follow(start: Any, path: str) -> list[Any]:
    """Return what a path leads to: nothing where a step is null or gone, several objects where one is a set.

    A step is a field, a relation from either side, a property, or a method without arguments.
    """
    found = [start]
    for step in path.split("."):
        found = [value for holder in found for value in _values(_step(holder, step))]
    return found


def load_together(starts: Sequence[Model], paths: Iterable[str]) -> None:
    """Load what paths lead to for many objects at once, as far as that can be told before it is tried."""
    for path in filter(None, paths):
        with suppress(AttributeError, ValueError, TypeError, FieldError):
            prefetch_related_objects(list(starts), path.replace(".", "__"))


def _step(holder: Any, name: str) -> Any:
    try:
        value = getattr(holder, name)
    except ObjectDoesNotExist:
        return None
    except FETCH_REFUSED:
        return _step(_fresh(holder), name)
    return value() if inspect.ismethod(value) else value


def _fresh(holder: Model) -> Model | None:
    return type(holder)._base_manager.using(holder._state.db).filter(pk=holder.pk).first()


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Manager):
        value = value.all()
    if isinstance(value, (QuerySet, list, tuple, set, frozenset)):
        yield from _present(value)
    else:
        yield from _present([value])


def _present(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if value is not None)
