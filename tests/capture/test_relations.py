"""Many-to-many changes: one entry on the owner for each statement, with just the rows that came and went."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.signals import m2m_changed

from signals_audit import RelationChange, disabled
from signals_audit.models import AuditEntry
from tests.testapp.models import Article, Group, Membership, Person, Shelf, Shelving, Tag

from .log import (
    Entry,
    brief,
    connected,
    created,
    deleted,
    entries,
    first_entry,
    heard,
    image,
    make,
    related,
    statements,
    updated,
)

pytestmark = pytest.mark.django_db


def tags(*names: str) -> list[Tag]:
    return [make(Tag, name=name) for name in names]


def unordered(found: list[Entry]) -> list[Entry]:
    """Sort keys and entries where the database may give rows in any order."""
    for entry in found:
        for change in entry.changes.values():
            change["added"].sort()
            change["removed"].sort()
    return sorted(
        (entry._replace(seq=0) for entry in found), key=lambda entry: (entry.model, entry.object_id)
    )


def test_adding_records_what_was_added() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    article.tags.add(one, two.pk)
    assert unordered(entries()) == [related(article, "tags", 0, added=[one, two])]


def test_adding_twice_records_the_first_time_alone() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    article.tags.add(one)
    article.tags.add(one)
    article.tags.add(one, two)
    assert entries() == [related(article, "tags", added=[one]), related(article, "tags", 2, added=[two])]


def test_adding_again_is_silent_with_a_receiver_of_m2m_changed_too() -> None:
    article, (one,) = make(Article, title="a"), tags("x")
    with connected(m2m_changed, lambda **_kwargs: None, Article.tags.through):
        article.tags.add(one)
        article.tags.add(one)
    assert entries() == [related(article, "tags", added=[one])]


def test_removing_what_was_never_there_writes_nothing() -> None:
    article, (one,) = make(Article, title="a"), tags("x")
    article.tags.remove(one)
    article.tags.clear()
    assert entries() == []


def test_removing_records_what_was_there() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with disabled():
        article.tags.add(one)
    article.tags.remove(one, two)
    assert entries() == [related(article, "tags", removed=[one])]


def test_clearing_records_exactly_what_the_object_had() -> None:
    article, other = make(Article, title="a"), make(Article, title="b")
    one, two, three = tags("x", "y", "z")
    with disabled():
        article.tags.add(one, two)
        other.tags.add(two, three)
    article.tags.clear()
    assert unordered(entries()) == [related(article, "tags", 0, removed=[one, two])]


def test_setting_records_the_difference() -> None:
    article, (one, two, three) = make(Article, title="a"), tags("x", "y", "z")
    with disabled():
        article.tags.add(one, two)
    article.tags.set([two, three])
    assert entries() == [related(article, "tags", removed=[one]), related(article, "tags", 2, added=[three])]


def test_setting_what_is_there_writes_nothing() -> None:
    article, (one,) = make(Article, title="a"), tags("x")
    with disabled():
        article.tags.add(one)
    article.tags.set([one])
    assert entries() == []


def test_setting_with_clear_records_all_that_went_and_came() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with disabled():
        article.tags.add(one)
    article.tags.set([one, two], clear=True)
    first, second = entries()
    assert first == related(article, "tags", removed=[one])
    assert unordered([second]) == [related(article, "tags", 0, added=[one, two])]


def test_a_change_from_the_other_side_is_recorded_on_the_owner() -> None:
    one, two = make(Article, title="a"), make(Article, title="b")
    (tag,) = tags("x")
    tag.articles.add(one, two)
    tag.articles.remove(one)
    tag.articles.clear()
    found = entries()
    assert unordered(found[:2]) == [
        related(one, "tags", 0, added=[tag]),
        related(two, "tags", 0, added=[tag]),
    ]
    assert found[2:] == [related(one, "tags", 3, removed=[tag]), related(two, "tags", 4, removed=[tag])]


def test_creating_through_the_manager_records_the_row_and_the_relation() -> None:
    article = make(Article, title="a")
    tag = article.tags.create(name="x")
    assert entries() == [created(tag), related(article, "tags", 2, added=[tag])]


def test_two_relations_to_one_model_are_kept_apart() -> None:
    article, (tag,) = make(Article, title="a"), tags("x")
    article.picks.add(tag)
    assert entries() == [related(article, "picks", added=[tag])]


def test_a_relation_through_a_proxy_is_recorded_on_the_concrete_model() -> None:
    from tests.testapp.models import PublishedArticle

    make(Article, title="a")
    (tag,) = tags("x")
    article = PublishedArticle.objects.get()
    article.tags.add(tag)
    assert entries() == [related(article, "tags", added=[tag])]


def test_a_symmetrical_relation_is_recorded_on_both_of_its_ends() -> None:
    one, two = make(Person, name="a"), make(Person, name="b")
    one.friends.add(two)
    one.friends.remove(two)
    found = entries()
    assert unordered(found[:2]) == [
        related(one, "friends", 0, added=[two]),
        related(two, "friends", 0, added=[one]),
    ]
    assert unordered(found[2:]) == [
        related(one, "friends", 0, removed=[two]),
        related(two, "friends", 0, removed=[one]),
    ]


def test_a_person_may_be_a_friend_of_themselves() -> None:
    person = make(Person, name="a")
    person.friends.add(person)
    assert entries() == [related(person, "friends", added=[person])]


def test_a_relation_to_the_same_model_that_is_not_symmetrical_has_one_owner() -> None:
    one, two = make(Person, name="a"), make(Person, name="b")
    one.follows.add(two)
    two.followers.remove(one)
    assert entries() == [related(one, "follows", added=[two]), related(one, "follows", 2, removed=[two])]


def test_a_custom_through_model_that_is_audited_has_entries_of_its_own() -> None:
    group, person = make(Group, name="g"), make(Person, name="p")
    group.members.add(person, through_defaults={"role": "chair"})
    membership = Membership.objects.get()
    first = created(membership, source="bulk_create")
    before = image(membership)
    group.members.remove(person)
    assert entries() == [first, deleted(Membership, before, 2)]


@pytest.fixture
def folded(settings: Any) -> None:
    """Have the group audited and its through model not."""
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Group", "testapp.Person", "testapp.Shelf", "testapp.Tag"]}


@pytest.mark.usefixtures("folded")
def test_a_custom_through_model_that_is_not_audited_is_folded_into_its_owner() -> None:
    group, person, other = make(Group, name="g"), make(Person, name="p"), make(Person, name="o")
    group.members.add(person, through_defaults={"role": "chair"})
    other.groups.add(group)
    group.members.set([other])
    assert entries() == [
        related(group, "members", 1, added=[person]),
        related(group, "members", 2, added=[other]),
        related(group, "members", 3, removed=[person]),
    ]


@pytest.mark.usefixtures("folded")
def test_writing_the_through_model_itself_is_folded_in_the_same_way() -> None:
    group, person, other = make(Group, name="g"), make(Person, name="p"), make(Person, name="o")
    membership = Membership.objects.create(group=group, person=person)
    membership.role = "chair"
    membership.save()
    membership.person = other
    membership.save()
    membership.delete()
    assert entries() == [
        related(group, "members", 1, added=[person]),
        related(group, "members", 2, added=[other], removed=[person]),
        related(group, "members", 3, removed=[other]),
    ]


@pytest.mark.usefixtures("folded")
def test_a_through_row_that_moves_to_another_owner_is_recorded_on_both() -> None:
    group, target, person = make(Group, name="g"), make(Group, name="t"), make(Person, name="p")
    make(Membership, group=group, person=person)
    Membership.objects.update(group=target)
    assert unordered(entries()) == [
        related(group, "members", 0, removed=[person]),
        related(target, "members", 0, added=[person]),
    ]


@pytest.mark.usefixtures("folded")
def test_a_second_row_of_the_same_relation_is_recorded_too() -> None:
    group, person = make(Group, name="g"), make(Person, name="p")
    make(Membership, group=group, person=person)
    second = Membership.objects.create(group=group, person=person)
    second.delete()
    assert entries() == [
        related(group, "members", 1, added=[person]),
        related(group, "members", 2, removed=[person]),
    ]


@pytest.mark.usefixtures("folded")
def test_a_through_model_that_points_by_another_column_is_recorded_by_primary_keys() -> None:
    shelf, (tag,) = make(Shelf, code="s"), tags("x")
    Shelving.objects.create(shelf=shelf, tag=tag)
    assert entries() == [related(shelf, "tags", added=[tag])]


def test_only_the_named_relations_are_recorded(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"m2m": ["picks"]}}}
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    article.picks.add(tag)
    assert entries() == [related(article, "picks", added=[tag])]


def test_an_excluded_relation_is_not_recorded(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"exclude": ["tags"]}}}
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    assert entries() == []


def test_a_masked_relation_says_how_many_and_not_which(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": {"testapp.Article": {"mask": ["tags"]}}}
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    article.tags.add(one, two)
    masked = {"masked": True}
    assert [entry.changes for entry in entries()] == [{"tags": {"added": [masked, masked], "removed": []}}]


def test_a_through_model_that_is_registered_itself_has_entries_of_its_own(settings: Any) -> None:
    settings.SIGNALS_AUDIT = {"MODELS": ["testapp.Article", "testapp.Article_tags"]}
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    row = Article.tags.through.objects.get()
    assert entries() == [created(row, source="bulk_create")]


def test_disabling_the_owner_silences_its_relations() -> None:
    article, (tag,) = make(Article, title="a"), tags("x")
    with disabled(Article):
        article.tags.add(tag)
    assert entries() == []


def test_the_entry_names_the_owner_as_people_know_it() -> None:
    article, (tag,) = make(Article, title="a"), tags("x")
    article.tags.add(tag)
    assert AuditEntry.objects.get().object_repr == "a"


def test_the_event_of_a_relation_has_the_keys_and_the_owner() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with heard() as events:
        article.tags.add(one)
        article.tags.set([two])
    assert [event.relation for event in events] == ["tags"] * 3
    assert [event.changes["tags"] for event in events] == [
        RelationChange((one.pk,), ()),
        RelationChange((), (one.pk,)),
        RelationChange((two.pk,), ()),
    ]
    assert [event.instance for event in events] == [article] * 3
    assert [event.model for event in events] == [Article] * 3


def test_adding_stays_one_statement_of_the_projects() -> None:
    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with statements() as plain, disabled():
        article.tags.add(one)
    with statements() as ran:
        article.tags.add(two)
    audit = [statement for statement in ran if "signals_audit" in statement]
    assert [statement for statement in ran if statement not in audit][: len(plain)] == plain
    assert audit == first_entry()


def test_a_many_to_many_form_field_leaves_one_entry_for_each_change() -> None:
    from django.forms import modelform_factory

    article, (one, two) = make(Article, title="a"), tags("x", "y")
    with disabled():
        article.tags.add(one)
    form = modelform_factory(Article, fields=["title", "tags"])(
        {"title": "b", "tags": [two.pk]}, instance=article
    )
    form.save()
    assert entries() == [
        updated(article, {"title": ["a", "b"]}, 1),
        related(article, "tags", 2, removed=[one]),
        related(article, "tags", 3, added=[two]),
    ]


def test_changes_of_a_relation_carry_keys_that_are_not_numbers_with_their_type() -> None:
    article, (one,) = make(Article, title="a"), tags("x")
    article.tags.add(str(one.pk))
    assert brief() == [("update", "Article", str(article.pk))]
    assert entries()[0].changes == {"tags": {"added": [one.pk], "removed": []}}
