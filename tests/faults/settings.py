"""Settings of the fault tests: a database of their own, with the app or without it."""

from __future__ import annotations

import os
from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, VENDOR, database

FILE = os.environ.get("SIGNALS_AUDIT_FAULTS_FILE", "")
HAS_APP = os.environ.get("SIGNALS_AUDIT_FAULTS_APP", "1") == "1"

_database: dict[str, Any] = database(VENDOR, f"signals_audit_faults_{os.getpid()}")
if VENDOR == "sqlite":
    # A busy machine lets writers wait for long; the refusals that count come at once, whatever the limit.
    _database |= {"NAME": FILE, "TEST": {"NAME": FILE}, "OPTIONS": {"timeout": 60}}
# The name of a level, as SQL has it; without one it is what Django has for this database.
ISOLATION = os.environ.get("SIGNALS_AUDIT_FAULTS_ISOLATION", "")
LEVELS = {"read committed": 2, "repeatable read": 3, "serializable": 4}  # as psycopg numbers them
if VENDOR == "postgresql":
    # It looks for deadlocks after a second only; here there are many.
    _database["OPTIONS"] = {"options": "-c deadlock_timeout=20ms"}
if ISOLATION:
    level = LEVELS[ISOLATION] if VENDOR == "postgresql" else ISOLATION
    _database["OPTIONS"] = _database.get("OPTIONS", {}) | {"isolation_level": level}
DATABASES = {"default": _database}

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "signals_audit" or HAS_APP]
# A token would be masked: what is not stored cannot be replayed.
SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"exclude": ["token"]}, "testapp.*": {}}}
