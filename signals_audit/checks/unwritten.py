"""Checks that show what is missing: entries that could not be written, raw SQL, and reactions that failed."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning, register

from .. import failures, spool
from ..capture import sentinel
from ..conf import get_settings
from ..reactions import dispatch
from .messages import TAG


@register(TAG)
def check_spool(**_kwargs: Any) -> list[CheckMessage]:
    """Check that no entries wait in the spool."""
    try:
        waiting = len(spool.files())
    except OSError as error:
        return [_warning(10, f"The spool of the audit log cannot be read: {error}.", None)]
    if not waiting:
        return []
    message = f"{waiting} file(s) in {str(spool.folder())!r} hold audit entries that could not be written."
    return [_warning(10, message, "Run: manage.py audit_recover")]


@register(TAG)
def check_unwritten(**_kwargs: Any) -> list[CheckMessage]:
    """Check that all entries of this process could be written."""
    if not failures.unwritten.value:
        return []
    message = f"{failures.unwritten.value} audit entries could not be written since this process started"
    if failures.lost.value:
        message += f", and {failures.lost.value} not to the spool either"
    return [_warning(11, f"{message}.", "The logger 'signals_audit' has the reasons.")]


@register(TAG)
def check_failed_hooks(**_kwargs: Any) -> list[CheckMessage]:
    """Check that no reaction of this process failed after COMMIT that is not tried again."""
    if not dispatch.failed.value:
        return []
    message = f"{dispatch.failed.value} hooks failed after COMMIT since this process started."
    return [
        _warning(28, message, "The logger 'signals_audit' has the reasons. durable=True has them tried anew.")
    ]


@register(TAG)
def check_raw_sql(**_kwargs: Any) -> list[CheckMessage]:
    """Check that no raw SQL of this process wrote to audited tables."""
    return [
        _warning(
            13,
            f"Raw SQL wrote to the table of {label} {count} time(s) since this process started.",
            'The log does not know what it changed. SIGNALS_AUDIT["RAW_SQL"] = "ignore" silences this.',
        )
        for label, count in sorted(sentinel.noticed.items())
    ]


@register(TAG, deploy=True)
def check_spool_folder(**_kwargs: Any) -> list[CheckMessage]:
    """Check that the spool outlives a restart of the machine."""
    if get_settings().ON_ERROR != "log" or get_settings().SPOOL:
        return []
    message = f"Audit entries that cannot be written go to {str(spool.folder())!r}, a temporary folder."
    return [_warning(12, message, 'Name a folder that lasts in SIGNALS_AUDIT["SPOOL"].')]


def _warning(number: int, message: str, hint: str | None) -> CheckMessage:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")
