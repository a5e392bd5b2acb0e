"""Column types that a stored log needs and Django does not have."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

COLLATIONS = {"postgresql": "C", "mysql": "utf8mb4_bin", "sqlite": "BINARY"}


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """Hold text that is compared byte for byte on every database, so that keys "a" and "A" stay apart."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Return the column's type with the binary collation of the database at hand."""
        parameters = super().db_parameters(connection)
        parameters["collation"] = COLLATIONS.get(connection.vendor)
        return parameters
