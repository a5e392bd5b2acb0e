"""The composition root: the only place where the parts of signals_audit are wired together."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import class_prepared
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from .tracing import origins

DECLARED_IN = "audit"  # the module that is looked for in every app


class SignalsAuditConfig(AppConfig):
    """Audited lifecycle signals."""

    name = "signals_audit"
    label = "signals_audit"
    verbose_name = _("Audit and signals")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        origins.install()  # models and other apps' ready() connect their receivers soon

    def ready(self) -> None:
        """Wire capture to the recorder and the reactions; running it twice changes nothing."""
        from . import bulk, checks, deliveries, failures  # noqa: F401 - importing the checks registers them
        from .capture import loading, pipeline, receivers, seams
        from .conf import on_settings_changed
        from .hooks import hooks
        from .reactions import channels, dispatch, durable, notices, profiles
        from .registry import registry

        pipeline.connect(
            record=failures.record,
            record_set=failures.record_set,
            takes_set=bulk.takes,
            keep=dispatch.keep,
            in_transaction=dispatch.in_transaction,
            in_batches=dispatch.in_batches,
            after_commit=dispatch.after_commit,
            awaits=dispatch.awaits,
        )
        deliveries.handle(channels.KIND, channels.deliver)
        deliveries.handle_together(durable.KIND, dispatch.deliver, durable.is_of_batch)
        hooks.add_source(profiles.profile_hooks)
        hooks.add_source(notices.notify_hooks)
        autodiscover_modules(DECLARED_IN)
        seams.install()
        for wire in (receivers.connect, loading.remember_models):
            wire()
            for listen in (registry.on_change, hooks.on_change, on_settings_changed):
                listen(wire)
        class_prepared.connect(receivers.connect_new_class, dispatch_uid="signals_audit.new_class")
        self._wire_triggers()
        self._wire_tasks()
        self._wire_tracing()
        self._wire_admin()

    def _wire_triggers(self) -> None:
        """Have triggers taken down and put up by migrate, and told who acts."""
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate, pre_migrate

        from .capture import pipeline
        from .triggers import handover, migrating

        pipeline.connect_triggers(handover.is_handed_over)
        connection_created.connect(handover.listen, dispatch_uid=migrating.UID)
        pre_migrate.connect(migrating.take_down, sender=self, dispatch_uid=migrating.UID)
        post_migrate.connect(migrating.put_up, sender=self, dispatch_uid=migrating.UID)

    def _wire_tasks(self) -> None:
        """Have background tasks act in their own name, where Django has tasks (since 6.0)."""
        from . import context

        try:
            from django.tasks import signals
        except ImportError:
            return
        signals.task_started.connect(context.enter_task, dispatch_uid="signals_audit.enter_task")
        signals.task_finished.connect(context.leave_task, dispatch_uid="signals_audit.leave_task")

    def _wire_tracing(self) -> None:
        """Have signals watched as the settings say; where they say nothing, nothing is installed."""
        from . import receiver_statistics
        from .conf import on_settings_changed
        from .tracing import switching

        for follow in (switching.follow_settings, receiver_statistics.follow_settings):
            follow()
            on_settings_changed(follow)

    def _wire_admin(self) -> None:
        """Put the audit history behind the History button of the default admin site, where there is one."""
        if not apps.is_installed("django.contrib.admin"):
            return
        from django.contrib.admin import site

        from .admin import install_history

        install_history(site)
