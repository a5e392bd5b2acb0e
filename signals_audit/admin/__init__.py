"""The log in the admin: the list of entries, one entry's page, every object's history; deliveries; signals.

`install_history(site)` puts the audit history behind the History button of a site's audited models. It is
called for the default site. Call it for further ones, and register `AuditEntry` there with `AuditEntryAdmin`.
"""

from __future__ import annotations

from .deliveries import DeliveryAdmin
from .entries import AuditEntryAdmin
from .history import AuditHistoryMixin, install_history
from .signal_map import SignalMapAdmin

__all__ = ["AuditEntryAdmin", "AuditHistoryMixin", "DeliveryAdmin", "SignalMapAdmin", "install_history"]
