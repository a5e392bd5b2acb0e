"""For the tests of projects that are audited.

* `capture_changes()` collects the events of a block,
* `assert_recorded()` looks into the log, and says what is there instead,
* `trace_signals()` tells which signals a block sends, who is called and for how long,
* `isolated_registry()` undoes what a test registers and declares,
* `assert_num_queries()` and `unaudited_queries()` count what the project asks of the database, as if nothing
  were audited.

There are no pytest fixtures here on purpose: each of these is a line in your own `conftest.py`. Only
`trace_signals` is one already.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from .events import ChangeEvent
from .hooks import hooks
from .models import AuditEntry
from .querysets import AuditEntryQuerySet
from .registry import concrete, registry
from .signals import object_changed, object_created, object_deleted, relation_changed
from .tracing.traces import trace_signals
from .values import decode, encode

__all__ = [
    "assert_num_queries",
    "assert_recorded",
    "capture_changes",
    "isolated_registry",
    "trace_signals",
    "unaudited_queries",
]

LISTED: Final = 20
SIGNALS: Final = (object_created, object_changed, object_deleted, relation_changed)

# Whoever asks for a statement is found by walking out of Django, and out of what is hooked into it. The
# statements that capture runs in Django's place, with more columns returned, are the project's.
BETWEEN: Final = (
    *("contextlib", "django.", "signals_audit.testing"),
    *(f"signals_audit.capture.{module}" for module in ("seams", "cursors")),
)
OWN: Final = tuple(f"signals_audit.{module}" for module in ("capture.", "recorder", "bulk", "failures"))
NOT_OWN: Final = tuple(
    f"signals_audit.capture.{module}" for module in ("statements", "updates", "sets", "returning")
)


# Events


@contextmanager
def capture_changes(*models: type[Model] | str) -> Iterator[list[ChangeEvent]]:
    """Collect the events of a block in order: those of the given models or labels, or all.

    They are there even when the transaction is undone afterwards.
    """
    wanted = {model.lower() if isinstance(model, str) else concrete(model).label_lower for model in models}
    events: list[ChangeEvent] = []

    def collect(event: ChangeEvent, **_kwargs: Any) -> None:
        if not wanted or event.model._meta.label_lower in wanted:
            events.append(event)

    for signal in SIGNALS:
        signal.connect(collect, weak=False)
    try:
        yield events
    finally:
        for signal in SIGNALS:
            signal.disconnect(collect)


# The log


def assert_recorded(
    subject: Model | type[Model],
    *,
    action: str | None = None,
    changes: Mapping[str, Any] | None = None,
    count: int | None = None,
    using: str | None = None,
) -> list[AuditEntry]:
    """Return the entries of an object or model that are as described; fail if there are none, or not `count`.

    `changes` is `{"title": ("old", "new")}`, and `{"tags": {"added": [tag], "removed": []}}` for many-to-many
    fields; fields that are not named do not matter. Objects stand for their keys. `count=0` asserts that
    nothing such happened.
    """
    entries = list(_entries_of(subject, using).order_by("id"))
    matching = [entry for entry in entries if _matches(entry, action, changes or {})]
    if (len(matching) != count) if count is not None else not matching:
        raise AssertionError(_difference(subject, entries, matching, (action, changes or {}, count)))
    return matching


def _entries_of(subject: Model | type[Model], using: str | None) -> AuditEntryQuerySet:
    entries = AuditEntry.objects.using(using)
    if isinstance(subject, type):
        return entries.for_model(subject)
    if subject.pk is None:
        raise ValueError("This object has no key (any more): ask for the entries of its model instead.")
    return entries.using(using or subject._state.db).for_object(subject)


def _matches(entry: AuditEntry, action: str | None, changes: Mapping[str, Any]) -> bool:
    if action is not None and entry.action != action:
        return False
    return all(
        name in entry.changes and _is_change(entry.changes[name], expected)
        for name, expected in changes.items()
    )


def _is_change(stored: Any, expected: Any) -> bool:
    if isinstance(expected, Mapping):
        return isinstance(stored, Mapping) and all(
            _is_set(stored.get(side, ()), expected.get(side, ())) for side in ("added", "removed")
        )
    if not isinstance(stored, list):
        return False
    return len(expected) == len(stored) and all(map(_is_value, stored, expected))


def _is_set(stored: Sequence[Any], expected: Sequence[Any]) -> bool:
    return sorted(map(str, stored)) == sorted(str(encode(_key(value))) for value in expected)


def _is_value(stored: Any, expected: Any) -> bool:
    value = _key(expected)
    return bool(stored == encode(value) or decode(stored) == value)


def _key(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value


def _difference(
    subject: Model | type[Model],
    entries: Sequence[AuditEntry],
    matching: Sequence[AuditEntry],
    expected: tuple[str | None, Mapping[str, Any], int | None],
) -> str:
    action, changes, count = expected
    of = concrete(subject if isinstance(subject, type) else type(subject)).label
    name = of if isinstance(subject, type) else f"{of} {subject.pk}"
    wanted = "at least one entry" if count is None else f"{count} entries"
    lines = [f"Expected {wanted} of {name}, found {len(matching)}."]
    lines.append(f"  expected: {action or 'anything'}" + "".join(_told(changes)))
    lines.append(f"  recorded: {len(entries)} in all" + ("" if entries else ", so it may not be audited"))
    lines += [
        f"    {entry.pk}: {entry.action}" + "".join(_told(_readable(entry))) for entry in entries[-LISTED:]
    ]
    return "\n".join(lines)


def _told(changes: Mapping[str, Any]) -> Iterator[str]:
    for name, change in changes.items():
        if isinstance(change, Mapping):
            yield f"\n      {name}: added {change.get('added', [])!r}, removed {change.get('removed', [])!r}"
        else:
            yield f"\n      {name}: " + " -> ".join(repr(_key(value)) for value in change)


def _readable(entry: AuditEntry) -> dict[str, Any]:
    return {
        name: change if isinstance(change, Mapping) else [decode(value) for value in change]
        for name, change in entry.changes.items()
    }


# Declarations


@contextmanager
def isolated_registry() -> Iterator[None]:
    """Undo what a block registers, hooks and declares."""
    models, declared = registry.snapshot(), hooks.snapshot()
    try:
        yield
    finally:
        registry.restore(models)
        hooks.restore(declared)


# Statements


class ProjectsQueries(deque[dict[str, Any]]):
    """A log of statements that leaves out the audit log's own."""

    def append(self, query: dict[str, Any], /) -> None:
        """Keep a statement that the project asked for."""
        if not _is_own_statement():
            super().append(query)


@contextmanager
def unaudited_queries(using: str | None = None) -> Iterator[None]:
    """Keep the audit log's own statements out of `connection.queries`, and so out of `assertNumQueries`.

    Its reads, its inserts and the transactions that it opens are left out. What reactions write is not: that
    is done for the project. It goes inside or around the counting block:
    `with self.assertNumQueries(2), unaudited_queries(): ...`
    """
    aliases = [using] if using else list(connections)
    with ExitStack() as stack:
        for alias in aliases:
            stack.callback(_log_projects_queries(alias))
        yield


def _log_projects_queries(alias: str) -> Callable[[], None]:
    connection = connections[alias]
    log = connection.queries_log
    connection.queries_log = ProjectsQueries(log, log.maxlen)

    def restore() -> None:
        kept = list(connection.queries_log)
        log.clear()
        log.extend(kept)
        connection.queries_log = log

    return restore


def _is_own_statement() -> bool:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(BETWEEN):
            return module.startswith(OWN) and module not in NOT_OWN
    return False


@contextmanager
def assert_num_queries(count: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[CaptureQueriesContext]:
    """Fail unless a block asks the database `count` times, the audit log's own statements not counted."""
    with unaudited_queries(using), CaptureQueriesContext(connections[using]) as captured:
        yield captured
    if len(captured) != count:
        queries = "\n".join(f"  {query['sql']}" for query in captured.captured_queries)
        raise AssertionError(f"{len(captured)} queries, {count} expected.\n{queries}")
