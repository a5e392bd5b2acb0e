"""Whom to tell of which changes: declared by `notify_on()` and by the setting `NOTIFY`.

People are told in the transaction of the change, of all that a statement did at once: neither is there ever
without the other. What goes wrong is logged, and the change is made all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import Error
from django.db.models import Model

from ..conf import get_settings
from ..events import Change, ChangeEvent
from ..hooks import Hook, Notify, hooks
from ..models import KEY_LENGTH
from ..registry import concrete_label
from ..types import Action, Timing
from ..values import MASKED_VALUE, text
from .notifications import inbox_database, news, secrets_of, source_text
from .paths import follow, load_together
from .telling import Notice, guarded, tell, write

logger = logging.getLogger("signals_audit.reactions")

ACTIONS: Final = {"create": Action.CREATE, "change": Action.UPDATE, "delete": Action.DELETE}
TEXTS: Final = ("model", "on", "field", "recipient", "target", "kind")
REQUIRED: Final = ("model", "recipient", "verb")


def notify_hooks(label: str) -> Iterator[Hook]:
    """Return the hooks that tell people of the changes of a model."""
    for declaration in declared_for(label):
        action = ACTIONS.get(declaration.on)
        if action is not None:
            yield _hook(label, action, declaration)


def _hook(label: str, action: Action, declaration: Notify) -> Hook:
    field = declaration.field if action is Action.UPDATE else None
    return Hook(
        label,
        action,
        partial(notify_of_events, declaration),
        timing=Timing.IN_TRANSACTION,
        field=field,
        relation=field is not None and _is_relation(declaration.model, field),
        title=title_of(declaration),
        batch=True,
    )


def title_of(declaration: Notify) -> str:
    """Return the name under which people are told."""
    return f"notify {declaration.recipient}"


def _is_relation(label: str, field: str) -> bool:
    try:
        return bool(apps.get_model(label)._meta.get_field(field).many_to_many)
    except (LookupError, ValueError, FieldDoesNotExist):
        return False


def declared_for(label: str) -> list[Notify]:
    """Return who is to be told of a model's changes: as settings say, then as code says."""
    every = (*configured_notifies(), *hooks.notifies())
    return [declaration for declaration in every if concrete_label(declaration.model) == label]


def configured_notifies() -> list[Notify]:
    """Return what `SIGNALS_AUDIT["NOTIFY"]` says; what makes no sense is left to the checks."""
    raw: Any = get_settings().NOTIFY
    every = raw if isinstance(raw, (list, tuple)) else ()
    return [_read(item) for item in every if isinstance(item, Mapping) and _makes_sense(item)]


def _makes_sense(item: Mapping[str, Any]) -> bool:
    texts = all(isinstance(item.get(key, ""), str | None) for key in TEXTS)
    return texts and all(map(item.get, REQUIRED)) and isinstance(item.get("channels"), list | tuple | None)


def _read(item: Mapping[str, Any]) -> Notify:
    known = {key: item[key] for key in (*TEXTS, "verb") if item.get(key) is not None}
    chosen = item.get("channels")
    return Notify(**known, channels=None if chosen is None else tuple(map(str, chosen)))


def kind_of(declaration: Notify) -> str:
    """Return the kind of what a declaration tells of: its verb, where it names none."""
    return text(declaration.kind, KEY_LENGTH) or source_text(declaration.verb)


def notify_of_events(declaration: Notify, events: Sequence[ChangeEvent]) -> None:
    """Tell the users whom a declaration means of changes, of one statement; fixtures are no news."""
    wanted = [event for event in events if not event.raw]
    if not wanted:
        return
    using, inbox = wanted[0].using, inbox_database()
    notices: list[Notice] = []

    def work() -> None:
        notices.extend(_collected(declaration, wanted))
        if using == inbox:
            write(notices, inbox)

    if guarded(work, using, f"{title_of(declaration)} failed") and using != inbox:
        tell(notices, inbox, because_of=using)


def _collected(declaration: Notify, events: Sequence[ChangeEvent]) -> Iterator[Notice]:
    """Yield what there is to tell; an event that cannot be told is logged, and the others are told."""
    instances = [event.instance for event in events]
    if len(instances) > 1:
        load_together(list(filter(None, instances)), (declaration.recipient, declaration.target or ""))
    for event, instance in zip(events, instances, strict=True):
        try:
            if instance is not None:
                yield _notice(declaration, event, instance)
        except Error:  # the savepoint has to be undone
            raise
        except Exception:
            change = f"{event.action.value} of {event.label} {event.object_id}"
            logger.exception(
                "The hook %s failed after %s on the database %r", title_of(declaration), change, event.using
            )


def _notice(declaration: Notify, event: ChangeEvent, instance: Model) -> Notice:
    targets = follow(instance, declaration.target) if declaration.target else [instance]
    return news(
        follow(instance, declaration.recipient),
        verb=declaration.verb,
        target=next(iter(targets), None),
        data=_data(declaration, event),
        kind=kind_of(declaration),
        channels=declaration.channels,
        collapse=_collapse(declaration, event),
    )


def _data(declaration: Notify, event: ChangeEvent) -> dict[str, Any]:
    name = declaration.field
    change = event.changes.get(name) if name and event.action is Action.UPDATE else None
    if change is None:
        return {}
    if name in secrets_of(event.model):
        change = Change(MASKED_VALUE, MASKED_VALUE)
    return {"model": event.label, "field": name, **change._asdict()}


def _collapse(declaration: Notify, event: ChangeEvent) -> str:
    """Return what tells which news are one line: those of the same field of the same object."""
    if not declaration.field or event.action is not Action.UPDATE or event.relation is not None:
        return ""
    return f"{event.label} {event.object_id} {declaration.field}"
