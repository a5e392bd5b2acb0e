"""The life of a model's row: the signals of making, saving, relating and deleting it, in their order."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import CASCADE, ManyToManyRel, Model
from django.db.models.fields.related import ForeignObjectRel
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import origins, seams
from .lines import ReceiverLine, lines_of
from .named import MODEL, OWN_MODULE, NamedSignal, named_signals
from .receivers import sender_name


class Moment(enum.Enum):
    """What happens between signals."""

    ROW_WRITTEN = "row_written"
    RELATIONS_WRITTEN = "relations_written"
    ROW_DELETED = "row_deleted"
    ENTRY_WRITTEN = "entry_written"
    COMMIT = "commit"

    @property
    def label(self) -> Promise:
        """What it is, for people."""
        return LABELS[self]


LABELS = {
    Moment.ROW_WRITTEN: _("The row is written"),
    Moment.RELATIONS_WRITTEN: _("Many-to-many rows are written"),
    Moment.ROW_DELETED: _("The row is deleted"),
    Moment.ENTRY_WRITTEN: _("The audit entry is written, if the model is audited"),
    Moment.COMMIT: _("COMMIT, and what on_commit() was given"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A signal with those who hear it, or a moment between signals.

    `children` are the steps within it: what happens while a row is written, or to rows that go with it. Of
    those `sender` says whose they are; it is "" where it is the model's own.
    """

    signal: NamedSignal | None = None
    moment: Moment | None = None
    receivers: tuple[ReceiverLine, ...] = ()
    children: tuple[Step, ...] = ()
    sender: str = ""


def life_of(model: type[Model]) -> tuple[Step, ...]:
    """Return everything that runs when an instance of a model is made, saved, related and deleted, in order.

    Whether a create or a change is meant is not said: both signals are there. Rows that a delete takes with
    it are there if somebody hears of them.
    """
    life = _Life(model)
    return (*life.made(), *life.saved(), *life.related(), *life.deleted(), *life.committed())


class _Life:
    """A model, and the signals that are sent for it."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._signals = {(one.module, one.name): one for one in named_signals()}
        self._tables = (model, *model._meta.get_parent_list())  # of a proxy, its model is among them

    def made(self) -> Iterator[Step]:
        for name in ("pre_init", "post_init"):
            yield self._django(name)

    def saved(self) -> Iterator[Step]:
        yield self._django("pre_save")
        yield self._written(Moment.ROW_WRITTEN, "object_created", "object_changed")
        yield self._django("post_save")

    def related(self) -> Iterator[Step]:
        """Return the steps of `add()`, `remove()`, `set()` and `clear()`: told of before and after."""
        through = throughs_of(self._model)
        if through:
            yield self._step("m2m_changed", through)
            yield self._written(Moment.RELATIONS_WRITTEN, "relation_changed")
            yield self._step("m2m_changed", through)

    def deleted(self) -> Iterator[Step]:
        yield self._django("pre_delete", tuple(self._taken_along("pre_delete")))
        yield self._written(Moment.ROW_DELETED, "object_deleted")
        yield self._django("post_delete", tuple(self._taken_along("post_delete")))

    def committed(self) -> Iterator[Step]:
        yield Step(moment=Moment.COMMIT)
        yield self._step("changes_committed", (), module=OWN_MODULE)

    def _django(self, name: str, children: tuple[Step, ...] = ()) -> Step:
        return self._step(name, (self._model,), children=children)

    def _written(self, moment: Moment, *names: str) -> Step:
        """Return what happens while rows are written: their entry first, then the signals of the change."""
        own = (self._step(name, self._tables, module=OWN_MODULE) for name in (*names, "changes_captured"))
        return Step(moment=moment, children=(Step(moment=Moment.ENTRY_WRITTEN), *own))

    def _taken_along(self, name: str) -> Iterator[Step]:
        """Return the same signal for the models whose rows a delete takes with it, if they have receivers."""
        signal = self._signals[MODEL, name].signal
        heard = {one.sender_id for one in seams.connected(signal)}
        gone = {one.sender for one in origins.lost(signal)}
        for model in taken_along(self._model):
            if seams.made_id(model) in heard or sender_name(model) in gone:
                yield self._step(name, (model,), sender=sender_name(model))

    def _step(
        self,
        name: str,
        senders: Iterable[Any],
        *,
        module: str = MODEL,
        sender: str = "",
        children: tuple[Step, ...] = (),
    ) -> Step:
        named = self._signals[module, name]
        receivers = lines_of(named, senders).receivers
        return Step(signal=named, receivers=receivers, children=children, sender=sender)


def throughs_of(model: type[Model]) -> tuple[type[Model], ...]:
    """Return the models of the many-to-many rows of a model, from either side: they send `m2m_changed`."""
    own = [field.remote_field.through for field in model._meta.many_to_many]
    relations = model._meta.get_fields(include_hidden=True)
    others = [one.through for one in relations if isinstance(one, ManyToManyRel)]
    return tuple(dict.fromkeys(one for one in (*own, *others) if one is not None))


def taken_along(model: type[Model]) -> tuple[type[Model], ...]:
    """Return the models whose rows Django deletes along with a row, sending signals; nearest first."""
    found: dict[type[Model], None] = {}
    waiting = [model]
    while waiting:
        one = waiting.pop(0)
        near = [other for other in (*_parents(one), *_dependents(one)) if other not in found]
        found.update(dict.fromkeys(near))
        waiting.extend(near)
    found.pop(model, None)
    return tuple(one for one in found if not one._meta.auto_created)


def _parents(model: type[Model]) -> list[type[Model]]:
    """Return the models that hold a part of the same row in a table of their own, as a proxy's do not."""
    own = model._meta.concrete_model
    return [parent for parent in model._meta.get_parent_list() if parent._meta.concrete_model is not own]


def _dependents(model: type[Model]) -> Iterator[type[Model]]:
    """Return the models that point at one with CASCADE, or hang on it by a generic relation."""
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is CASCADE:
            yield relation.related_model
    for field in model._meta.private_fields:
        if hasattr(field, "bulk_related_objects"):  # a generic relation, as Django's collector tells it
            yield field.related_model
