"""Checks of where the middleware stands."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.utils.module_loading import import_string

from ..conf import get_settings
from ..registry import registry
from .messages import TAG

MIDDLEWARE: Final = "signals_audit.middleware.AuditMiddleware"
AUTHENTICATION: Final = "django.contrib.auth.middleware.AuthenticationMiddleware"


@register(TAG)
def check_middleware(**_kwargs: Any) -> list[CheckMessage]:
    """Check that requests get their context, and that it knows the user."""
    if not get_settings().ENABLED or not registry.models():
        return []
    ours, authentication = _place(MIDDLEWARE), _place(AUTHENTICATION)
    if ours is None:
        return [_missing()]
    return [_too_early()] if authentication is not None and ours < authentication else []


def _place(wanted: str) -> int | None:
    """Return where a middleware, or a class derived from it, stands in the setting."""
    places = (place for place, path in enumerate(settings.MIDDLEWARE) if wanted in _names(path))
    return next(places, None)


def _names(path: str) -> list[str]:
    try:
        classes = getattr(import_string(path), "__mro__", ())
    except ImportError:
        classes = ()
    return [f"{base.__module__}.{base.__qualname__}" for base in classes]


def _missing() -> CheckMessage:
    return Warning(
        f"{MIDDLEWARE!r} is not in MIDDLEWARE: changes made in requests have no actor.",
        hint=f"Add it after {AUTHENTICATION!r}.",
        id="signals_audit.W001",
    )


def _too_early() -> CheckMessage:
    return Warning(
        f"{MIDDLEWARE!r} stands before {AUTHENTICATION!r} in MIDDLEWARE.",
        hint="Put it after the middleware that says who the user is.",
        id="signals_audit.W002",
    )
