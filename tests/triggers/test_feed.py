"""Durable hooks hear of what other programs write to tables with triggers, through the entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from signals_audit import Actor, ActorKind, Change, ChangeEvent, audit_context, on_change, on_create
from signals_audit.models import AuditEntry, Delivery
from signals_audit.reactions.feed import Feed
from tests.capture.log import make
from tests.testapp.models import Seat, Tag

from .clients import run_sql
from .conftest import Triggered

pytestmark = pytest.mark.django_db(transaction=True)


def deliver() -> None:
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    call_command("audit_deliver", database="default", verbosity=0)


def test_what_another_program_writes_reaches_durable_hooks_once(triggered: Triggered) -> None:
    triggered(Tag)
    seen: list[Any] = []

    @on_change(Tag, "name", durable=True)
    def tell(event: ChangeEvent) -> None:
        seen.append((event.pk, event.changes["name"], event.actor, event.source, event.instance))

    tags = [make(Tag, name=name) for name in ("a", "b")]
    AuditEntry.objects.all().delete()
    run_sql(
        "UPDATE testapp_tag SET name = 'x' WHERE name = 'a'; INSERT INTO testapp_tag (name) VALUES ('c');"
    )
    feed = Feed("default")
    assert (feed.take(), feed.take()) == (2, 0)
    assert Feed("default").take() == 2  # another process looks, too
    deliver()
    deliver()
    unknown = Actor(ActorKind.SYSTEM, None, "")
    assert seen == [(tags[0].pk, Change("a", "x"), unknown, "trigger", Tag.objects.get(name="x"))]
    assert list(Delivery.objects.values_list("state", flat=True)) == ["done"]


def test_what_django_writes_there_is_not_told_again(triggered: Triggered) -> None:
    triggered(Tag)
    seen: list[str] = []
    on_create(Tag, durable=True)(lambda event: seen.append(event.object_repr))
    with audit_context(actor=Actor(ActorKind.USER, "7", "ann")):
        Tag.objects.create(name="a")
    Tag.objects.bulk_create([Tag(name="b")])
    assert Feed("default").take() == 0
    deliver()
    assert seen == ["a", "b"]


def test_composite_keys_are_found_again(triggered: Triggered) -> None:
    triggered(Seat)
    seen: list[Any] = []
    on_create(Seat, durable=True)(lambda event: seen.append((event.pk, event.instance)))
    columns = ", ".join(map(connection.ops.quote_name, ("row", "number", "guest")))
    run_sql(f"INSERT INTO testapp_seat ({columns}) VALUES ('A', 3, 'g');")
    call_command("audit_deliver", database="default", verbosity=0)
    deliver()
    assert seen == [(("A", 3), Seat.objects.get())]


def test_models_without_triggers_or_durable_hooks_are_not_looked_for(triggered: Triggered) -> None:
    triggered(Tag)
    on_create(Seat, durable=True)(lambda event: None)
    on_create(Tag)(lambda event: None)
    run_sql("INSERT INTO testapp_tag (name) VALUES ('c');")
    assert Feed("default").take() == 0
