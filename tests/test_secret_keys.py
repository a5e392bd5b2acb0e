"""A primary key that is itself a secret."""

from __future__ import annotations

import pytest

from signals_audit.models import AuditEntry
from signals_audit.values import MASKED
from tests.testapp.models import ApiToken
from tests.testapp.strange import Buyer

pytestmark = pytest.mark.django_db


def test_a_key_that_is_a_secret_is_stored_nowhere_and_its_history_is_found() -> None:
    token = ApiToken.objects.create(key="deadbeef", name="n")
    token.name = "m"
    token.save()
    entries = list(AuditEntry.objects.for_object(token).order_by("id"))
    assert [entry.changes for entry in entries] == [
        {"key": [None, MASKED], "name": [None, "n"]},
        {"name": ["n", "m"]},
    ]
    columns = [str(value) for row in AuditEntry.objects.values() for value in row.values()]
    assert not [value for value in columns if "deadbeef" in value]


def test_what_points_at_a_key_that_is_a_secret_is_masked_in_columns_and_relations() -> None:
    token, buyer = ApiToken.objects.create(key="deadbeef", name="n"), Buyer.objects.create()
    buyer.main_device = token
    buyer.save()
    buyer.tokens.add(token)
    found = AuditEntry.objects.for_object(buyer).order_by("id").values_list("changes", flat=True)
    assert list(found)[1:] == [
        {"main_device": [None, MASKED]},
        {"tokens": {"added": [MASKED], "removed": []}},
    ]
