"""Loops in a trace: a signal that is sent for an object while receivers of the same signal for it run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .sends import Sent

# What people call it; other signals go by their own names.
DEEDS = {
    "pre_init": "__init__",
    "post_init": "__init__",
    "pre_save": "save",
    "post_save": "save",
    "pre_delete": "delete",
    "post_delete": "delete",
}


@dataclass(frozen=True, slots=True)
class Cycle:
    """A way back to where it began: saves and receivers in turn, and how often it was gone."""

    chain: tuple[str, ...]
    times: int

    def __str__(self) -> str:
        return " → ".join(self.chain) + f" (×{self.times})"


def cycles_in(sent: Sequence[Sent]) -> tuple[Cycle, ...]:
    """Return the loops in what was sent, each as it began."""
    found: dict[tuple[str, ...], int] = {}
    by_number = {one.number: one for one in sent}
    for one in sent:
        chain = _chain(one, by_number)
        if chain in found or (chain and not any(turned in found for turned in _turns(chain))):
            found[chain] = found.get(chain, 0) + 1
    return tuple(Cycle(chain, times) for chain, times in found.items())


def _turns(chain: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the same loop as it is when it begins at its other deeds; they and receivers take turns."""
    steps = chain[:-1]
    for start in range(2, len(steps), 2):
        yield (*steps[start:], *steps[: start + 1])


def _chain(sent: Sent, by_number: dict[int, Sent]) -> tuple[str, ...]:
    """Return the way from the last send of the same to this one; empty if it is the first."""
    way = [sent]
    for above in _above(sent, by_number):
        way.append(above)
        if _is_same(above, sent):
            return tuple(_steps(way[::-1]))
    return ()


def _above(sent: Sent, by_number: dict[int, Sent]) -> Iterator[Sent]:
    """Yield the sends within which one was sent, the nearest first."""
    while sent.parent is not None and sent.parent in by_number:
        sent = by_number[sent.parent]
        yield sent


def _is_same(one: Sent, other: Sent) -> bool:
    return one.signal is other.signal and one.subject is not None and one.subject == other.subject


def _steps(way: Sequence[Sent]) -> Iterator[str]:
    yield _deed(way[0])
    for sent in way[1:]:
        yield sent.sent_by
        yield _deed(sent)


def _deed(sent: Sent) -> str:
    deed = DEEDS.get(sent.name)
    return f"{sent.sender_label}.{deed}" if deed else f"{sent.sender_label} {sent.name}".strip()
