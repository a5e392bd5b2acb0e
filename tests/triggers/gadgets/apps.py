from __future__ import annotations

from django.apps import AppConfig


class GadgetsConfig(AppConfig):
    name = "tests.triggers.gadgets"
    label = "gadgets"
    default_auto_field = "django.db.models.BigAutoField"
