"""The log in the admin: the list of entries, one entry's page, and every object's history.

`install_history(site)` puts the audit history behind the History button of a site's audited models. It is
called for the default site. Call it for further ones, and register `AuditEntry` there with `AuditEntryAdmin`.
"""

from __future__ import annotations

from .entries import AuditEntryAdmin
from .history import AuditHistoryMixin, install_history

__all__ = ["AuditEntryAdmin", "AuditHistoryMixin", "install_history"]
