"""The receivers of a signal as people read them, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps

from . import origins, seams
from .findings import Finding, findings_of, repeated
from .named import NamedSignal, Origin
from .origins import Connection
from .receivers import (
    encodable,
    is_installed,
    receiver_code,
    receiver_module,
    receiver_name,
    receiver_place,
    sender_name,
)
from .seams import Connected

UNKNOWN = "?"
OWN = __name__.partition(".")[0]
ORIGINS = {"django": Origin.DJANGO, OWN: Origin.OWN}


@dataclass(frozen=True, slots=True)
class ReceiverLine:
    """A receiver of a signal.

    `position` counts as Django calls: functions first, then coroutines; the dead, whom it does not call,
    come last. `file` and `line` say where it is defined, "" and 0 where that is not known. `sender` is
    "app.Model", an app's label or a dotted path, "" for any sender, and "?" where it is not known.
    `connected_by` reads "blog/apps.py:12 in ready", and `app` is the label of the app that it belongs to.
    `is_installed` is what stands in site-packages, and not in the project. All texts can be encoded.
    """

    position: int
    name: str
    file: str
    line: int
    sender: str
    dispatch_uid: str
    is_weak: bool
    is_dead: bool
    is_async: bool
    connected_by: str
    app: str
    origin: Origin
    findings: tuple[Finding, ...] = ()
    is_installed: bool = False


@dataclass(frozen=True, slots=True)
class SignalLines:
    """A signal with its receivers."""

    signal: NamedSignal
    receivers: tuple[ReceiverLine, ...]


class _Hearing:
    """Tells who hears of one of some senders, or of any; None stands for whoever hears of anything."""

    def __init__(self, senders: Iterable[Any] | None) -> None:
        self._is_everyone = senders is None
        every = tuple(senders or ())
        self._ids = {None, *map(seams.made_id, every)}
        self._names = {"", *map(sender_name, every)}

    def has(self, one: Connected) -> bool:
        return self._is_everyone or one.sender_id in self._ids

    def had(self, lost: Connection) -> bool:
        """Tell it of a receiver that is gone, of whose sender the name is known alone."""
        return self._is_everyone or lost.sender in self._names


def lines_of(named: NamedSignal, senders: Iterable[Any] | None = None) -> SignalLines:
    """Return a signal with its receivers; with some senders, those who hear of one of them, or of any.

    Receivers that died soon after they had been connected are among them.
    """
    hearing, connected = _Hearing(senders), seams.connected(named.signal)
    names, twice = _senders(), repeated(connected)
    wanted = sorted(filter(hearing.has, connected), key=_call_order)
    lines = [
        _line(named, one, position, names, findings_of(named, one, twice))
        for position, one in enumerate(wanted, start=1)
    ]
    gone = filter(hearing.had, _gone(named, connected))
    dead = [_line_of_lost(one, position) for position, one in enumerate(gone, start=len(lines) + 1)]
    return SignalLines(named, tuple(map(_encodable, (*lines, *dead))))


def _encodable(line: ReceiverLine) -> ReceiverLine:
    """Return a receiver without what no page and no file takes; files and uids may be called anything."""
    return replace(
        line,
        name=encodable(line.name),
        file=encodable(line.file),
        sender=encodable(line.sender),
        dispatch_uid=encodable(line.dispatch_uid),
        connected_by=encodable(line.connected_by),
    )


def _call_order(one: Connected) -> tuple[bool, bool]:
    return one.receiver is None, one.is_async


def _gone(named: NamedSignal, connected: list[Connected]) -> Iterator[Connection]:
    """Find the lost receivers that Django has forgotten, unless they were connected again."""
    known = [(one, origins.connection_of(named.signal, one.key)) for one in connected]
    listed = {connection for one, connection in known if one.receiver is None}
    alive = {(of.name, of.sender) for one, of in known if of is not None and one.receiver is not None}
    for lost in origins.lost(named.signal):
        if lost not in listed and (lost.name, lost.sender) not in alive:
            yield lost


def _senders() -> Mapping[int, str]:
    """Return the names of models and apps by their ids: Django 5.2 keeps no more of a sender."""
    models = apps.get_models(include_auto_created=True, include_swapped=True)
    return {id(sender): sender_name(sender) for sender in (*models, *apps.get_app_configs())}


@dataclass(frozen=True, slots=True)
class _Identity:
    """What a receiver is, and the name by which its origin is known."""

    name: str
    place: tuple[str, int]
    module: str
    is_installed: bool


def _identity(one: Connected, connection: Connection | None) -> _Identity:
    if one.receiver is not None:
        receiver = one.receiver
        is_of_others = is_installed(receiver_code(receiver))
        return _Identity(
            receiver_name(receiver), receiver_place(receiver), receiver_module(receiver), is_of_others
        )
    return _identity_of_lost(connection) if connection is not None else _Identity(UNKNOWN, ("", 0), "", False)


def _identity_of_lost(connection: Connection) -> _Identity:
    return _Identity(connection.name, connection.place, connection.name, is_installed(connection.code))


def _line(
    named: NamedSignal,
    one: Connected,
    position: int,
    senders: Mapping[int, str],
    findings: tuple[Finding, ...],
) -> ReceiverLine:
    connection = origins.connection_of(named.signal, one.key)
    found = _identity(one, connection)
    return ReceiverLine(
        position=position,
        name=found.name,
        file=found.place[0],
        line=found.place[1],
        sender=_sender(one, senders, connection),
        dispatch_uid="" if one.dispatch_uid is None else str(one.dispatch_uid),
        is_weak=one.is_weak,
        is_dead=one.receiver is None,
        is_async=one.is_async,
        connected_by=connection.connected_by if connection else "",
        app=_app(found.module),
        origin=_origin(found.module),
        findings=findings,
        is_installed=found.is_installed,
    )


def _line_of_lost(connection: Connection, position: int) -> ReceiverLine:
    found = _identity_of_lost(connection)
    return ReceiverLine(
        position=position,
        name=found.name,
        file=found.place[0],
        line=found.place[1],
        sender=connection.sender,
        dispatch_uid="",
        is_weak=True,
        is_dead=True,
        is_async=connection.is_async,
        connected_by=connection.connected_by,
        app=_app(found.module),
        origin=_origin(found.module),
        findings=(Finding.DEAD,),
        is_installed=found.is_installed,
    )


def _sender(one: Connected, senders: Mapping[int, str], connection: Connection | None) -> str:
    if one.sender_id is None:
        return ""
    if one.sender is not None:
        return sender_name(one.sender)
    if isinstance(one.sender_id, int) and one.sender_id in senders:
        return senders[one.sender_id]
    return connection.sender if connection is not None else UNKNOWN


def _app(module: str) -> str:
    config = apps.get_containing_app_config(module)
    return config.label if config is not None else ""


def _origin(module: str) -> Origin:
    return ORIGINS.get(module.partition(".")[0], Origin.OTHER)
