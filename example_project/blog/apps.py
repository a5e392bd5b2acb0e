from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BlogConfig(AppConfig):
    name = "example_project.blog"
    verbose_name = _("Blog")

    def ready(self) -> None:
        # The tutorial's way to connect @receiver functions: import the module that holds them.
        from . import signals  # noqa: F401
