from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LabConfig(AppConfig):
    name = "example_project.lab"
    verbose_name = _("Lab")

    def ready(self) -> None:
        from . import signals  # noqa: F401
