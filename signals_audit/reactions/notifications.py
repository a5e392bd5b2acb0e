"""Telling people of something: `notify()`.

Nobody is told of what they did themselves, nor of what was rolled back. A user who is not active is told like
everybody else and finds it when the account is active again; who is not to be told must not be a recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import Model, QuerySet
from django.utils import timezone, translation

from ..capture.labels import safe_text
from ..context import audit_context, current, resolve_actor
from ..deliveries import key_of
from ..masking import secret_fields
from ..models import KEY_LENGTH, Notification
from ..registry import concrete, object_id_of, registry
from ..texts import MAX_REPR, shortened
from ..types import Actor, ActorKind
from ..values import dumps, encode, object_key, text
from .telling import Notice, tell

Recipients = Model | Iterable[Any] | None

MOST: Final = 10_000  # characters of a value: more is for the log, and not for a line


def notify(
    recipients: Recipients,
    *,
    verb: Any,
    actor: Any = None,
    target: Model | None = None,
    data: Mapping[str, Any] | None = None,
    kind: str = "",
    channels: Sequence[str] | None = None,
    collapse: str = "",
    using: str | None = None,
) -> int:
    """Tell each recipient on the channels that they wish, as part of the transaction at hand.

    `recipients` is a user, a queryset or any iterable of users; each is told once, and the actor, by default
    the one of the current context, is not told. `verb` may be a lazy translation: its source is stored and
    translated for the reader, who may find values of `data` in it ("set it to %(after)s"). `kind` is what
    users set their preferences for, the verb when it is left out; `channels` narrows where it goes out.
    News of the same kind, target and `collapse` are one line as long as nobody has read it; its `before` is
    that of the first. `using` is the database of the inbox. Return how many recipients there are.
    """
    notice = news(
        recipients,
        verb=verb,
        actor=actor,
        target=target,
        data=data,
        kind=kind,
        channels=channels,
        collapse=collapse,
    )
    inbox = using or inbox_database()
    tell([notice], inbox, because_of=_database(target) or inbox)
    return len(notice.keys)


def news(
    recipients: Recipients,
    *,
    verb: Any,
    actor: Any = None,
    target: Model | None = None,
    data: Mapping[str, Any] | None = None,
    kind: str = "",
    channels: Sequence[str] | None = None,
    collapse: str = "",
) -> Notice:
    """Return what is to be told, and whom, ready to be written."""
    known = _actor(actor)
    facts = {
        "actor_kind": known.kind.value,
        "actor_id": known.id or "",
        "actor_repr": text(known.label, KEY_LENGTH),
        "kind": text(kind, KEY_LENGTH) or source_text(verb),
        "verb": source_text(verb),
        "data": {text(name): _stored(value) for name, value in (data or {}).items()},
        "created_at": timezone.now(),
        **_target_facts(target),
    }
    if collapse:
        of = (str(facts[name]) for name in ("kind", "target_model", "target_id"))
        facts["collapse_key"] = key_of(collapse, *of)
    keys = tuple(key for key in _keys(recipients) if not _is(known, key))
    return Notice(keys, facts, None if channels is None else frozenset(channels))


def inbox_database() -> str:
    """Return the database that the inboxes are on."""
    return router.db_for_write(Notification)


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


def source_text(verb: Any) -> str:
    """Return the text to be translated of a lazy translation; any other text as it is."""
    with translation.override(None):
        return text(verb, KEY_LENGTH)


def _stored(value: Any) -> Any:
    """Return a value as it is stored: a large one cut to its start and a digest."""
    encoded = encode(value)
    written = dumps(encoded)
    return encoded if len(written) <= MOST else {"repr": shortened(written, written, limit=MAX_REPR)}


def _target_facts(target: Model | None) -> dict[str, str]:
    """Return what is kept of a target, so that it can be found, and named when it is gone."""
    if target is None:
        return {"target_model": "", "target_id": "", "target_repr": ""}
    return {
        "target_model": concrete(target.__class__).label,
        "target_id": "" if target.pk is None else object_id_of(type(target), target.pk),
        "target_repr": safe_text(target, secrets_of(target.__class__)),
    }


def secrets_of(model: type[Model]) -> frozenset[str]:
    """Return the names of a model's secret fields, whether it is audited or not."""
    options = registry.options_for(model)
    return secret_fields(model, mask=options.mask if options else None)


def _database(target: Model | None) -> str | None:
    return None if target is None else target._state.db
