from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_delete
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "example_project.billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from .models import BillingProfile
        from .pictures import remove_picture

        # The tutorial's second form, connect(); the dispatch_uid keeps it single when ready() runs again.
        post_delete.connect(remove_picture, sender=BillingProfile, dispatch_uid="billing.remove_picture")
