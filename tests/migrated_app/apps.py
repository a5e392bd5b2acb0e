from __future__ import annotations

from django.apps import AppConfig


class MigratedAppConfig(AppConfig):
    name = "tests.migrated_app"
    label = "migrated_app"
    default_auto_field = "django.db.models.BigAutoField"
