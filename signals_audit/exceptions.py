"""The errors that signals_audit raises."""

from __future__ import annotations


class AuditError(Exception):
    """Something that signals_audit was asked to do cannot be done."""


class ConfigurationError(AuditError):
    """A declaration or setting of signals_audit is wrong."""


class EntryNotWritten(AuditError):
    """The audit entry could not be written, so the change was not made either."""


class LoopDetected(AuditError):
    """Reactions to a change kept changing the same things."""
