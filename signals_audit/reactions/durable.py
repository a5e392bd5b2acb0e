"""Events on paper: what a durable hook is given when it runs in another process than the change.

The entry holds most of it; an event without an entry is kept whole. Secret values are masked in both.
"""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import Model

from ..deliveries import GiveUp, Job, key_of
from ..events import Change, ChangeEvent, Changes, RelationChange
from ..hooks import Hook, hooks
from ..masking import mask, secret_fields
from ..models import AuditEntry, ChangeSet, Delivery
from ..registry import registry
from ..types import Action, Actor, ActorKind, AuditContext, Cause, EntryAddress, Timing
from ..values import decode, encode, json_safe, text

logger = logging.getLogger("signals_audit.reactions")

KIND: Final = "hook"


def jobs_of(events: Iterable[ChangeEvent]) -> Iterator[Job]:
    """Yield what durable hooks have to do because of events, and note its keys with these."""
    for event in events:
        for hook in hooks.of(event.model):
            if hook.durable and _is_wanted(hook, event):
                key = event.deliveries[hook.identity] = key_of(KIND, hook.identity, event.uid)
                yield Job(KIND, hook.identity, body_of(event), key, hook.timing is Timing.TASK)


def _is_wanted(hook: Hook, event: ChangeEvent) -> bool:
    """Ask for a hook's condition; one that fails is logged: what comes after COMMIT holds up no write."""
    try:
        return hook.wants(event)
    except Exception:
        logger.exception("The condition of the hook %s failed: it does not run", hook.name)
        return False


def is_of_batch(delivery: Delivery) -> bool:
    """Tell whether the hook of a delivery takes several events at once."""
    try:
        return hook_of(delivery).batch
    except GiveUp:  # it is told when the delivery is tried
        return False


def hook_of(delivery: Delivery) -> Hook:
    """Return the hook that a delivery is for; raise GiveUp where the code has it no more."""
    for hook in hooks.of(_model(delivery.body["model"])):
        if hook.identity == delivery.name and hook.durable:
            return hook
    raise GiveUp(f"There is no durable hook {delivery.name} any more.")


def _model(label: str) -> type[Model]:
    try:
        return apps.get_model(label)
    except LookupError as error:
        raise GiveUp(f"There is no model {label} any more.") from error


# Onto paper


def body_of(event: ChangeEvent) -> dict[str, Any]:
    """Return what is kept of an event."""
    body: dict[str, Any] = {"model": event.label, "causes": _causes(event.context.cause)}
    if not registry.hides_key(event.model):
        body["pk"] = encode(event.pk)
    if event.relation is not None:
        body["relation"] = event.relation
    if event.address is not None:
        return {**body, "entry": [str(event.address.change_set), event.address.seq]}
    return {**body, "event": _facts(event)}


def _causes(cause: Cause | None) -> list[list[Any]]:
    return [[one.name, one.change, _spelled(one.address)] for one in (cause.chain() if cause else ())]


def _spelled(address: EntryAddress | None) -> list[Any] | None:
    return None if address is None else [str(address.change_set), address.seq]


def _facts(event: ChangeEvent) -> dict[str, Any]:
    options = registry.options_for(event.model)
    secrets = secret_fields(event.model, mask=options.mask if options else None)
    actor, context = event.actor, event.context
    return {
        "action": event.action.value,
        "object_id": event.object_id,
        "object_repr": event.object_repr,
        "source": event.source,
        "changes": dict(mask(event.encoded, secrets)),
        "created_at": event.created_at.isoformat(),
        "actor": [actor.kind.value, actor.id, text(actor.label, 255)],
        "reason": context.reason,
        "correlation_id": context.correlation_id,
        "remote_addr": context.remote_addr,
        "path": context.path,
        "extra": json_safe(dict(context.extra)),
    }


# And back


@dataclass(eq=False, slots=True)
class StoredSubject:
    """The object of an event that was read back: loaded when somebody asks, for a delete from its image."""

    model: type[Model]
    pk: Any
    using: str
    changes: Changes
    name: str
    is_gone: bool

    def instance(self) -> Model | None:
        """Return the row as it is now, or for a delete as it was."""
        if not self.is_gone:
            return self.model._base_manager.using(self.using).filter(pk=self.pk).first()
        fields = [field for field in self.model._meta.concrete_fields if field.name in self.changes]
        values = [self.changes[field.name][0] for field in fields]  # in the order that from_db expects
        return self.model.from_db(self.using, [field.attname for field in fields], values)

    def text(self) -> str:
        """Return the text that the object had."""
        return self.name


def event_of(delivery: Delivery, using: str) -> ChangeEvent:
    """Return the event that a delivery is because of; raise GiveUp where its entry is gone."""
    body = delivery.body
    if "entry" in body:
        return _from_entry(body, using)
    return _event(body, body["event"], None, using)


def _from_entry(body: Mapping[str, Any], using: str) -> ChangeEvent:
    change_set, seq = body["entry"]
    entry = AuditEntry.objects.using(using).filter(change_set=change_set, seq=seq).first()
    opened = ChangeSet.objects.using(using).filter(pk=change_set).first()
    if entry is None or opened is None:
        raise GiveUp(f"The entry {change_set} {seq} that this is because of is gone.")
    return _event(body, _facts_of(entry, opened), EntryAddress(uuid.UUID(change_set), seq), using)


def event_of_entry(entry: AuditEntry, opened: ChangeSet, pk: Any, using: str) -> ChangeEvent:
    """Return the event that an entry tells of, whoever wrote it."""
    body: dict[str, Any] = {"model": entry.model, "causes": [], "pk": encode(pk)}
    relations = [name for name, change in entry.changes.items() if isinstance(change, Mapping)]
    if relations:
        body["relation"] = relations[0]
    return _event(body, _facts_of(entry, opened), EntryAddress(opened.pk, entry.seq), using)


def _facts_of(entry: AuditEntry, opened: ChangeSet) -> dict[str, Any]:
    names = ("action", "object_id", "object_repr", "source", "changes")
    shared = ("reason", "correlation_id", "remote_addr", "path", "extra")
    facts = {name: getattr(entry, name) for name in names} | {name: getattr(opened, name) for name in shared}
    facts["actor"] = [opened.actor_kind, opened.actor_id or None, opened.actor_repr]
    facts["created_at"] = entry.created_at.isoformat()
    return facts


def _event(
    body: Mapping[str, Any], facts: Mapping[str, Any], address: EntryAddress | None, using: str
) -> ChangeEvent:
    model, action = _model(body["model"]), Action(facts["action"])
    changes = {name: _change(change) for name, change in facts["changes"].items()}
    pk = decode(body["pk"]) if "pk" in body else None
    kind, actor_id, label = facts["actor"]
    return ChangeEvent(
        model=model,
        action=action,
        pk=tuple(pk) if isinstance(pk, list) else pk,
        object_id=facts["object_id"],
        using=using,
        source=facts["source"],
        actor=Actor(ActorKind(kind), actor_id, label),
        context=_context(body, facts),
        created_at=datetime.datetime.fromisoformat(facts["created_at"]),
        changes=changes,
        encoded=facts["changes"],
        subject=StoredSubject(
            model, pk, using, changes, facts["object_repr"], is_gone=action is Action.DELETE
        ),
        address=address,
        relation=body.get("relation"),
    )


def _change(change: Any) -> Change | RelationChange:
    if isinstance(change, Mapping):
        return RelationChange(*(tuple(map(decode, change.get(side, ()))) for side in ("added", "removed")))
    before, after = change
    return Change(decode(before), decode(after))


def _context(body: Mapping[str, Any], facts: Mapping[str, Any]) -> AuditContext:
    cause: Cause | None = None
    for name, change, address in reversed(body["causes"]):
        entry = EntryAddress(uuid.UUID(address[0]), address[1]) if address else None
        cause = Cause(name, entry, change, cause)
    return AuditContext(
        reason=facts["reason"],
        correlation_id=facts["correlation_id"],
        remote_addr=facts["remote_addr"],
        path=facts["path"],
        extra=facts["extra"],
        cause=cause,
    )
