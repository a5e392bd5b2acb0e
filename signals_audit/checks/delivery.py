"""Checks of hooks that outlive the process: the settings, the hooks themselves, and what was left undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, Final

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string

from .. import tasks
from ..conf import SETTING, get_settings, raw_settings
from ..deliveries.claims import OPEN, deliveries
from ..deliveries.policy import policy
from ..hooks import Hook
from ..models import Delivery
from ..shapes import DELIVERY
from ..types import DeliveryState, Timing
from . import declared
from .messages import TAG, error
from .shapes import misfits

WHERE: Final = f'{SETTING}["DELIVERY"]'
CELERY: Final = f"{tasks.__name__}.celery."
OVERDUE: Final = timedelta(hours=1)


@register(TAG)
def check_delivery(**_kwargs: Any) -> list[CheckMessage]:
    """Check the keys in `DELIVERY` and what their values are."""
    if not isinstance(raw_settings().get("DELIVERY"), Mapping):
        return []
    return list(misfits(WHERE, get_settings().DELIVERY, DELIVERY))


@register(TAG)
def check_tasks(**_kwargs: Any) -> list[CheckMessage]:
    """Check that what is to hand over tasks is there."""
    path = policy().TASKS
    where = f'{WHERE}["TASKS"]: {path!r}'
    try:
        found = import_string(path)
    except Exception as reason:  # whatever the project's module does when it is imported
        return [error(9, f"{where} cannot be imported: {reason}.", _import_hint(path))]
    return [] if callable(found) else [error(9, f"{where} cannot be called.", "Name a function.")]


def _import_hint(path: str) -> str:
    if path.startswith(CELERY) and not find_spec("celery"):
        return "Install django-signals-audit[celery]."
    return f'Name a function like "{tasks.DEFAULT}".'


@register(TAG)
def check_hooks(**_kwargs: Any) -> list[CheckMessage]:
    """Check that what is to run as a task can be handed over to one."""
    waiting = [where for where, hook in declared.declared_hooks() if hook.timing is Timing.TASK]
    refusal = _refusal() if waiting and policy().TASKS == tasks.DEFAULT else None
    if refusal is None:
        return []
    hint = f"{refusal[1]} Until then audit_deliver runs it."
    return [_warning(25, f"{where} cannot run as a task: {refusal[0]}", hint) for where in waiting]


def _refusal() -> tuple[str, str] | None:
    """Return why Django's tasks do not take a delivery, and what to do about it."""
    if tasks.framework() is None:
        return tasks.MISSING, tasks.REMEDY
    try:
        import_string(f"{tasks.BACKGROUND}.queued")()
    except Exception as reason:  # whatever the backend says
        return f"{reason}", f'See the setting TASKS, and "QUEUE" in {WHERE}.'
    return None


@register(TAG)
def check_identities(**_kwargs: Any) -> list[CheckMessage]:
    """Check that durable hooks can be told apart by what deliveries keep of them."""
    by_identity: dict[str, list[Hook]] = {}
    for _where, hook in declared.declared_hooks():
        if hook.durable:
            by_identity.setdefault(hook.identity, []).append(hook)
    hint = "Give their functions names of their own: a delivery finds its hook by the name."
    return [
        error(10, f"Durable hooks with different functions are all called {identity!r}.", hint)
        for identity, hooks in by_identity.items()
        if any(hook.function != hooks[0].function for hook in hooks)
    ]


@register(Tags.database)
def check_left_undone(databases: Collection[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Check, where databases are asked (`check --database default`), that deliveries are made."""
    return [
        message
        for alias in databases or ()
        if Delivery._meta.db_table in connections[alias].introspection.table_names()
        for message in _left_undone(alias)
    ]


def _left_undone(alias: str) -> Iterator[CheckMessage]:
    where = f"Deliveries on the database {alias!r}"
    failed = deliveries(alias).filter(state=DeliveryState.FAILED).count()
    if failed:
        hint = "What went wrong is kept with each: see the admin, where they can be tried again."
        yield _warning(26, f"{where} that have failed: {failed}.", hint)
    overdue = deliveries(alias).filter(state__in=OPEN, due_at__lt=timezone.now() - OVERDUE).count()
    if overdue:
        message = f"{where} that are overdue by more than an hour: {overdue}."
        yield _warning(27, message, "Is audit_deliver running? Run: manage.py audit_deliver --watch")


def _warning(number: int, message: str, hint: str) -> CheckMessage:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")
