"""What a trace holds: the sends of signals and the calls of receivers, each with what happened within it."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.db.models import Model, QuerySet
from django.dispatch import Signal

from .receivers import sender_name


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """One call of a receiver.

    `queries` are those that it asked itself, without those of receivers that its own sends called. `error` is
    what it raised. `children` are the signals that were sent while it ran.
    """

    name: str
    seconds: float
    queries: int
    error: BaseException | None
    is_async: bool
    children: tuple[Sent, ...]

    @property
    def all_queries(self) -> int:
        """The queries of all that the receiver set off."""
        return self.queries + sum(child.all_queries for child in self.children)


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """One send of a signal.

    `arguments` are those that receivers were given besides the sender. `sent_by` names the receiver that was
    running, and `parent` is the number of the send that had called it. `not_called` names receivers that
    were not reached, because one before them raised `error`. `queries` are those of the receivers themselves.
    """

    number: int
    parent: int | None
    depth: int
    sent_by: str
    name: str
    signal: Signal
    sender: Any
    sender_label: str
    arguments: Mapping[str, Any]
    subject: Subject | None
    receivers: tuple[Called, ...]
    not_called: tuple[str, ...]
    seconds: float
    error: BaseException | None

    @property
    def queries(self) -> int:
        """The queries that the receivers asked themselves."""
        return sum(called.queries for called in self.receivers)

    @property
    def all_queries(self) -> int:
        """The queries of the receivers and of all that they set off."""
        return sum(called.all_queries for called in self.receivers)

    def __repr__(self) -> str:
        return f"<Sent {self.number}: {described(self)}>"


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that a signal is about: its model and key or, before it has one, its place in memory."""

    model: str
    key: Any
    place: int | None

    @property
    def label(self) -> str:
        """The object as it is told from others; "" before it has a key."""
        return "" if self.place is not None else str(self.key)


def subject_of(arguments: Mapping[str, Any]) -> Subject | None:
    """Return the object that a signal is about, as it is at the time of the send."""
    instance = arguments.get("instance")
    if not is_model(instance):
        return None
    model, key = instance._meta.concrete_model or type(instance), key_of(instance)
    return Subject(model._meta.label, key, id(instance) if key is None else None)


def key_of(instance: Model) -> Any:
    """Return an object's key, a tuple where it has several columns; None before it has one."""
    values = tuple(instance.__dict__.get(field.attname) for field in instance._meta.pk_fields)
    if None in values:
        return None
    return values if len(values) > 1 else values[0]


def described(sent: Sent) -> str:
    """Return a send in a few words: the signal, its sender, and the key of the object that it is about."""
    words = [sent.name, sent.sender_label, sent.subject.label if sent.subject is not None else ""]
    return " ".join(word for word in words if word)


def is_model(value: Any) -> TypeGuard[Model]:
    """Tell whether a value is a model's instance; a lazy object is none, and asking it would load it."""
    return issubclass(type(value), Model)


class Brief(reprlib.Repr):
    """Short texts of values that ask no query, whatever their classes make of themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.maxother, self.maxstring = 100, 60

    def repr1(self, x: Any, level: int) -> str:
        """Return the text of a value, or of one within another."""
        if is_model(x):
            return f"<{x._meta.label} {key_of(x)}>"
        if issubclass(type(x), QuerySet):
            return f"<QuerySet of {sender_name(x.model)}>"
        if issubclass(type(x), type):
            return sender_name(x)
        try:
            return super().repr1(x, level)
        except Exception:  # a class of the project's
            return object.__repr__(x)


shown = Brief().repr
