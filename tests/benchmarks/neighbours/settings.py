"""Settings of one neighbour's process: what the tests have, but that package in the place of ours."""

from __future__ import annotations

import os

from tests.settings import DEFAULT_AUTO_FIELD, SECRET_KEY, TIME_ZONE, USE_TZ, VENDOR, database

from .known import KNOWN

__all__ = ["DEFAULT_AUTO_FIELD", "SECRET_KEY", "TIME_ZONE", "USE_TZ"]

NEIGHBOUR = KNOWN[os.environ["SIGNALS_AUDIT_NEIGHBOUR"]]
DATABASES = {"default": database(VENDOR, f"signals_audit_benchmark_{os.getpid()}")}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    *NEIGHBOUR.installed,
    "tests.testapp",
    NEIGHBOUR.app,
]
# The tables are made of the models at once, in the order that their references ask for.
MIGRATION_MODULES = dict.fromkeys(name.rpartition(".")[2] for name in INSTALLED_APPS)
globals().update(NEIGHBOUR.settings)
