"""Fixtures: what `loaddata` writes is recorded like any other write, and events say that it was a fixture."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from signals_audit import disabled
from signals_audit.models import AuditEntry
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Group,
    Membership,
    Person,
    Place,
    Restaurant,
    Seat,
    Tag,
)

from .log import brief, created, entries, heard, image, make, orphans, related, updated

pytestmark = pytest.mark.django_db


def article(**values: Any) -> Article:
    """Make an article whose time a fixture can hold: JSON keeps milliseconds."""
    made = make(Article, **values)
    with disabled():
        Article.objects.filter(pk=made.pk).update(
            created=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
        )
    return made


def dump(path: Path, *labels: str) -> str:
    file = path / "data.json"
    call_command("dumpdata", *labels, output=str(file), verbosity=0)
    return str(file)


def load(file: str) -> None:
    call_command("loaddata", file, verbosity=0)


def test_rows_and_relations_of_a_fixture_are_recorded(tmp_path: Path) -> None:
    author, tag = make(Author, name="n"), make(Tag, name="t")
    loaded = make(Article, title="a", author=author, meta={"k": 1})
    with disabled():
        loaded.tags.add(tag)
    file = dump(tmp_path, "testapp.Author", "testapp.Tag", "testapp.Article")
    with disabled():
        for model in (Article, Author, Tag):
            model.objects.all().delete()
    with heard() as events:
        load(file)
    assert entries() == [
        created(author, 1),
        created(tag, 2),
        created(loaded, 3),
        related(loaded, "tags", 4, added=[tag]),
    ]
    assert [event.raw for event in events[:3]] == [True, True, True]
    assert orphans() == []


def test_loading_a_fixture_again_writes_nothing(tmp_path: Path) -> None:
    tag = make(Tag, name="t")
    with disabled():
        article(title="a").tags.add(tag)
    load(dump(tmp_path, "testapp.Tag", "testapp.Article"))
    assert entries() == []


def test_a_fixture_over_existing_rows_records_what_it_changes(tmp_path: Path) -> None:
    one, two = make(Tag, name="x"), make(Tag, name="y")
    changed = article(title="a", views=1)
    with disabled():
        changed.tags.add(one)
    file = dump(tmp_path, "testapp.Article")
    with disabled():
        Article.objects.update(title="b", views=2)
        changed.tags.set([two])
    load(file)
    assert entries() == [
        updated(changed, {"title": ["b", "a"], "views": [2, 1]}, 1),
        related(changed, "tags", 2, removed=[two]),
        related(changed, "tags", 3, added=[one]),
    ]


def test_a_child_in_a_fixture_is_recorded_on_each_of_its_tables(tmp_path: Path) -> None:
    bistro = make(Bistro, name="a", stars=2)
    file = dump(tmp_path, "testapp.Place", "testapp.Restaurant", "testapp.Bistro")
    with disabled():
        bistro.delete()
    load(file)
    bistro = Bistro.objects.get()
    found = [entry._replace(seq=0) for entry in entries()]
    assert len(found) == 3
    for model in (Place, Restaurant, Bistro):
        assert created(bistro, 0, model=model) in found


def test_keys_and_through_rows_of_every_kind_are_recorded(tmp_path: Path) -> None:
    person, group = make(Person, name="p"), make(Group, name="g")
    make(Membership, person=person, group=group, role="chair")
    make(Seat, row="A", number=1)
    file = dump(tmp_path, "testapp.Person", "testapp.Group", "testapp.Membership", "testapp.Seat")
    with disabled():
        for model in (Membership, Group, Person, Seat):
            model.objects.all().delete()
    load(file)
    keys = {(action, model): key for action, model, key in brief()}
    assert keys == {
        ("create", "Person"): str(person.pk),
        ("create", "Group"): str(group.pk),
        ("create", "Membership"): str(Membership.objects.get().pk),
        ("create", "Seat"): '["A",1]',
    }


def test_a_fixture_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    rows = [
        {"model": "testapp.tag", "pk": 1, "fields": {"name": "t"}},
        {"model": "testapp.tag", "pk": "not a number", "fields": {"name": "u"}},
    ]
    file.write_text(json.dumps(rows))
    with pytest.raises(Exception, match=r"(?i)problem|deserial|number"):
        load(str(file))
    assert (entries(), orphans(), Tag.objects.count()) == ([], [], 0)


def test_the_log_itself_can_be_dumped_and_loaded(tmp_path: Path) -> None:
    logged = Article.objects.create(title="a", meta={"k": [1.5, None]})
    before = entries()
    file = dump(tmp_path, "signals_audit")
    AuditEntry.objects.all().delete()
    assert entries() == []
    load(file)
    assert entries() == before
    assert before[0].changes == {name: [None, value] for name, value in image(logged).items()}
