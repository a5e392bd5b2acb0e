"""Checks of the receivers that are connected when the project starts, to whatever signal.

Django's own and ours are as they have to be; what is said here is of the project's and of other packages'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.core.checks import CheckMessage, Warning, register

from ..tracing.findings import Finding
from ..tracing.lines import ReceiverLine
from ..tracing.maps import signal_map
from ..tracing.named import NamedSignal, Origin
from ..tracing.origins import lost
from .messages import TAG


class Words(NamedTuple):
    """What a check says of a finding: the number of its id, what is wrong, and what to do."""

    number: int
    text: str
    hint: str


WORDS: Final = {
    Finding.TWICE: Words(
        31,
        "is connected to {signal} more than once for the same sender, and runs as often.",
        "Connect it in one place, and import its module by one name. A 'dispatch_uid' keeps it single.",
    ),
    Finding.DEAD: Words(
        32,
        "was connected to {signal} and is gone: nothing held it, for signals hold their receivers weakly.",
        "Connect a function of a module, or connect it with weak=False.",
    ),
    Finding.NO_KWARGS: Words(
        33,
        "is connected to {signal} and takes no **kwargs: the next argument that is sent breaks it.",
        "Add **kwargs to what it takes.",
    ),
    Finding.EVERY_SENDER_DELETE: Words(
        34,
        "is connected to {signal} for no sender: rows of every model are read before they are deleted.",
        "Connect it for the models that it is about, with 'sender'.",
    ),
    Finding.NO_SENDER_M2M: Words(
        35,
        "is connected to {signal} for no sender: every many-to-many add() asks first which rows are there.",
        "Connect it for the relations that it is about: sender=Model.field.through.",
    ),
}


@register(TAG)
def check_signals(**_kwargs: Any) -> list[CheckMessage]:
    """Check for receivers that run twice, not at all, until the next Django, or for more than they should."""
    return list({_subject(found): _warning(*found) for found in _found()}.values())


def _found() -> Iterator[tuple[NamedSignal, ReceiverLine, Finding]]:
    for one in signal_map().signals:
        for line in one.receivers:
            for finding in line.findings if line.origin is Origin.OTHER else ():
                if finding in WORDS and (finding is not Finding.DEAD or _was_to_last(one.signal, line)):
                    yield one.signal, line, finding


def _was_to_last(signal: NamedSignal, line: ReceiverLine) -> bool:
    """Tell whether a dead receiver was connected at the start; others may come and go with their objects."""
    return (line.name, line.connected_by) in {(one.name, one.connected_by) for one in lost(signal.signal)}


def _subject(found: tuple[NamedSignal, ReceiverLine, Finding]) -> tuple[Any, ...]:
    """Return what one warning is about: a piece of code, however often and for whomever it is connected."""
    signal, line, finding = found
    return finding, signal.path, (line.file, line.line) if line.file else line.name


def _warning(signal: NamedSignal, line: ReceiverLine, finding: Finding) -> CheckMessage:
    words = WORDS[finding]
    places = [f"{line.file}:{line.line}"] if line.file else []
    places += [f"connected by {line.connected_by}"] if line.connected_by else []
    place = f" ({', '.join(places)})" if places else ""
    return Warning(
        f"The receiver {line.name}{place} {words.text.format(signal=signal.name)}",
        hint=words.hint,
        id=f"signals_audit.W{words.number:03}",
    )
