"""The signal map as text, as JSON, and as a graph for Graphviz."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from django.core.management.color import Style
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .hooked import HookLine
from .lines import ReceiverLine, SignalLines
from .maps import BLIND_SPOTS, SignalMap, is_of_models
from .receivers import printable

VERSION: Final = 1  # of the shape of the JSON; a key that is added leaves it as it is
WIDTH: Final = 100


def as_text(signals: SignalMap, *, style: Style) -> str:
    """Return the map for a terminal: the signals that are heard, the others by name, and what none tells."""
    heard = [one for one in signals.signals if one.receivers]
    blocks = ["\n".join(_signal_text(one, style)) for one in heard]
    if signals.hooks:
        blocks.append("\n".join(_hooks_text(signals.hooks, signals.sender, style)))
    if silent := _silent(signals):
        whose = _("Not heard of %s:") % signals.sender if signals.sender else _("Without receivers:")
        blocks.append(f"{whose} {', '.join(silent)}")
    spots = (f"- {spot}" for spot in BLIND_SPOTS)
    blocks.append("\n".join([style.MIGRATE_HEADING(_("What no signal tells:")), *spots]))
    return "\n\n".join(blocks) + "\n"


def _silent(signals: SignalMap) -> list[str]:
    """Return the names of signals that nobody hears: of a model, those that a model sends."""
    silent = (one.signal for one in signals.signals if not one.receivers)
    return [named.name for named in silent if not signals.sender or is_of_models(named)]


def _hooks_text(hooks: Iterable[HookLine], sender: str, style: Style) -> Iterator[str]:
    yield style.MIGRATE_HEADING(_("Hooks of %s") % sender)
    for hook in hooks:
        yield f"      {style.MIGRATE_LABEL(printable(hook.name))}"
        yield "      " + ", ".join(map(printable, hook.facts))


def _signal_text(one: SignalLines, style: Style) -> Iterator[str]:
    arguments = ", ".join(one.signal.arguments)
    yield style.MIGRATE_HEADING(printable(one.signal.path)) + (f" ({arguments})" if arguments else "")
    for _alike, lines in groupby(one.receivers, key=_apart):
        yield from _receiver_text(list(lines), style)


def _apart(line: ReceiverLine) -> tuple[Any, ...]:
    """Return what tells receivers apart that follow each other: all but the sender and the position."""
    return line.name, tuple(_facts(line)), line.findings


def _receiver_text(lines: list[ReceiverLine], style: Style) -> Iterator[str]:
    first, last = lines[0], lines[-1]
    senders = [printable(line.sender) or _("any sender") for line in lines]
    alone = len(lines) == 1
    position = f"{first.position}" if alone else f"{first.position}–{last.position}"
    whose = senders[0] if alone else ngettext("%d sender", "%d senders", len(lines)) % len(lines)
    yield f"{position:>4}  {style.MIGRATE_LABEL(printable(first.name))} ← {whose}"
    yield "      " + ", ".join(printable(fact) for fact in _facts(first))
    if not alone:
        yield from wrap(", ".join(senders), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    for finding in first.findings:
        yield "      " + style.WARNING(f"! {finding.label}")


def _facts(line: ReceiverLine) -> Iterator[str]:
    if line.file:
        yield f"{line.file}:{line.line}"
    if line.connected_by:
        yield _("connected by %s") % line.connected_by
    if line.dispatch_uid:
        yield _("dispatch_uid %s") % line.dispatch_uid
    yield _("weak") if line.is_weak else _("strong")
    if line.is_async:
        yield _("async")


def as_json(signals: SignalMap) -> str:
    """Return the map for programs.

    It is {"version": 1, "signals": […]}. A signal has "name", "module", "origin", "arguments" and
    "receivers"; a receiver has what a ReceiverLine has, under the same names. "origin" is "django",
    "signals_audit" or "other", and "findings" are the lower case names of findings. "hooks" are those of the
    model that is asked for, in the order in which they run; the key is missing where none is.
    """
    found: dict[str, Any] = {"version": VERSION, "signals": [_signal_data(one) for one in signals.signals]}
    if signals.hooks is not None:
        found["hooks"] = [_hook_data(hook) for hook in signals.hooks]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _signal_data(one: SignalLines) -> dict[str, Any]:
    return {
        "name": one.signal.name,
        "module": one.signal.module,
        "origin": one.signal.origin.value,
        "arguments": list(one.signal.arguments),
        "receivers": [_receiver_data(line) for line in one.receivers],
    }


def _receiver_data(line: ReceiverLine) -> dict[str, Any]:
    return {
        "position": line.position,
        "name": line.name,
        "file": line.file,
        "line": line.line,
        "sender": line.sender,
        "dispatch_uid": line.dispatch_uid,
        "is_weak": line.is_weak,
        "is_dead": line.is_dead,
        "is_async": line.is_async,
        "connected_by": line.connected_by,
        "app": line.app,
        "origin": line.origin.value,
        "findings": [finding.value for finding in line.findings],
        "is_installed": line.is_installed,
    }


def _hook_data(hook: HookLine) -> dict[str, Any]:
    return {
        "name": hook.name,
        "action": hook.action.value,
        "field": hook.field,
        "timing": hook.timing.value,
        "is_relation": hook.is_relation,
        "is_durable": hook.is_durable,
        "priority": hook.priority,
    }


def as_dot(signals: SignalMap) -> str:
    """Return the map as a directed graph in the language of Graphviz: signals point at those who hear them.

    An edge says at which place a receiver is called, and for whom; it is dashed to a coroutine, and dotted to
    a receiver that is gone.
    """
    heard = [one for one in signals.signals if one.receivers]
    lines = ["digraph signals {", "  rankdir=LR;", "  node [shape=box];"]
    lines += [f"  {statement};" for statement in dict.fromkeys(_statements(heard))]
    return "\n".join([*lines, "}"]) + "\n"


def _statements(heard: Iterable[SignalLines]) -> Iterator[str]:
    for one in heard:
        signal = _quoted(f"signal {one.signal.path}")
        yield f"{signal} [shape=ellipse, label={_label(one.signal.name, one.signal.module)}]"
        for line in one.receivers:
            receiver = _quoted(f"receiver {line.name}")
            place = f"{line.file}:{line.line}" if line.file else ""
            yield f"{receiver} [label={_label(line.name, place)}]"
            yield f"{signal} -> {receiver} [{_edge(line)}]"


def _edge(line: ReceiverLine) -> str:
    label = _label(f"{line.position} {line.sender}".strip())
    if line.is_dead:
        return f"label={label}, style=dotted"
    return f"label={label}, style=dashed" if line.is_async else f"label={label}"


def _label(*rows: str) -> str:
    """Return text that is shown, row by row; Graphviz reads entities in it."""
    return _quoted(*(row.replace("&", "&amp;") for row in rows if row))


def _quoted(*rows: str) -> str:
    """Return a quoted name: a quote ends it, and a backslash begins an escape."""
    inside = (printable(row).replace("\\", "\\\\").replace('"', '\\"') for row in rows)
    return '"' + "\\n".join(inside) + '"'
