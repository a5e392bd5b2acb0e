"""The composition root: the only place where the parts of signals_audit are wired together."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class SignalsAuditConfig(AppConfig):
    """Audited lifecycle signals."""

    name = "signals_audit"
    label = "signals_audit"
    verbose_name = _("Audit and signals")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wire capture to the recorder and the reactions; running it twice changes nothing."""
        from . import recorder
        from .capture import pipeline, plans, seams
        from .conf import get_settings

        pipeline.connect(
            record=recorder.record,
            in_transaction=lambda event: None,
            after_commit=lambda events, using: None,
            wants=lambda model: False,
        )
        seams.install()
        autodiscover_modules(get_settings().MODULE)
        plans.forget()
