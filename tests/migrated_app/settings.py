"""Settings for a fresh `migrate` in a process of its own, on a SQLite file."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.migrated_app"]
MIGRATION_MODULES: dict[str, None] = {}
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["MIGRATED_APP_DATABASE"]}}
SIGNALS_AUDIT = {"MODELS": ["migrated_app.*"]}
