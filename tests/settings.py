"""Settings of the tests: the database comes from the environment, SQLite in memory where nothing is said.

`SIGNALS_AUDIT_TEST_DB` is sqlite, postgresql or mariadb; tests/databases.py starts the servers and prints the
variables that say where they listen.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mariadb": "django.db.backends.mysql",
}
VENDOR = os.environ.get("SIGNALS_AUDIT_TEST_DB", "sqlite")


def server(vendor: str) -> dict[str, str]:
    """Return where the server listens; every value has a variable of its own."""
    prefix = f"SIGNALS_AUDIT_{vendor.upper()}"
    try:
        return {key: os.environ[f"{prefix}_{key}"] for key in ("HOST", "PORT", "USER", "PASSWORD")}
    except KeyError as missing:
        raise ImproperlyConfigured(
            f'{missing} is not set. Start the servers: eval "$(python tests/databases.py start)"'
        ) from None


def database(vendor: str, name: str) -> dict[str, Any]:
    """Describe one database; each Python and Django has its own, so that they can be tested side by side."""
    if vendor == "sqlite":
        return {"ENGINE": ENGINES[vendor], "NAME": ":memory:"}
    python, release = sys.version_info, django.VERSION
    full_name = f"{name}_py{python[0]}{python[1]}_dj{release[0]}{release[1]}"
    test: dict[str, Any] = {"NAME": f"test_{full_name}"}
    if vendor == "mariadb":
        test |= {"CHARSET": "utf8mb4"}
    return {"ENGINE": ENGINES[vendor], "NAME": full_name, "TEST": test} | server(vendor)


if VENDOR not in ENGINES:
    raise ImproperlyConfigured(f"SIGNALS_AUDIT_TEST_DB is {VENDOR!r}, and not one of {', '.join(ENGINES)}.")

DATABASES = {alias: database(VENDOR, f"signals_audit_{alias}") for alias in ("default", "other")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "signals_audit",
    "tests.testapp",
]
# Our migrations run in the tests; Django's own would only cost time, on two databases.
MIGRATION_MODULES = dict.fromkeys(("admin", "auth", "contenttypes", "sessions"))

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "signals_audit.middleware.AuditMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
SECRET_KEY = "only-for-tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

SIGNALS_AUDIT: dict[str, Any] = {"MODELS": {"testapp.*": {}, "auth.User": {}}}
