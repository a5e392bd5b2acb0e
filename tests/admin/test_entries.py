"""The list of entries and the page of one: to be read, quick at any size, changed by nobody."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from signals_audit import audit_context, disabled
from signals_audit.models import AuditEntry, ChangeSet
from signals_audit.registry import registry
from tests.factories import AuditEntryFactory, ChangeSetFactory, UserFactory
from tests.testapp.models import Author

from .pages import ENTRIES, as_staff, queries_of, read, rows, statements, text

pytestmark = pytest.mark.django_db

PER_PAGE = 50


def ids(response: object) -> list[int]:
    """Return the ids of the entries on a page, from the links to their pages."""
    html = response.content.decode()  # type: ignore[attr-defined]
    return [int(found) for found in re.findall(rf'class="sa-when"><a href="{ENTRIES}(\d+)/change/"', html)]


# What is shown


def test_the_list_says_who_did_what_to_which_object_and_why(browser: Client) -> None:
    with disabled():
        ada, author = UserFactory(username="ada"), Author.objects.create(name="Ada")
    change_set = ChangeSetFactory(actor_id=str(ada.pk), correlation_id="3f0c", created_at=timezone.now())
    entry = AuditEntryFactory(
        change_set=change_set, object_id=str(author.pk), object_repr="Countess",
        caused_by="blog.audit.rename", caused_by_change_set=uuid.UUID(int=7),
    )  # fmt: skip
    page = browser.get(ENTRIES)
    (row,) = rows(page)
    assert "ada changed Countess Author · history Countess name : removed Ada → added Ada Lovelace" in row
    assert row.endswith("blog.audit.rename 3f0c show only this request")
    assert (
        read(page).links.items()
        >= {
            "ada": f"/admin/auth/user/{ada.pk}/change/",
            "Countess": f"/admin/testapp/author/{author.pk}/change/",
            "history": f"/admin/testapp/author/{author.pk}/history/",
            "blog.audit.rename": f"{ENTRIES}?change_set={uuid.UUID(int=7)}",
            "3f0c": f"{ENTRIES}?correlation_id=3f0c",
        }.items()
    )
    assert ids(page) == [entry.pk]


def test_a_summary_of_many_rows_names_them_and_links_to_no_single_object(browser: Client) -> None:
    entry = AuditEntryFactory(
        object_id="", object_repr="2 authors", changes={"name": {"before": {"1": "a", "2": "b"}, "after": {}}}
    )
    page = browser.get(ENTRIES)
    (row,) = rows(page)
    assert "changed 2 authors Author name : removed 2 different values" in row
    assert not any("/testapp/author/" in target for target in read(page).links.values())
    assert "1: a" in browser.get(f"{ENTRIES}{entry.pk}/change/").content.decode()


def test_times_are_marked_up_with_their_exact_value(browser: Client) -> None:
    entry = AuditEntryFactory()
    html = browser.get(ENTRIES).content.decode()
    assert (
        f'datetime="{entry.created_at.isoformat()}" title="{entry.created_at:%Y-%m-%d %H:%M:%S} UTC"' in html
    )


@pytest.mark.parametrize(
    ("kind", "label", "shown"),
    [
        ("user", "ada", "ada changed"),
        ("command", "import_posts", "command: import_posts changed"),
        ("anonymous", "anonymous", "anonymous changed"),
        ("system", "", "system changed"),
        ("receiver", "billing.audit.create", "receiver: billing.audit.create changed"),
    ],
)
def test_actors_who_are_no_users_say_what_they_are(
    browser: Client, kind: str, label: str, shown: str
) -> None:
    AuditEntryFactory(change_set=ChangeSetFactory(actor_kind=kind, actor_id="", actor_repr=label))
    (row,) = rows(browser.get(ENTRIES))
    assert shown in row


def test_masked_empty_and_absent_values_look_different(browser: Client) -> None:
    AuditEntryFactory(changes={"password": [{"masked": True}, {"masked": True}], "name": [None, ""]})
    (row,) = rows(browser.get(ENTRIES))
    assert "password : removed ••• secret value → added ••• secret value" in row
    assert "name : removed — no value → added “” empty text" in row


def test_a_line_holds_three_changes_and_says_how_many_more_there_are(browser: Client) -> None:
    AuditEntryFactory(changes={f"field{number}": [1, 2] for number in range(5)})
    (row,) = rows(browser.get(ENTRIES))
    assert "field2 : removed 1 → added 2 and 2 more" in row
    assert "field3" not in row


def test_an_entry_outlives_its_user_its_object_its_model_and_its_change_set(browser: Client) -> None:
    AuditEntryFactory(object_id="99", change_set=ChangeSetFactory(actor_id="99", actor_repr="grace"))
    AuditEntryFactory(model="shop.Order", object_repr="Order 7")
    AuditEntryFactory(model="nonsense", object_id="x", object_repr="")
    lost = AuditEntryFactory(change_set=ChangeSetFactory(actor_id="5"))
    ChangeSet.objects.filter(pk=lost.change_set_id).delete()
    page = browser.get(ENTRIES)
    shown = rows(page)
    assert [row.split("changed")[0].split()[-1] for row in shown] == ["5", "ada", "ada", "grace"]
    assert "nonsense x nonsense" in shown[1]
    assert "Order 7 shop.Order" in shown[2]
    links = read(page).links
    assert "grace" not in links
    assert not [href for href in links.values() if "/admin/testapp/author/99/change/" in href]
    for entry in AuditEntry.objects.all():
        assert browser.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200


def test_an_empty_log_says_what_will_fill_it(browser: Client) -> None:
    assert "No entries yet: they appear here as soon as an audited object changes." in text(
        browser.get(ENTRIES)
    )


@override_settings(SIGNALS_AUDIT={"MODELS": []})
def test_an_empty_log_without_audited_models_says_how_to_name_some(browser: Client) -> None:
    assert not registry.models()
    assert 'No model is audited yet: name some in SIGNALS_AUDIT["MODELS"].' in text(browser.get(ENTRIES))


def test_an_empty_result_offers_to_show_everything(browser: Client) -> None:
    AuditEntryFactory()
    page = browser.get(f"{ENTRIES}?action__exact=delete")
    assert "No entries match. Show all entries" in text(page)
    assert read(page).links["Show all entries"] == "?"


# Pages


def test_pages_go_back_through_every_entry_once_and_forth_again(browser: Client) -> None:
    everything = sorted(
        (entry.pk for entry in AuditEntryFactory.create_batch(2 * PER_PAGE + 7)), reverse=True
    )
    first = browser.get(ENTRIES)
    assert ids(first) == everything[:PER_PAGE]
    assert set(read(first).links) & {"Newest", "Newer", "Older"} == {"Older"}
    second = browser.get(ENTRIES + read(first).links["Older"])
    assert ids(second) == everything[PER_PAGE : 2 * PER_PAGE]
    third = browser.get(ENTRIES + read(second).links["Older"])
    assert ids(third) == everything[2 * PER_PAGE :]
    assert set(read(third).links) & {"Newest", "Newer", "Older"} == {"Newest", "Newer"}
    assert ids(browser.get(ENTRIES + read(third).links["Newer"])) == ids(second)
    assert ids(browser.get(ENTRIES + read(second).links["Newer"])) == ids(first)
    assert ids(browser.get(ENTRIES + read(third).links["Newest"])) == ids(first)


def test_the_pages_of_a_period_are_in_the_order_of_time(browser: Client) -> None:
    start = timezone.now() - timedelta(days=3)
    # The clock went back once, and stood still for some entries.
    minutes = [*range(40), *range(20, 60), *([60] * 70)]
    entries = [AuditEntryFactory(created_at=start + timedelta(minutes=minute)) for minute in minutes]
    AuditEntryFactory(created_at=start - timedelta(days=900))
    expected = [
        entry.pk for entry in sorted(entries, key=lambda entry: (entry.created_at, entry.pk), reverse=True)
    ]
    link = read(browser.get(ENTRIES)).links["Past 7 days"]
    seen: list[int] = []
    for _page in range(3):
        page = browser.get(ENTRIES + link)
        seen += ids(page)
        link = read(page).links.get("Older", "")
    assert seen == expected
    assert not link
    newer = browser.get(ENTRIES + read(page).links["Newer"])
    assert ids(newer) == expected[PER_PAGE : 2 * PER_PAGE]
    AuditEntry.objects.filter(pk=expected[PER_PAGE - 1]).delete()
    assert browser.get(ENTRIES + read(newer).links["Older"]).status_code == 200


def test_entries_that_arrive_meanwhile_move_no_page(browser: Client) -> None:
    AuditEntryFactory.create_batch(PER_PAGE + 5)
    older = read(browser.get(ENTRIES)).links["Older"]
    before = ids(browser.get(ENTRIES + older))
    AuditEntryFactory.create_batch(3)
    assert ids(browser.get(ENTRIES + older)) == before


def test_pages_keep_the_filters(browser: Client) -> None:
    deleted = AuditEntryFactory.create_batch(PER_PAGE + 1, action="delete")
    AuditEntryFactory.create_batch(5)
    first = browser.get(f"{ENTRIES}?action__exact=delete")
    older = read(first).links["Older"]
    assert older == f"?action__exact=delete&before={deleted[1].pk}"
    second = browser.get(ENTRIES + older)
    assert ids(second) == [deleted[0].pk]
    assert read(second).links["Newer"] == f"?action__exact=delete&after={deleted[0].pk}"
    assert read(second).links["create"] == "?action__exact=create"


@pytest.mark.parametrize("position", ["abc", "-1", "1e3", "", "9" * 30, "٣", "0x1", "1;drop"])
@pytest.mark.parametrize("name", ["before", "after"])
def test_a_position_that_is_none_leads_to_the_first_page(browser: Client, name: str, position: str) -> None:
    page = browser.get(ENTRIES, {name: position})
    assert page.status_code == 302
    assert page["Location"] == f"{ENTRIES}?e=1"


def test_positions_beyond_the_ends_show_what_is_there(browser: Client) -> None:
    entry = AuditEntryFactory()
    assert ids(browser.get(f"{ENTRIES}?before={2**63 - 1}")) == [entry.pk]
    assert ids(browser.get(f"{ENTRIES}?after={2**63 - 1}")) == [entry.pk]
    assert ids(browser.get(f"{ENTRIES}?after=0")) == [entry.pk]
    assert ids(browser.get(f"{ENTRIES}?before=0")) == []


# Statements


def test_a_page_takes_the_same_statements_for_five_entries_and_for_sixty(browser: Client) -> None:
    with disabled():
        authors = [Author.objects.create(name=f"author {number}") for number in range(60)]
        users = UserFactory.create_batch(60)

    def fill(start: int, end: int) -> None:
        for author, user in zip(authors[start:end], users[start:end], strict=True):
            change_set = ChangeSetFactory(actor_id=str(user.pk), actor_repr=user.username)
            changes = {"author": [None, author.pk], "tags": {"added": [author.pk], "removed": []}}
            AuditEntryFactory(
                change_set=change_set, model="testapp.Article", object_id=str(author.pk), changes=changes
            )

    fill(0, 5)
    five = statements(browser, ENTRIES)
    fill(5, 60)
    sixty = statements(browser, ENTRIES)
    assert len(sixty) == len(five)
    assert len([sql for sql in sixty if "signals_audit" in sql]) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?action__exact=update",
        "?model=testapp.Author&object_id=1",
        "?actor=1",
        "?correlation_id=a",
        "?change_set=00000000-0000-0000-0000-000000000001",
        "?before=70",
        "?after=2",
        "?q=something&o=1.2&p=3&all=",
    ],
)
def test_no_page_counts_skips_or_searches(browser: Client, query: str) -> None:
    AuditEntryFactory.create_batch(PER_PAGE + 5)
    for sql in statements(browser, ENTRIES + query):
        assert not re.search(r"COUNT\(|DISTINCT|OFFSET|LIKE", sql), sql
        if 'FROM "signals_audit_auditentry"' in sql:
            assert f"LIMIT {PER_PAGE + 1}" in sql


# Filters


def test_filters_find_their_entries(browser: Client) -> None:
    now = timezone.now()
    request = ChangeSetFactory(correlation_id="r1", actor_id="7")
    in_request = [AuditEntryFactory(change_set=request, object_id="5", seq=seq).pk for seq in (1, 2)]
    again = AuditEntryFactory(
        change_set=ChangeSetFactory(correlation_id="r1", actor_id="8"), model="testapp.Tag", object_id="5"
    ).pk
    old = AuditEntryFactory(created_at=now - timedelta(days=400), action="delete", model="shop.Order").pk

    def found(query: str) -> list[int]:
        return sorted(ids(browser.get(ENTRIES + query)))

    assert found("?action__exact=delete") == [old]
    assert found("?model=testapp.Tag") == [again]
    assert found("?model=shop.Order") == [old]
    assert found("?model=testapp.Author&object_id=5") == in_request
    assert found("?object_id=5") == sorted([*in_request, again])
    assert found("?actor=7") == in_request
    assert found("?correlation_id=r1") == sorted([*in_request, again])
    assert found(f"?change_set={request.pk}") == in_request
    assert found("?change_set=nonsense") == []
    assert found("?correlation_id=%00") == []
    links = read(browser.get(ENTRIES)).links
    assert found(links["Today"]) == sorted([*in_request, again])
    assert found(links["Past 7 days"]) == sorted([*in_request, again])


def test_filters_that_are_on_can_be_taken_away_one_by_one(browser: Client) -> None:
    AuditEntryFactory(model="shop.Order", object_id="7")
    page = browser.get(f"{ENTRIES}?model=shop.Order&object_id=7&action__exact=update")
    assert "action update × remove this filter model shop.Order × remove this filter object id 7 ×" in text(
        page
    )
    html = page.content.decode()
    assert html.count('class="sa-chip-value"') == 3
    assert '<a href="?model=shop.Order&amp;object_id=7">' in html


def test_the_models_to_filter_by_are_the_audited_ones(browser: Client) -> None:
    links = read(browser.get(ENTRIES)).links
    assert links["Author"] == "?model=testapp.Author"
    assert links["User"] == "?model=auth.User"
    assert "Session" not in links


@override_settings(SIGNALS_AUDIT={"MODELS": {"testapp.Author": {"previously": ["shop.Writer"]}}})
def test_a_renamed_model_is_filtered_with_its_former_labels(browser: Client) -> None:
    former = AuditEntryFactory(model="shop.Writer")
    entry = AuditEntryFactory(model="testapp.Author")
    page = browser.get(f"{ENTRIES}?model=testapp.Author")
    assert ids(page) == [entry.pk, former.pk]
    assert [row.count("Author") > 0 for row in rows(page)] == [True, True]


@pytest.mark.parametrize(
    "query",
    ["changes__contains=x", "change_set__reason=x", "object_repr__icontains=x", "id__in=1,2", "source=save"],
)
def test_columns_without_an_index_cannot_be_searched_through_the_address(browser: Client, query: str) -> None:
    assert browser.get(f"{ENTRIES}?{query}").status_code == 400


# Databases


@pytest.mark.django_db(databases=["default", "other"])
def test_each_database_has_a_log_of_its_own(browser: Client) -> None:
    with disabled():
        Author.objects.create(pk=5, name="Here")
    here = AuditEntryFactory(object_id="5", object_repr="Here")
    with audit_context(correlation_id="r1"):
        Author.objects.using("other").create(pk=5, name="There")
        Author.objects.using("other").create(pk=6, name="And there")
    there = AuditEntry.objects.using("other").get(object_id="5")
    page = browser.get(ENTRIES)
    assert ids(page) == [here.pk]
    other = browser.get(ENTRIES + read(page).links["other"])
    assert ["There" in row for row in rows(other)] == [False, True]
    assert "/admin/testapp/author/5/change/" not in other.content.decode(), "that is another row"
    links = read(other).links
    assert links["r1"] == f"{ENTRIES}?correlation_id=r1&database=other"
    assert len(rows(browser.get(links["r1"]))) == 2
    entry = text(browser.get(f"{ENTRIES}{there.pk}/change/?database=other"))
    assert "created There" in entry
    assert "Other changes of the same transaction" in entry
    assert "created And there" in entry


@pytest.mark.parametrize("alias", ["nonsense", "x' --"])
def test_an_unknown_database_has_no_entries(browser: Client, alias: str) -> None:
    entry = AuditEntryFactory()
    assert rows(browser.get(ENTRIES, {"database": alias})) == []
    assert browser.get(f"{ENTRIES}{entry.pk}/change/", {"database": alias}).status_code == 404


# Permissions


@pytest.fixture
def entry(db: None) -> AuditEntry:
    return AuditEntryFactory()


def test_an_auditor_who_may_only_view_entries_reads_them(entry: AuditEntry) -> None:
    auditor = as_staff("signals_audit.view_auditentry")
    page = auditor.get(ENTRIES)
    assert ids(page) == [entry.pk]
    assert "Ada" not in read(page).links, "no links to pages that the auditor may not open"
    assert auditor.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200


def test_staff_without_the_permission_read_nothing(entry: AuditEntry) -> None:
    other = as_staff("testapp.view_author")
    assert other.get(ENTRIES).status_code == 403
    assert other.get(f"{ENTRIES}{entry.pk}/change/").status_code == 403


def test_nobody_adds_changes_or_deletes_not_even_a_superuser(browser: Client, entry: AuditEntry) -> None:
    for page in ("add/", f"{entry.pk}/delete/"):
        assert browser.get(ENTRIES + page).status_code == 403
        assert browser.post(ENTRIES + page, {"post": "yes"}).status_code == 403
    assert browser.post(f"{ENTRIES}{entry.pk}/change/", {"object_repr": "forged"}).status_code == 403
    browser.post(ENTRIES, {"action": "delete_selected", "_selected_action": [entry.pk]})
    browser.post(
        ENTRIES, {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": entry.pk, "_save": "1"}
    )
    assert AuditEntry.objects.get() == entry
    assert AuditEntry.objects.get().object_repr == "Ada"
    assert not {"input", "select", "textarea"} & set(read(browser.get(f"{ENTRIES}{entry.pk}/change/")).tags)
    assert "Add" not in read(browser.get("/admin/")).links or "/auditentry/add/" not in str(
        read(browser.get("/admin/")).links
    )


def test_reading_writes_nothing(browser: Client, entry: AuditEntry) -> None:
    addresses = (ENTRIES, f"{ENTRIES}{entry.pk}/change/", "/admin/testapp/author/1/history/")
    for address in addresses:
        browser.get(address)
        for sql in queries_of(lambda address=address: browser.get(address)):
            assert sql.startswith("SELECT"), sql


# One entry


def test_an_entry_page_tells_everything(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    change_set = ChangeSetFactory(
        actor_id="99", reason="A reader\nfound it", correlation_id="3f0c", path="/posts/?page=2",
        remote_addr="2001:db8::7", extra={"ticket": 17},
    )  # fmt: skip
    entry = AuditEntryFactory(
        change_set=change_set, object_id=str(author.pk), source="bulk_create", using="archive",
        changes={"name": ["Ada", "Ada Lovelace"], "secret": [{"masked": True}, {"masked": True}]},
    )  # fmt: skip
    page = browser.get(f"{ENTRIES}{entry.pk}/change/")
    shown = text(page)
    for part in (
        "ada changed Ada",
        "A reader found it",
        "name removed Ada added Ada Lovelace",
        "secret removed ••• secret value added ••• secret value",
        "From 2001:db8::7",
        "Path /posts/?page=2",
        "Request 3f0c",
        "ticket 17",
        f"testapp.Author {author.pk}",
        "Written by bulk_create (database archive )",
        f"Change set {change_set.pk} , 1",
    ):
        assert part in shown
    assert f"<title>Audit entry {entry.pk} | Django site admin</title>" in page.content.decode()


def test_an_entry_page_shows_the_whole_of_a_long_value(browser: Client) -> None:
    long = "Signals are sent. " * 200 + "The end."
    entry = AuditEntryFactory(changes={"name": ["", long]})
    assert "The end." in text(browser.get(f"{ENTRIES}{entry.pk}/change/"))
    assert "The end." not in text(browser.get(ENTRIES))


def test_an_entry_page_shows_the_rest_of_its_change_set(browser: Client) -> None:
    change_set = ChangeSetFactory()
    first, second = (AuditEntryFactory(change_set=change_set, seq=seq) for seq in (1, 2))
    AuditEntryFactory(object_repr="Somebody else")
    html = browser.get(f"{ENTRIES}{first.pk}/change/").content.decode()
    assert "Other changes of the same transaction" in html
    assert f"{ENTRIES}{second.pk}/change/" in html
    assert "Somebody else" not in html


def test_an_entry_page_shows_its_causes_and_effects(browser: Client) -> None:
    def caused(cause: AuditEntry | None, name: str) -> AuditEntry:
        because = {}
        if cause is not None:
            because = {
                "caused_by_change_set": cause.change_set_id,
                "caused_by_seq": cause.seq,
                "caused_by": "hook",
            }
        return AuditEntryFactory(
            change_set=ChangeSetFactory(correlation_id="r1"), object_repr=name, **because
        )

    user = caused(None, "User")
    profile = caused(user, "Profile")
    invoice = caused(profile, "Invoice")
    caused(user, "Note")
    unrelated = caused(None, "Unrelated")

    def chain(entry: AuditEntry) -> list[str]:
        shown = text(browser.get(f"{ENTRIES}{entry.pk}/change/"))
        if "Causes and effects" not in shown:
            return []
        return re.findall(r"changed (\w+) Author", shown.split("Causes and effects")[1])

    assert chain(user) == ["User", "Profile", "Invoice", "Note"]
    assert chain(profile) == ["User", "Profile", "Invoice"]
    assert chain(invoice) == ["User", "Profile", "Invoice"]
    assert chain(unrelated) == []


def test_a_chain_that_bites_its_tail_ends(browser: Client) -> None:
    sets = [ChangeSetFactory(correlation_id="r1") for _ in range(2)]
    entries = [
        AuditEntryFactory(change_set=own, caused_by="hook", caused_by_change_set=other.pk, caused_by_seq=1)
        for own, other in (sets, sets[::-1])
    ]
    lone = AuditEntryFactory(change_set=ChangeSetFactory())
    AuditEntry.objects.filter(pk=lone.pk).update(caused_by_change_set=lone.change_set_id, caused_by_seq=1)
    for entry in [*entries, lone]:
        assert browser.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200


def test_a_cause_outside_of_the_request_is_found(browser: Client) -> None:
    cause = AuditEntryFactory(object_repr="The cause", change_set=ChangeSetFactory(correlation_id="earlier"))
    entry = AuditEntryFactory(
        caused_by="task", caused_by_change_set=cause.change_set_id, caused_by_seq=cause.seq
    )
    assert "changed The cause Author" in text(browser.get(f"{ENTRIES}{entry.pk}/change/"))


def test_an_entry_page_takes_the_same_statements_however_much_hangs_on_it(browser: Client) -> None:
    change_set = ChangeSetFactory(correlation_id="r1")
    entry = AuditEntryFactory(change_set=change_set)
    address = f"{ENTRIES}{entry.pk}/change/"
    AuditEntryFactory(change_set=change_set, seq=2, caused_by_change_set=change_set.pk, caused_by_seq=1)
    few = statements(browser, address)
    for number in range(3, 60):
        AuditEntryFactory(
            change_set=ChangeSetFactory(correlation_id="r1"), seq=number, object_id=str(number),
            caused_by_change_set=change_set.pk, caused_by_seq=1,
        )  # fmt: skip
    assert len(statements(browser, address)) == len(few)


@pytest.mark.parametrize("key", ["12345", "abc", "_00", "99999999999999999999999"])
def test_an_entry_that_is_not_there_is_not_found(browser: Client, key: str) -> None:
    assert browser.get(f"{ENTRIES}{key}/change/").status_code == 404


STRANGE_CHANGES = [
    {},
    [],
    "text",
    5,
    {"name": 5},
    {"name": []},
    {"name": [1, 2, 3]},
    {"name": {}},
    {"name": [{"decimal": "x"}, {"nonsense": 1}]},
    {"name": [{"a": 1, "b": 2}, [1]]},
]


@pytest.mark.parametrize("changes", STRANGE_CHANGES)
@pytest.mark.parametrize("action", ["create", "update", "delete", "archive"])
def test_entries_of_another_shape_are_shown_all_the_same(
    browser: Client, changes: object, action: str
) -> None:
    entry = AuditEntryFactory(changes=changes, action=action[:8])
    AuditEntryFactory(change_set=entry.change_set, seq=2)
    assert len(rows(browser.get(ENTRIES))) == 2
    assert browser.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200
    assert browser.get("/admin/testapp/author/1/history/").status_code == 200
