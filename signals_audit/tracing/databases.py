"""The databases that can be asked from where code runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def connections_here() -> Iterator[BaseDatabaseWrapper]:
    """Yield this thread's connections, open or not; one that cannot be made is used by nobody."""
    for alias in connections:
        with suppress(ImproperlyConfigured, ImportError):
            yield connections[alias]
