"""Audited lifecycle signals for Django: every change is recorded, and people and code are told of it.

Everything named here can be imported before Django's apps are loaded.
"""

from __future__ import annotations

from .context import audit_context, disabled
from .declaring import auto_create, notify_on, on_change, on_create, on_delete, on_m2m_change
from .events import Change, ChangeEvent, RelationChange
from .registry import register
from .signals import (
    changes_captured,
    changes_committed,
    object_changed,
    object_created,
    object_deleted,
    relation_changed,
)
from .types import UNKNOWN, Action, Actor, ActorKind, AuditContext, Timing

__version__ = "0.1.0"

__all__ = [
    "UNKNOWN",
    "Action",
    "Actor",
    "ActorKind",
    "AuditContext",
    "Change",
    "ChangeEvent",
    "RelationChange",
    "Timing",
    "audit_context",
    "auto_create",
    "changes_captured",
    "changes_committed",
    "disabled",
    "notify_on",
    "object_changed",
    "object_created",
    "object_deleted",
    "on_change",
    "on_create",
    "on_delete",
    "on_m2m_change",
    "register",
    "relation_changed",
]
