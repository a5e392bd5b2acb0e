"""Models whose fields and classes have a will of their own, as some packages' have."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLUpdateCompiler

LARGER = {"sqlite": "MAX"}


class ShownCol(Col):
    """A column that is read through a function, as those that are decrypted are."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        sql, params = super().as_sql(compiler, connection)
        return f"UPPER({sql})", params


class ShownField(models.CharField):  # type: ignore[type-arg]
    def get_col(self, alias: Any, output_field: Any = None) -> Any:
        return ShownCol(alias, self, output_field or self)


class TrimmedField(models.CharField):  # type: ignore[type-arg]
    def select_format(self, compiler: Any, sql: str, params: Any) -> Any:
        return f"TRIM({sql})", params


class HighestField(models.IntegerField):  # type: ignore[type-arg]
    """A number that never falls: what is written names its own column, without the table."""

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        if not isinstance(compiler, SQLUpdateCompiler):
            return "%s"
        column = connection.ops.quote_name(self.column)
        return f"{LARGER.get(connection.vendor, 'GREATEST')}({column}, %s)"

    def get_placeholder_sql(self, value: Any, compiler: Any, connection: Any) -> Any:
        return self.get_placeholder(value, compiler, connection), (value,)


class Shown(models.Model):
    name = ShownField(max_length=20)
    number = models.IntegerField(default=0)


class Singleton(models.Model):
    is_it = models.BooleanField(primary_key=True, default=True)
    name = models.CharField(max_length=20)


class Trimmed(models.Model):
    code = TrimmedField(max_length=20, primary_key=True)
    number = models.IntegerField(default=0)


class Highest(models.Model):
    number = models.IntegerField(default=0)
    highest = HighestField(default=0)


class Picky(models.Model):
    """A class that does not take what its table may hold."""

    name = models.CharField(max_length=20)

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        if self.name == "bad":
            raise ValueError("Bad")
