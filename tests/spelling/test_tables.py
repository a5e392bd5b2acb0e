"""What is known of a table before anything is spelled: columns, what it needs, what is not possible."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import override_settings

from signals_audit import register, spelling
from signals_audit.spelling.columns import Column, described
from signals_audit.spelling.kinds import Kind
from signals_audit.testing import isolated_registry
from tests.testapp.models import ApiToken, Article, Author, Country, Tag, Ticket

from .conftest import spelling_of, table_of


def test_a_table_has_the_columns_that_are_audited_and_the_key() -> None:
    with isolated_registry():
        register(Author, exclude=["email"], mask=["name"])
        table = described(Author, "default", Author._meta.local_concrete_fields)
    key = Column("id", "id", Kind.INTEGER)
    assert (table.label, table.name, table.using, table.hides_key) == (
        "testapp.Author",
        "testapp_author",
        "default",
        False,
    )
    assert table.key == (key,)
    assert table.columns == (
        key,
        Column("name", "name", Kind.TEXT, is_masked=True, length=100),
        Column("password", "password", Kind.TEXT, is_masked=True, length=100),
    )


def test_the_key_may_be_that_of_another_class() -> None:
    assert described(Tag, "default", [], written=Ticket).key == (Column("id", "id", Kind.UUID, length=32),)


NEEDED = {
    "sqlite": (set(), set(), set()),
    "mysql": (set(), {"float"}, {"key"}),
    "postgresql": (
        set(),
        {"signals_audit_float", "signals_audit_canonical", "signals_audit_json_text"},
        {"signals_audit_key"},
    ),
}


@pytest.mark.parametrize("place", range(3))
def test_it_is_told_which_functions_a_table_needs(place: int) -> None:
    model = (Tag, Article, Country)[place]
    assert spelling_of(model).functions_needed == NEEDED[connection.vendor][place]


def test_a_database_says_what_it_cannot_spell() -> None:
    reasons = [
        spelling.dialect_of(connection).why_not(table_of(model), connection)
        for model in (Tag, Article, Ticket, Country, ApiToken)
    ]
    digest = "its key is a secret, or longer than 255 characters, and SQLite cannot make a digest of it"
    assert reasons == [None, None, None, *([digest] * 2 if connection.vendor == "sqlite" else [None] * 2)]


def test_times_in_another_zone_are_not_spelled_where_the_database_has_no_zones() -> None:
    name = connection.settings_dict["TIME_ZONE"]
    connection.settings_dict["TIME_ZONE"] = "Asia/Tokyo"
    connection.__dict__.pop("timezone_name", None)
    try:
        with override_settings(USE_TZ=True):
            told = spelling.dialect_of(connection).why_not(table_of(Article), connection)
    finally:
        connection.settings_dict["TIME_ZONE"] = name
        connection.__dict__.pop("timezone_name", None)
    expected = None if connection.vendor == "postgresql" else "its times are not stored in UTC"
    assert told == expected
