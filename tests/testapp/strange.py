"""Models whose fields and classes have a will of their own, as some packages' have."""

from __future__ import annotations

from typing import Any

import django
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


class BareField(models.Field):  # type: ignore[type-arg]
    """A column of a type that Django has no field for."""

    def db_type(self, connection: Any) -> str:
        return "varchar(20)"


class Parcel(models.Model):
    code = BareField(primary_key=True)


class Kiosk(models.Model):
    """Its buyers are the rows of their kiosks, seen from the other end."""

    buyers: Any = models.ManyToManyField("Buyer", through="Sale", related_name="+")


class Buyer(models.Model):
    """Some fields share their rows, or have them by a class of another name."""

    kiosks = models.ManyToManyField(Kiosk, through="ShownSale", related_name="+")
    visited = models.ManyToManyField(Kiosk, through="Sale", related_name="+")
    bargains = models.ManyToManyField(Kiosk, through="Bargain", related_name="+")
    parcels = models.ManyToManyField(Parcel)
    tokens: Any = models.ManyToManyField("ApiToken")
    main_device = models.ForeignKey("ApiToken", null=True, related_name="+", on_delete=models.SET_NULL)


class Sale(models.Model):
    buyer = models.ForeignKey(Buyer, on_delete=models.CASCADE)
    kiosk = models.ForeignKey(Kiosk, on_delete=models.CASCADE)


class ShownSale(Sale):
    class Meta:
        proxy = True


class Bargain(Sale):
    """A through model whose ends stand in its parent's table."""


class Stall(models.Model):
    """A composite key, and another table to find it by."""

    pk = models.CompositePrimaryKey("row", "number")
    row = models.CharField(max_length=2)
    number = models.IntegerField()
    guests = models.IntegerField(default=0)
    tag = models.ForeignKey("Tag", null=True, on_delete=models.CASCADE)


class Voucher(models.Model):
    """A key that is read otherwise than it stands."""

    code = TrimmedField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=20)


if django.VERSION >= (6, 1):

    class Redemption(models.Model):
        voucher = models.ForeignKey(Voucher, on_delete=models.DB_CASCADE)
