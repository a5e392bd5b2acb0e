"""What one thread does is its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction

from signals_audit import audit_context, disabled
from signals_audit.models import AuditEntry
from tests.testapp.models import Tag

from .log import entries, orphans

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(function: Any) -> Any:
    def run() -> Any:
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=30)


def test_a_thread_that_disables_does_not_silence_another() -> None:
    with disabled():
        Tag.objects.create(name="silent")
        in_thread(lambda: Tag.objects.create(name="heard"))
        Tag.objects.create(name="silent too")
    assert [entry.changes["name"][1] for entry in entries()] == ["heard"]


def test_a_disabled_block_in_a_thread_leaves_the_others_alone() -> None:
    ready, go = Event(), Event()

    def silent() -> None:
        with disabled():
            ready.set()
            go.wait(10)
            Tag.objects.create(name="silent")
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(silent)
        ready.wait(10)
        Tag.objects.create(name="heard")
        go.set()
        future.result(timeout=30)
    assert [entry.changes["name"][1] for entry in entries()] == ["heard"]


def test_threads_have_transactions_and_contexts_of_their_own() -> None:
    if connection.vendor == "sqlite":
        return  # threads share one database in memory, where one writer locks out the others
    barrier = Barrier(4)

    def write(name: str) -> None:
        try:
            barrier.wait(10)
            with audit_context(reason=name), transaction.atomic():
                for number in range(5):
                    Tag.objects.create(name=f"{name}{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    found = AuditEntry.objects.order_by("change_set_id", "seq").values_list(
        "change_set__reason", "seq", "changes"
    )
    by_reason: dict[str, list[Any]] = {}
    for reason, seq, changes in found:
        by_reason.setdefault(reason, []).append((seq, changes["name"][1]))
    assert by_reason == {name: [(number + 1, f"{name}{number}") for number in range(5)] for name in "abcd"}
    assert orphans() == []
