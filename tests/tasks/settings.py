"""Settings of a site whose hooks run as tasks; the process that starts it says how, by the environment."""

from __future__ import annotations

import os
import sys
from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIGRATION_MODULES, VENDOR, database

BY = os.environ["SIGNALS_AUDIT_TASKS_BY"]
QUEUE = os.environ["SIGNALS_AUDIT_TASKS_QUEUE"] or None
FOLDER = os.environ["SIGNALS_AUDIT_TASKS_FOLDER"]

# Workers are to find the database that the tests make: it has one name.
_database: dict[str, Any] = database(VENDOR, f"signals_audit_tasks_{os.environ['SIGNALS_AUDIT_TASKS_NAME']}")
_name = f"{FOLDER}/site.sqlite3" if VENDOR == "sqlite" else _database["NAME"]
_database |= {"NAME": _name, "TEST": {"NAME": _name}}
if VENDOR == "sqlite":
    _database["OPTIONS"] = {"timeout": 60}
DATABASES = {"default": _database}

INSTALLED_APPS = [*INSTALLED_APPS, "tests.tasks"]
SIGNALS_AUDIT = {
    "MODELS": {"testapp.*": {}, "auth.User": {}},
    "DELIVERY": {"LEASE": 2, "GRACE": 1, "BACKOFF": 1, "QUEUE": QUEUE},
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"brief": {"()": "tests.tasks.logs.Brief"}},
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "formatter": "brief",
            "filename": f"{FOLDER}/{os.getpid()}.log",
        }
    },
    "loggers": {"signals_audit": {"handlers": ["file"], "level": "WARNING"}},
}

match BY:
    case "celery":
        SIGNALS_AUDIT["DELIVERY"]["TASKS"] = "signals_audit.tasks.celery.enqueue"
        CELERY_BROKER_URL = os.environ["SIGNALS_AUDIT_TASKS_BROKER"]
        # A message that was not acknowledged for so many seconds comes back.
        CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1}
    case "database":
        INSTALLED_APPS += ["django_tasks_db"]
        MIGRATION_MODULES = {**MIGRATION_MODULES, "django_tasks_db": None}
        TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": [QUEUE or "default"]}}
    case "nothing":
        for _framework in ("django.tasks", "django_tasks"):
            sys.modules[_framework] = None  # type: ignore[assignment]
