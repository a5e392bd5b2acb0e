"""What somebody would write by hand instead: one INSERT of a finished entry. It is the floor."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from signals_audit.models import AuditEntry

TABLE = AuditEntry._meta.db_table
FIELDS = [field for field in AuditEntry._meta.local_concrete_fields if not field.primary_key]


class HandWritten:
    """Write entries with a statement that was made beforehand."""

    def __init__(self) -> None:
        cast = "%s::jsonb" if connection.vendor == "postgresql" else "%s"
        places = [cast if field.name == "changes" else "%s" for field in FIELDS]
        columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in FIELDS)
        self._sql = f"INSERT INTO {TABLE} ({columns}) VALUES ({', '.join(places)})"
        change_set = uuid.uuid4()
        self._change_set = change_set if connection.features.has_native_uuid_field else change_set.hex
        self._seq = 0

    def note(self, instance: Model, action: str, changes: Mapping[str, Sequence[Any]]) -> None:
        """Insert the entry of one change."""
        self._seq += 1
        row = (
            self._change_set,
            self._seq,
            "",
            action,
            instance._meta.label,
            "default",
            str(instance.pk),
            str(instance),
            json.dumps(changes),
            "save",
            "",
            None,
            None,
            connection.ops.adapt_datetimefield_value(timezone.now()),
        )
        with connection.cursor() as cursor:
            cursor.execute(self._sql, row)
