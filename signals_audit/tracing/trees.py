"""Traces as text: what was sent within what, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .receivers import printable
from .sends import Called, Sent, described

INDENT = 4  # less than the width of a number, so that what is within a receiver stands behind its name
NUMBER = 5
DEEPEST = 16  # what loops would leave the screen


def tree(sent: Iterable[Sent]) -> Iterator[str]:
    """Yield lines that tell of sends in order: their numbers, their receivers, and what those sent."""
    for one in sent:
        if one.parent is None:
            yield from _branch(one)


def _branch(sent: Sent) -> Iterator[str]:
    """Walk without recursion: what loops is as deep as Python lets it be."""
    waiting: list[Sent | str] = [sent]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        else:
            yield _indented(found, f"{found.number:>3}. {described(found)}")
            waiting += reversed(list(_within(found)))


def _within(sent: Sent) -> Iterator[Sent | str]:
    for called in sent.receivers:
        yield _indented(sent, " " * NUMBER + f"{called.name}: {_told(called)}")
        yield from called.children
    for name in sent.not_called:
        yield _indented(sent, " " * NUMBER + _("%s: not called") % name)


def _indented(sent: Sent, text: str) -> str:
    return " " * (INDENT * min(sent.depth, DEEPEST)) + printable(text)


def _told(called: Called) -> str:
    facts = [took(called.seconds)]
    if called.is_async:
        facts.append(_("async"))
    if called.queries:
        facts.append(ngettext("%d query", "%d queries", called.queries) % called.queries)
    if called.error is not None:
        facts.append(_("raised %s") % error_text(called.error))
    return ", ".join(facts)


def took(seconds: float) -> str:
    """Return a duration for people."""
    return _("%.2f ms") % (seconds * 1000) if seconds < 1 else _("%.2f s") % seconds


def error_text(error: BaseException) -> str:
    """Return an exception in one line."""
    try:
        text = str(error)
    except Exception:  # a class of the project's
        text = ""
    first = text.strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
