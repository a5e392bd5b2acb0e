"""What kinds of values columns hold, as far as their spelling in SQL is concerned."""

from __future__ import annotations

import enum
from typing import Any

from django.db.models import Field, ForeignKey, JSONField


class Kind(enum.Enum):
    """How the values of a column are spelled in `changes`."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    ADDRESS = "address"
    FLOAT = "float"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    UUID = "uuid"
    BYTES = "bytes"
    JSON = "json"
    OTHER = "repr"

    @property
    def tag(self) -> str:
        """Return the tag of values that have one."""
        return self.value


_KINDS = {
    "BooleanField": Kind.BOOLEAN,
    "FloatField": Kind.FLOAT,
    "DecimalField": Kind.DECIMAL,
    "DateField": Kind.DATE,
    "DateTimeField": Kind.DATETIME,
    "TimeField": Kind.TIME,
    "DurationField": Kind.DURATION,
    "UUIDField": Kind.UUID,
    "BinaryField": Kind.BYTES,
    "JSONField": Kind.JSON,
    "GenericIPAddressField": Kind.ADDRESS,
    **dict.fromkeys(
        ("CharField", "FileField", "FilePathField", "SlugField", "TextField", "URLField"), Kind.TEXT
    ),
}


def column_field(field: Field[Any, Any]) -> Any:
    """Return the field that says what a column holds: a reference holds what it refers to."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return getattr(field, "output_field", field)


def kind_of(field: Field[Any, Any]) -> Kind:
    """Return the kind of a field's values."""
    internal = column_field(field).get_internal_type()
    if internal in _KINDS:
        return _KINDS[internal]
    return Kind.INTEGER if internal.endswith(("IntegerField", "AutoField")) else Kind.OTHER


def has_spelling_of_its_own(field: Field[Any, Any]) -> bool:
    """Tell whether Python reads the values of a field in another way than the database spells them."""
    found = column_field(field)
    return hasattr(found, "from_db_value") and type(found).from_db_value is not JSONField.from_db_value
