"""The database of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model


@contextmanager
def database() -> Iterator[None]:
    """Have an empty database with all tables, and drop it in the end."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db("unused", verbosity=0)


def empty(*models: type[Model]) -> None:
    """Take all rows out of tables, in a way that leaves nothing behind in their files either."""
    if models and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in models)} CASCADE")
    else:
        for model in models:
            model._base_manager.all()._raw_delete(connection.alias)


def tidy_up(model: type[Model]) -> None:
    """Have PostgreSQL take away what was rolled back, and know how many rows there are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {model._meta.db_table}")
