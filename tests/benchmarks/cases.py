"""What is measured: each case does the same to every variant's model.

`prepare` runs before the clock starts and returns what `step` gets, one item for each operation. `entry` says
what the hand-written variant notes after a step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Model

from tests.testapp.models import Tag

VALUES: dict[str, Any] = {"title": "A title", "body": "A body of some length. " * 10, "count": 1, "note": "x"}

numbers = itertools.count(2)

Entry = tuple[str, Mapping[str, Sequence[Any]]]
Around = Callable[[Any, type[Any], Any], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of operation, on one kind of model.

    `entries` is how many an audited operation makes of each of its `rows`. Of operations on sets `most` are
    measured in a round. `entry` or `around` is what is written by hand: the entry of one change, or a block
    around that of a set. `without` names the variants that there is no sense in.
    """

    name: str
    prepare: Callable[[type[Any], int], Iterable[Any]]
    step: Callable[[type[Any], Any], Model | None]
    entry: Callable[[Model], Entry] | None = None
    around: Around | None = None
    entries: int = 1
    rows: int = 1
    most: int = 3
    kind: Literal["wide", "tagged", "owner"] = "wide"
    without: frozenset[str] = frozenset()


SINGLE = frozenset({"database"})
READ = frozenset({"database", "hand"})


def fill(model: type[Any], count: int) -> list[Any]:
    """Have exactly `count` rows in a table, and return their keys."""
    keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
    if len(keys) != count:
        model.objects.all()._raw_delete("default")
        model.objects.bulk_create([model(**VALUES) for _ in range(count)], batch_size=1000)
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
    return keys


def instances(model: type[Any], count: int) -> list[Any]:
    fill(model, count)
    return list(model.objects.order_by("pk"))


def change(instance: Any) -> Any:
    number = next(numbers)
    instance.title = f"Title {number}"
    instance.count = number
    instance.save()
    return instance


def change_entry(instance: Any) -> Entry:
    return "update", {"title": ["A title", instance.title], "count": [1, instance.count]}


def whole(instance: Any) -> dict[str, Any]:
    return {field.name: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def create_entry(instance: Any) -> Entry:
    return "create", {name: [None, _plain(value)] for name, value in whole(instance).items()}


def delete_entry(instance: Any) -> Entry:
    return "delete", {name: [_plain(value), None] for name, value in whole(instance).items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int)) else str(value)


def tagged(model: type[Any], count: int) -> list[Any]:
    """Return fresh owners, each with the one tag that it will get."""
    tag, _ = Tag.objects.get_or_create(name="tag")
    model.tags.through._base_manager.all()._raw_delete("default")
    model.objects.all()._raw_delete("default")
    return [(model.objects.create(), tag.pk) for _ in range(count)]


def add_tag(model: type[Any], item: Any) -> Any:
    owner, tag = item
    owner.tags.add(tag)
    return owner


def delete(model: type[Any], instance: Any) -> Any:
    key = instance.pk
    instance.delete()
    instance.pk = key
    return instance


def save(model: type[Any], instance: Any) -> Any:
    instance.save()
    return instance


def wide_reading(model: type[Any], count: int) -> list[None]:
    """Have a hundred rows for each operation of other cases: 20,000 for 200, read twice to warm up."""
    fill(model, (count - 1) * 100)
    return [None, None]


def load(model: type[Any], item: Any) -> None:
    len(model.objects.all())


SINGLES = (
    Case(
        name="get+save",
        prepare=fill,
        step=lambda model, key: change(model.objects.get(pk=key)),
        entry=change_entry,
        without=SINGLE,
    ),
    Case(
        name="save",
        prepare=instances,
        step=lambda model, instance: change(instance),
        entry=change_entry,
        without=SINGLE,
    ),
    Case(name="no-op save", prepare=instances, step=save, without=READ, entries=0),
    Case(
        name="create",
        prepare=lambda model, count: range(count),
        step=lambda model, item: model.objects.create(**VALUES),
        entry=create_entry,
        without=SINGLE,
    ),
    Case(name="delete", prepare=instances, step=delete, entry=delete_entry, without=SINGLE),
    Case(
        name="m2m add",
        prepare=tagged,
        step=add_tag,
        entry=lambda owner: ("update", {"tags": {"added": [1], "removed": []}}),  # type: ignore[dict-item]
        kind="tagged",
        without=SINGLE,
    ),
    Case(
        name="get",
        prepare=fill,
        step=lambda model, key: model.objects.get(pk=key),
        without=READ,
        entries=0,
    ),
    Case(name="load", prepare=wide_reading, step=load, without=READ, entries=0),
)
