"""The errors that signals_audit raises."""

from __future__ import annotations

from django.db.utils import DatabaseError


class AuditError(Exception):
    """Something that signals_audit was asked to do cannot be done."""


class ConfigurationError(AuditError):
    """A declaration or setting of signals_audit is wrong."""


class EntryNotWritten(AuditError, DatabaseError):
    """The audit entry could not be written, so the change was not made either.

    It is one of Django's database errors, so that code which handles those goes on doing so.
    """


class LoopDetected(AuditError):
    """Reactions to a change kept changing the same things."""


class SignalLoop(AuditError):
    """A signal was sent within itself, for the same object, over and over."""


class GiveUp(AuditError):
    """A delivery cannot succeed: it is not to be tried again."""


class ClaimLost(AuditError):
    """A delivery took longer than its lease, and somebody else has claimed it."""
