"""What assertions about a trace say when they fail: what was expected, and what was there instead."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .receivers import sender_name
from .sends import Sent, described, shown

LISTED = 20
MISSING = object()


def told_sends(
    wanted: str, expected: str, found: Sequence[Sent], near: Sequence[Sent], all_sent: Sequence[Sent]
) -> str:
    """Say which sends were expected, and what was sent; `near` are other sends of the signal."""
    lines = [f"Expected {wanted} to be sent {expected}, but it was sent {how_often(len(found))}."]
    if found:
        lines += ["These are such sends:", *_listed(found)]
    elif near:
        lines += ["The signal was sent otherwise:", *_listed(near)]
    else:
        lines.append(_told_others(all_sent))
    return "\n".join(lines)


def wanted_text(name: str, sender: tuple[Any] | None, arguments: Mapping[str, Any]) -> str:
    """Return what was asked for, in words; no sender is any."""
    of = "" if sender is None else f" from {sender_name(sender[0]) or None}"
    given = ", ".join(f"{key}={shown(value)}" for key, value in arguments.items())
    return f"{name}{of}" + (f" with {given}" if given else "")


def how_often(count: int) -> str:
    """Return how often something happened, in words."""
    return {0: "not at all", 1: "once"}.get(count, f"{count} times")


def told_lists(what: str, expected: Sequence[str], found: Sequence[str]) -> str:
    """Say how two lists of lines differ."""
    lines = [line.rstrip() for line in difflib.ndiff(expected, found) if not line.startswith("?")]
    return "\n".join([f"{what} (- expected, + found):", *lines])


def argument(sent: Sent, name: str) -> Any:
    """Return an argument of a send, MISSING where it had none of that name."""
    return sent.arguments.get(name, MISSING)


def _listed(sent: Sequence[Sent]) -> Iterator[str]:
    for one in sent[:LISTED]:
        given = ", ".join(f"{key}={shown(value)}" for key, value in one.arguments.items())
        yield f"  {one.number}. {described(one)}: {given}" if given else f"  {one.number}. {described(one)}"
    if len(sent) > LISTED:
        yield f"  and {len(sent) - LISTED} more"


def _told_others(sent: Sequence[Sent]) -> str:
    counted = Counter(" ".join((one.name, one.sender_label)).strip() for one in sent)
    if not counted:
        return "Nothing was sent."
    told = [f"  {name}: {how_often(count)}" for name, count in counted.most_common(LISTED)]
    if len(counted) > LISTED:
        told.append(f"  and {len(counted) - LISTED} more")
    return "\n".join(["What was sent:", *told])
