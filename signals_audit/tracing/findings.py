"""What is known to be wrong with a receiver, or dear about it, before anything is sent."""

from __future__ import annotations

import enum
import inspect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .named import MODEL, NamedSignal
from .seams import Connected, Key, Receiver

EMPTY: Final = object()


class Finding(enum.Enum):
    """What is to be said of a receiver."""

    TWICE = "twice"
    DEAD = "dead"
    NO_KWARGS = "no_kwargs"
    EVERY_INSTANCE = "every_instance"
    EVERY_SENDER_DELETE = "every_sender_delete"
    NO_SENDER_M2M = "no_sender_m2m"
    COROUTINE = "coroutine"

    @property
    def label(self) -> Promise:
        """One sentence for people."""
        return LABELS[self]


LABELS: Final = {
    Finding.TWICE: _("It is connected more than once for the same sender, and runs as often."),
    Finding.DEAD: _("It is gone: it was connected weakly, and nothing else held it."),
    Finding.NO_KWARGS: _("It takes no **kwargs: the next argument that is sent with the signal breaks it."),
    Finding.EVERY_INSTANCE: _(
        "It runs for every instance that is made, also for each row that a query reads: a query in it is one "
        "query per row."
    ),
    Finding.EVERY_SENDER_DELETE: _(
        "It is connected for no sender: the rows of every model are read one by one before they are deleted."
    ),
    Finding.NO_SENDER_M2M: _(
        "It is connected for no sender: every add() to a many-to-many field asks first which rows are there."
    ),
    Finding.COROUTINE: _(
        "It is a coroutine, and the signal is sent without await: each send starts an event loop."
    ),
}
EVERYWHERE: Final = {
    "pre_delete": Finding.EVERY_SENDER_DELETE,
    "post_delete": Finding.EVERY_SENDER_DELETE,
    "m2m_changed": Finding.NO_SENDER_M2M,
}


def findings_of(named: NamedSignal, one: Connected, twice: Iterable[Key]) -> tuple[Finding, ...]:
    """Return what is to be said of one receiver of a signal; `twice` are the keys of those repeated."""
    if one.receiver is None:
        return (Finding.DEAD,)
    return tuple(_of_live(named, one, one.receiver, twice))


def _of_live(
    named: NamedSignal, one: Connected, receiver: Receiver, twice: Iterable[Key]
) -> Iterator[Finding]:
    if one.key in twice:
        yield Finding.TWICE
    if not takes_kwargs(receiver):
        yield Finding.NO_KWARGS
    if named.module != MODEL:
        return
    if named.name in ("pre_init", "post_init"):
        yield Finding.EVERY_INSTANCE
    if one.sender_id is None and named.name in EVERYWHERE:
        yield EVERYWHERE[named.name]
    if one.is_async:
        yield Finding.COROUTINE


def takes_kwargs(receiver: Receiver) -> bool:
    """Tell whether a receiver takes any named argument; of one that does not say, it is supposed."""
    try:
        parameters = inspect.signature(receiver).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def repeated(connected: Sequence[Connected]) -> frozenset[Key]:
    """Return the keys of receivers that one sender calls more than once."""
    alike: dict[Any, list[Connected]] = defaultdict(list)
    for one in connected:
        if one.receiver is not None:
            alike[_same(one.receiver)].append(one)
    return frozenset(one.key for group in alike.values() for one in _repeated(group))


def _repeated(group: list[Connected]) -> list[Connected]:
    """Return those of one receiver's connections that share a sender with another of them."""
    times = Counter(one.sender_id for one in group)
    if None in times:  # it hears of every sender already
        return group if len(group) > 1 else []
    return [one for one in group if times[one.sender_id] > 1]


def _same(receiver: Receiver) -> Any:
    """Return what is equal of receivers that do the same.

    Functions are the same when they come from one place and hold the same: a module that was imported under
    two names, or a function within another that was run twice. Those of a factory hold different things.
    """
    if isinstance(receiver, MethodType):
        return _same(receiver.__func__), id(receiver.__self__)
    if isinstance(receiver, partial):
        named = sorted((name, id(value)) for name, value in receiver.keywords.items())
        return _same(receiver.func), tuple(map(id, receiver.args)), tuple(named)
    if not isinstance(receiver, FunctionType):
        return id(receiver)
    code = receiver.__code__
    held = [*map(_content, receiver.__closure__ or ()), *(receiver.__defaults__ or ())]
    return code.co_filename, code, tuple(_held(one) for one in held)


def _held(value: Any) -> Any:
    """Return what tells apart what functions hold; a function may be another's decorated one."""
    return _same(value) if isinstance(value, FunctionType) and not value.__closure__ else id(value)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return EMPTY
