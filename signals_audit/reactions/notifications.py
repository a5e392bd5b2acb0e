"""Lines in people's inboxes.

Nobody is told of what they did themselves, nor of what was rolled back. A user who is not active is told like
everybody else and finds it when the account is active again; who is not to be told must not be a recipient.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, router, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone, translation

from ..capture.labels import safe_text
from ..context import audit_context, current, resolve_actor
from ..masking import secret_fields
from ..models import KEY_LENGTH, Notification
from ..registry import concrete, object_id_of, registry
from ..types import Actor, ActorKind
from ..values import encode, object_key, text

logger = logging.getLogger("signals_audit.reactions")

BATCH: Final = 1000

Recipients = Model | Iterable[Any] | None


def notify(
    recipients: Recipients,
    *,
    verb: Any,
    actor: Any = None,
    target: Model | None = None,
    data: Mapping[str, Any] | None = None,
    using: str | None = None,
) -> int:
    """Put a line into the inbox of each recipient, once the transaction at hand is committed.

    `recipients` is a user, a queryset or any iterable of users; each is told once, and the actor, by default
    the one of the current context, is not told. `verb` may be a lazy translation: its source is stored and
    translated for the reader, who may find values of `data` in it ("set it to %(after)s"). `using` is the
    database of the inbox. Return how many are told.
    """
    actor = _actor(actor)
    keys = [key for key in _keys(recipients) if not _is(actor, key)]
    if keys:
        facts = _facts(actor, verb, target, data or {})
        inbox = using or router.db_for_write(Notification)
        lines = [Notification(recipient_id=key, **facts) for key in keys]
        _when_committed(partial(_write, lines, inbox), using=_database(target) or inbox)
    return len(keys)


def _actor(actor: Any) -> Actor:
    if actor is None:
        return resolve_actor(current())
    with audit_context(actor=actor):
        return resolve_actor(current())


def _is(actor: Actor, key: Any) -> bool:
    return actor.kind is ActorKind.USER and actor.id == object_key(key)


def _keys(recipients: Recipients) -> list[Any]:
    """Return the recipients' primary keys, each once, in order."""
    if recipients is None:
        return []
    if isinstance(recipients, QuerySet):
        _require_user(recipients.model)
        return list(dict.fromkeys(recipients.values_list("pk", flat=True)))
    users = [recipients] if isinstance(recipients, Model) else recipients
    return list(dict.fromkeys(key for user in users for key in _key(user)))


def _key(user: Any) -> Iterator[Any]:
    """Give a user's primary key; nothing for nobody, the anonymous and the deleted."""
    if user is None or getattr(user, "is_anonymous", False):
        return
    _require_user(user.__class__)
    if user.pk is not None:
        yield user.pk


def _require_user(model: type[Any]) -> None:
    wanted = concrete(get_user_model()).model
    if not issubclass(model, wanted):
        raise TypeError(f"Recipients must be instances of {wanted._meta.label}, not of {model.__qualname__}")


def _facts(actor: Actor, verb: Any, target: Model | None, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id or "",
        "actor_repr": actor.label,
        "verb": source_text(verb),
        "data": {text(name): encode(value) for name, value in data.items()},
        "created_at": timezone.now(),
        **_target_facts(target),
    }


def source_text(verb: Any) -> str:
    """Return the text to be translated of a lazy translation; any other text as it is."""
    with translation.override(None):
        return text(verb, KEY_LENGTH)


def _target_facts(target: Model | None) -> dict[str, str]:
    """Return what is kept of a target, so that it can be found, and named when it is gone."""
    if target is None:
        return {}
    return {
        "target_model": concrete(target.__class__).label,
        "target_id": "" if target.pk is None else object_id_of(type(target), target.pk),
        "target_repr": safe_text(target, secrets_of(target.__class__)),
    }


def secrets_of(model: type[Model]) -> frozenset[str]:
    """Return the names of a model's secret fields, whether it is audited or not."""
    options = registry.options_for(model)
    return secret_fields(model, mask=options.mask if options else None)


# Writing


def _database(target: Model | None) -> str | None:
    return None if target is None else target._state.db


def _when_committed(write: Callable[[], None], *, using: str) -> None:
    connection = connections[using]
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(write, using=using)
    else:  # Django cannot tell when a transaction that is managed by hand ends; the lines belong to it
        write()


def _write(lines: list[Notification], using: str) -> None:
    """Insert lines; whatever goes wrong is logged, for what people are told of has happened."""
    try:
        _insert_for_living(lines, using)
    except Exception:
        logger.exception("%d notifications %r could not be written", len(lines), lines[0].verb)


def _insert_for_living(lines: list[Notification], using: str) -> None:
    try:
        _insert(lines, using)
    except IntegrityError:  # somebody's account was deleted in the meantime
        users = get_user_model()._base_manager.using(using).only("pk")
        living = users.in_bulk([line.recipient_id for line in lines])
        _insert([line for line in lines if line.recipient_id in living], using)


def _insert(lines: list[Notification], using: str) -> None:
    with transaction.atomic(using=using):
        Notification._base_manager.using(using).bulk_create(lines, batch_size=BATCH)
