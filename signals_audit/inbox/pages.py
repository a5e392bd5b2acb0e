"""One page of somebody's inbox: what each line says, and whether what it is about is still there."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from ..display import model_of, printable
from ..models import Notification
from ..registry import object_id_of
from ..sentences import actor_name, remark, sentence, verb_text

logger = logging.getLogger("signals_audit.inbox")

SIZE: Final = 25
MOST: Final = 2**63  # what no database takes for a whole number


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """A notification in the reader's language; of a target without a page only its text is left."""

    notification: Notification
    actor: str
    verb: str
    target: str
    text: str
    remark: str
    is_there: bool
    can_be_opened: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, newest first, and the id below which the next ones are."""

    lines: Sequence[InboxLine]
    next: int | None
    newest: int | None


def page_of(user: Any, *, everything: bool, before: int | None, size: int = SIZE) -> Page:
    """Return a page of a user's inbox: two queries, and one for each model that it is about."""
    rows = Notification.objects.of(user)
    rows = rows if everything else rows.unread()
    found = list((rows if before is None else rows.filter(id__lt=before))[: size + 1])
    shown = found[:size]
    following = shown[-1].pk if len(found) > size else None
    return Page(lines_of(shown), following, shown[0].pk if shown else None)


def lines_of(notifications: Sequence[Notification]) -> list[InboxLine]:
    """Return notifications ready to be shown."""
    present = existing(notifications)
    return [
        InboxLine(
            notification=line,
            actor=actor_name(line),
            verb=verb_text(line),
            target=printable(line.target_repr),
            text=sentence(line),
            remark=remark(line),
            is_there=(line.target_model, line.target_id) in present,
            can_be_opened=(line.target_model, line.target_id) in present
            and hasattr(model_of(line.target_model), "get_absolute_url"),
        )
        for line in notifications
    ]


Key = tuple[str, str]


def existing(notifications: Iterable[Notification]) -> set[Key]:
    """Return the models and ids of the targets that are still there: one query for each model."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for line in notifications:
        if line.target_id:
            wanted[line.target_model].add(line.target_id)
    found: set[Key] = set()
    for label, keys in wanted.items():
        model = model_of(label)
        if model is not None:
            pks = [pk for pk in (parsed(model, key) for key in keys) if pk is not None]
            rows = model._default_manager.filter(pk__in=pks).order_by()
            found |= {(label, object_id_of(model, pk)) for pk in rows.values_list("pk", flat=True)}
    return found


def parsed(model: type[Model], key: str) -> Any:
    """Return the primary key behind its text; None where it is none of the model's, or a digest."""
    try:
        if len(model._meta.pk_fields) > 1:
            parts = zip(model._meta.pk_fields, json.loads(key), strict=True)
            return tuple(field.to_python(part) for field, part in parts)
        pk = model._meta.pk.to_python(key)
        return None if isinstance(pk, int) and abs(pk) >= MOST else pk
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None


def url_of(notification: Notification, request: HttpRequest) -> str:
    """Return the address of the page that a notification is about; "" if there is none on this site."""
    model = model_of(notification.target_model)
    pk = parsed(model, notification.target_id) if model is not None and notification.target_id else None
    target = model._default_manager.filter(pk=pk).first() if model is not None and pk is not None else None
    if target is None or not hasattr(target, "get_absolute_url"):
        return ""
    try:
        url = str(target.get_absolute_url() or "")
    except Exception:
        logger.exception(
            "The address of %s %s is not known", notification.target_model, notification.target_id
        )
        return ""
    hosts, is_secure = {request.get_host()}, request.is_secure()
    return url if url_has_allowed_host_and_scheme(url, hosts, require_https=is_secure) else ""
