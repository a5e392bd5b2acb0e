"""Many-to-many rows of models with triggers: PostgreSQL tells their owners of them, elsewhere Django does."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from signals_audit import (
    Actor,
    ActorKind,
    ChangeEvent,
    RelationChange,
    audit_context,
    disabled,
    on_m2m_change,
    register,
    relation_changed,
    triggers,
)
from signals_audit.models import AuditEntry, Delivery
from signals_audit.reactions.feed import Feed
from signals_audit.triggers import State
from tests.capture.log import Entry, connected, entries, make, orphans
from tests.testapp.models import Article, Group, Membership, Person, Shelf, Shelving, Tag
from tests.testapp.strange import Bargain, Buyer, Kiosk, Parcel, Sale

from .clients import run_sql
from .conftest import Triggered

pytestmark = pytest.mark.django_db(transaction=True)
BY_TRIGGERS = connection.vendor == "postgresql"
SOURCE = "trigger" if BY_TRIGGERS else "relation"
by_triggers = pytest.mark.skipif(not BY_TRIGGERS, reason="elsewhere Django's side tells of them")
TAGS = "testapp_article_tags"


@pytest.fixture(autouse=True)
def _nothing_else_is_audited(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "MODELS": {}}


def told(field: str, key: Any, added: list[Any], removed: list[Any], seq: int, source: str = SOURCE) -> Entry:
    model = {"tags": "testapp.Article", "members": "testapp.Group"}.get(field, "testapp.Person")
    changes = {field: {"added": added, "removed": removed}}
    return Entry("update", model, str(key), changes, source, seq)


def tags(*names: str) -> list[int]:
    return [make(Tag, name=name).pk for name in names]


def test_a_statement_is_one_entry_for_each_owner_whichever_end_it_came_from(triggered: Triggered) -> None:
    triggered(Article)
    first, second = (make(Article, title=title) for title in "ab")
    one, two, three = tags("x", "y", "z")
    with transaction.atomic():
        first.tags.add(one, two)
        first.tags.set([two, three])
        Tag.objects.get(pk=three).articles.add(second, first)
        Tag.objects.get(pk=three).delete()
        first.tags.clear()
    assert entries() == [
        told("tags", first.pk, [one, two], [], 1),
        told("tags", first.pk, [], [one], 2),
        told("tags", first.pk, [three], [], 3),
        told("tags", second.pk, [three], [], 4),
        told("tags", first.pk, [], [three], 5),
        told("tags", second.pk, [], [three], 6),
        told("tags", first.pk, [], [two], 7),
    ]
    assert AuditEntry.objects.latest("id").object_repr in (f"testapp.Article {first.pk}", str(first))
    assert orphans() == []


def test_what_adds_nothing_leaves_no_entry(triggered: Triggered) -> None:
    triggered(Article)
    article, (tag,) = make(Article, title="a"), tags("x")
    with disabled():
        article.tags.add(tag)
    article.tags.add(tag)
    article.tags.remove(tag + 1)
    assert entries() == []


def test_both_sides_of_a_symmetrical_relation_are_told(triggered: Triggered) -> None:
    triggered(Person, m2m=["friends"])
    ann, ben = (make(Person, name=name) for name in ("Ann", "Ben"))
    ann.friends.add(ben)
    ann.follows.add(ben)
    found = [(entry.object_id, entry.changes, entry.source) for entry in entries()]
    assert found == [
        (str(ann.pk), {"friends": {"added": [ben.pk], "removed": []}}, SOURCE),
        (str(ben.pk), {"friends": {"added": [ann.pk], "removed": []}}, SOURCE),
    ]


def test_rows_of_a_through_model_that_come_to_point_elsewhere_are_told_on_both_owners(
    triggered: Triggered,
) -> None:
    triggered(Group)
    choir, band = (make(Group, name=name) for name in ("Choir", "Band"))
    ann, ben = (make(Person, name=name) for name in ("Ann", "Ben"))
    member = Membership.objects.create(group=choir, person=ann)
    Membership.objects.filter(pk=member.pk).update(role="first")
    Membership.objects.filter(pk=member.pk).update(person=ben)
    Membership.objects.filter(pk=member.pk).update(group=band)
    found = [(entry.object_id, *entry.changes["members"].values()) for entry in entries()]
    assert found[:2] == [(str(choir.pk), [ann.pk], []), (str(choir.pk), [ben.pk], [ann.pk])]
    assert sorted(found[2:]) == sorted([(str(choir.pk), [], [ben.pk]), (str(band.pk), [ben.pk], [])])
    assert {entry.source for entry in entries()} == {SOURCE}


@by_triggers
def test_other_programs_are_recorded_as_unknown_with_one_entry_for_each_owner(triggered: Triggered) -> None:
    triggered(Article)
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    rows = f"({article.pk}, {one}), ({article.pk}, {two})"
    run_sql(
        f"INSERT INTO {TAGS} (article_id, tag_id) VALUES {rows}; DELETE FROM {TAGS} WHERE tag_id = {one};"
    )
    assert entries() == [
        told("tags", article.pk, [one, two], [], 1),
        told("tags", article.pk, [], [one], 2),
    ]
    assert {entry.change_set.actor_repr for entry in AuditEntry.objects.all()} == {""}


@by_triggers
def test_many_rows_of_a_statement_are_told_in_their_order(triggered: Triggered) -> None:
    triggered(Article)
    articles, found = [make(Article, title=str(number)) for number in range(3)], tags(*map(str, range(50)))
    through = Article.tags.through
    through.objects.bulk_create(
        through(article_id=article.pk, tag_id=tag) for tag in reversed(found) for article in articles
    )
    assert entries() == [
        told("tags", article.pk, found[::-1], [], seq) for seq, article in enumerate(articles, 1)
    ]


@pytest.mark.parametrize("label", ["testapp.Article", "testapp.Article_tags"])
def test_it_is_silent_where_the_owner_is_or_the_rows_are(triggered: Triggered, label: str) -> None:
    triggered(Article)
    article, (tag,) = make(Article, title="a"), tags("x")
    with disabled(label):
        article.tags.add(tag)
    assert entries() == []


def test_it_says_who_acts_and_is_silent_where_the_owner_is(triggered: Triggered) -> None:
    triggered(Article)
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with audit_context(actor=Actor(ActorKind.USER, "7", "ann")), transaction.atomic():
        with disabled("testapp.Article"):
            article.tags.add(two)
        article.tags.add(one)
    assert entries() == [told("tags", article.pk, [one], [], 1)]
    assert AuditEntry.objects.get().change_set.actor_repr == "ann"


def test_receivers_and_hooks_hear_of_what_django_writes_and_there_is_one_entry(triggered: Triggered) -> None:
    triggered(Article)
    article, (tag,) = make(Article, title="a"), tags("x")
    heard: list[Any] = []
    on_m2m_change(Article, "tags")(lambda event: heard.append(("hook", event.changes["tags"], event.pk)))

    def receive(event: ChangeEvent, **_kwargs: Any) -> None:
        heard.append(("signal", event.changes["tags"], event.pk))

    with connected(relation_changed, receive):
        article.tags.add(tag)
    change = RelationChange((tag,), ())
    assert heard == [("signal", change, article.pk), ("hook", change, article.pk)]
    assert entries() == [told("tags", article.pk, [tag], [], 1)]


@by_triggers
def test_what_other_programs_write_there_reaches_durable_hooks(triggered: Triggered) -> None:
    triggered(Article)
    article, (tag,) = make(Article, title="a"), tags("x")
    heard: list[Any] = []

    @on_m2m_change(Article, "tags", durable=True)
    def tell(event: ChangeEvent) -> None:
        heard.append((event.pk, event.relation, event.changes["tags"], event.instance))

    run_sql(f"INSERT INTO {TAGS} (article_id, tag_id) VALUES ({article.pk}, {tag});")
    assert Feed("default").take() == 1
    Delivery.objects.update(due_at=timezone.now())
    call_command("audit_deliver", database="default", verbosity=0)
    assert heard == [(article.pk, "tags", RelationChange((tag,), ()), article)]


def test_where_rows_name_other_columns_than_keys_djangos_side_tells_of_them(triggered: Triggered) -> None:
    triggered(Shelf)
    shelf, (tag,) = make(Shelf, code="s"), tags("x")
    Shelving.objects.create(shelf=shelf, tag_id="x")
    found = [(entry.object_id, entry.changes, entry.source) for entry in entries()]
    assert found == [(str(shelf.pk), {"tags": {"added": [tag], "removed": []}}, "relation")]


def test_a_masked_relation_stays_with_djangos_side(triggered: Triggered) -> None:
    triggered(Article, mask=["tags"])
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    found = [(entry.changes, entry.source) for entry in entries()]
    assert found == [({"tags": {"added": [{"masked": True}], "removed": []}}, "relation")]


@by_triggers
def test_a_through_model_that_is_registered_has_entries_of_its_own_alone(triggered: Triggered) -> None:
    triggered(Article)
    register(Article.tags.through, capture="triggers")
    triggers.install(connection.alias)
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    assert [(entry.action, entry.model) for entry in entries()] == [("create", "testapp.Article_tags")]


def test_keys_of_a_type_that_only_python_knows_stay_with_djangos_side(triggered: Triggered) -> None:
    triggered(Buyer, m2m=["parcels"])
    buyer, parcel = make(Buyer), make(Parcel, code="a.b")
    buyer.parcels.add(parcel)
    found = [(entry.changes, entry.source) for entry in entries()]
    assert found == [({"parcels": {"added": ["a.b"], "removed": []}}, "relation")]


def test_rows_that_fields_share_are_told_once_whoever_listens_to_the_others(triggered: Triggered) -> None:
    triggered(Buyer, m2m=["visited"])
    buyer, kiosk = make(Buyer), make(Kiosk)
    heard: list[Any] = []
    on_m2m_change(Kiosk, "buyers")(lambda event: heard.append((event.pk, event.changes["buyers"].added)))
    Sale.objects.create(buyer=buyer, kiosk=kiosk)
    found = [(entry.model, entry.changes, entry.source) for entry in entries()]
    assert found == [("testapp.Buyer", {"visited": {"added": [kiosk.pk], "removed": []}}, SOURCE)]
    assert heard == [(kiosk.pk, (buyer.pk,))]


@by_triggers
def test_rows_that_a_proxy_stands_for_have_triggers_once(triggered: Triggered) -> None:
    triggered(Buyer, m2m=["kiosks"])
    buyer, kiosk = make(Buyer), make(Kiosk)
    buyer.kiosks.add(kiosk)
    found = [(entry.changes, entry.source) for entry in entries()]
    assert found == [({"kiosks": {"added": [kiosk.pk], "removed": []}}, SOURCE)]
    tables = [told.table for told in triggers.status(connection.alias)]
    assert tables == ["testapp_buyer", "testapp_sale"]


def test_rows_whose_ends_a_parents_table_holds_are_nobodys(triggered: Triggered) -> None:
    triggered(Buyer, m2m=["bargains"])
    buyer, kiosk = make(Buyer), make(Kiosk)
    Bargain.objects.create(buyer=buyer, kiosk=kiosk)
    assert entries() == []


@by_triggers
def test_their_triggers_are_shown_and_follow_the_options(triggered: Triggered) -> None:
    triggered(Article, m2m=["tags"])
    states = {told.label: told.state for told in triggers.status(connection.alias)}
    assert states == {"testapp.Article": State.UP_TO_DATE, "testapp.Article.tags": State.UP_TO_DATE}
    register(Article, capture="triggers", m2m=[])
    left = {told.table: told.state for told in triggers.status(connection.alias)}
    assert left == {"testapp_article": State.UP_TO_DATE, TAGS: State.LEFT_OVER}
    triggers.install(connection.alias)
    assert [told.table for told in triggers.status(connection.alias)] == ["testapp_article"]


def test_where_they_are_not_up_djangos_side_records_and_raw_sql_is_noticed(
    triggered: Triggered, caplog: pytest.LogCaptureFixture
) -> None:
    triggered(Article)
    triggers.uninstall(connection.alias)
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    article.tags.add(one)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TAGS} (article_id, tag_id) VALUES ({article.pk}, {two})")
    assert entries() == [told("tags", article.pk, [one], [], 1, "relation")]
    assert [record.message for record in caplog.records if TAGS in record.message] != []


@by_triggers
def test_raw_sql_that_they_tell_of_is_not_noticed(
    triggered: Triggered, caplog: pytest.LogCaptureFixture
) -> None:
    triggered(Article)
    article, (tag,) = make(Article, title="a"), tags("x")
    caplog.clear()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TAGS} (article_id, tag_id) VALUES ({article.pk}, {tag})")
    assert entries() == [told("tags", article.pk, [tag], [], 1)]
    assert caplog.records == []
