"""Settings of the example project: a blog with accounts on SQLite, or on PostgreSQL by environment variable.

EXAMPLE_DATA_DIR   where the SQLite file and uploaded pictures go (default: this folder)
EXAMPLE_POSTGRES   name of a PostgreSQL database; the rest comes from libpq's variables (PGHOST, PGUSER ...)
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import django
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent
_home = BASE_DIR if os.access(BASE_DIR, os.W_OK) else Path(tempfile.gettempdir())
DATA_DIR = Path(os.environ.get("EXAMPLE_DATA_DIR") or _home)
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get("EXAMPLE_DEBUG", "1") == "1"
SECRET_KEY = "the-example-has-no-secrets"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "signals_audit",
    "example_project.accounts",
    "example_project.billing",
    "example_project.blog",
    "example_project.lab",
    "example_project.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "example_project.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "signals_audit.middleware.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# What is audited and what follows from it. The apps' own declarations are in their audit.py.
SIGNALS_AUDIT = {
    "MODELS": {"auth.User": {"exclude": ["last_login"], "mask": ["email"]}, "auth.Group": {}},
    "AUTO_CREATE": {"auth.User": "billing.BillingProfile"},
    "NOTIFY": [
        {
            "model": "blog.BlogComment",
            "on": "create",
            "recipient": "post.author",
            "verb": _("commented on"),
            "target": "post",
            "kind": "comments",
        },
    ],
    # Every send is measured, and loops are told of; a busy site would measure a share: 0.01.
    "TRACING": {"STATISTICS": 1.0, "LOOPS": "report"},
    # Who wants mail says so on the page of preferences; `manage.py send_digests --period daily` sends it.
    "CHANNELS": {
        "inbox": "signals_audit.channels.Inbox",
        "email": {
            "BACKEND": "signals_audit.channels.Email",
            "PACE": "off",
            "BASE_URL": "http://localhost:8000",
        },
    },
}

# Mail goes into files; since Django 6.1 there is a dict for it.
MAIL_BACKEND, MAIL_DIR = "django.core.mail.backends.filebased.EmailBackend", str(DATA_DIR / "mail")
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": MAIL_BACKEND, "OPTIONS": {"file_path": MAIL_DIR}}}
else:
    EMAIL_BACKEND, EMAIL_FILE_PATH = MAIL_BACKEND, MAIL_DIR

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "demo.sqlite3",
    "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
}
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("EXAMPLE_POSTGRES", "")}
# One request is one transaction, so what it changes is one change set.
DATABASES = {"default": {**(POSTGRESQL if POSTGRESQL["NAME"] else SQLITE), "ATOMIC_REQUESTS": True}}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# No AUTH_PASSWORD_VALIDATORS: they would refuse the demo's password. scrypt is as safe, and faster.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "accounts:login", "blog:list", "blog:list"
USE_TZ, TIME_ZONE = True, "UTC"
STATIC_URL, STATICFILES_DIRS = "static/", [BASE_DIR / "static"]
MEDIA_URL, MEDIA_ROOT = "media/", DATA_DIR / "media"
