"""Rows that the database itself deletes or changes along with others: recorded once, whoever sees it."""

from __future__ import annotations

import django
import pytest
from django.db import connection

from signals_audit import Actor, ActorKind, audit_context
from signals_audit.models import AuditEntry
from tests.testapp import models

from .conftest import Triggered

pytestmark = pytest.mark.django_db(transaction=True)

if django.VERSION >= (6, 1):

    def test_what_goes_with_a_row_is_recorded_once_and_in_the_actors_name(triggered: Triggered) -> None:
        triggered(models.Shelfful, models.Jar, models.Customer)
        shop = models.Shop.objects.create(name="s")
        shelf = models.Shelfful.objects.create(shop=shop, name="f")
        models.Jar.objects.create(shelf=shelf, name="j")
        models.Customer.objects.create(favourite=shop, name="c")
        AuditEntry.objects.all().delete()
        with audit_context(actor=Actor(ActorKind.USER, "7", "ann")):
            shop.delete()
        found = AuditEntry.objects.exclude(model="testapp.Shop").values_list("model", "action", "actor_id")
        assert sorted(found) == [
            ("testapp.Customer", "update", "7"),
            ("testapp.Jar", "delete", "7"),
            ("testapp.Shelfful", "delete", "7"),
        ]
        if connection.vendor != "mysql":
            assert set(AuditEntry.objects.values_list("source", flat=True)) == {"trigger", "delete"}
