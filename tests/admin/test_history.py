"""The History button of audited models shows the audit history: same address, same button."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client, override_settings

from signals_audit import audit_context, disabled
from signals_audit.admin import install_history
from signals_audit.models import AuditEntry
from tests.factories import AuditEntryFactory, ChangeSetFactory
from tests.testapp.models import Article, Author, Country, Person, Restaurant, Rude, Tag, Ticket, Unaudited

from .pages import ENTRIES, as_staff, read, statements, text

pytestmark = pytest.mark.django_db

ARTICLES = "/admin/testapp/article/"
AUTHORS = "/admin/testapp/author/"
EVERYTHING = ("signals_audit.view_auditentry", "testapp.view_author")


def cards(response: object) -> int:
    return response.content.decode().count('<li class="sa-card">')  # type: ignore[attr-defined]


def history(browser: Client, author: Author) -> str:
    return text(browser.get(f"{AUTHORS}{author.pk}/history/"))


def test_the_button_on_an_objects_page_leads_to_its_audit_history(browser: Client) -> None:
    author = Author.objects.create(name="Ada")
    author.name = "Ada Lovelace"
    author.save()
    button = read(browser.get(f"{AUTHORS}{author.pk}/change/")).links["History"]
    assert button == f"{AUTHORS}{author.pk}/history/"
    page = browser.get(button)
    assert "Change history: Ada Lovelace" in text(page)
    assert "name removed Ada added Ada Lovelace" in text(page)
    assert cards(page) == 1, "created and changed by one context in one transaction"


def test_one_submitted_form_is_one_card(browser: Client, superuser: User) -> None:
    with disabled():
        tags = [Tag.objects.create(name=name) for name in ("old", "new")]
        article = Article.objects.create(title="Signals")
        article.tags.add(tags[0])
    response = browser.post(
        f"{ARTICLES}{article.pk}/change/",
        {"title": "Signals in Django", "views": 0, "price": "0", "status": "published", "is_open": "on",
         "token": str(article.token), "meta": "{}", "tags": [tags[1].pk]},
    )  # fmt: skip
    assert response.status_code == 302, text(response)
    page = browser.get(f"{ARTICLES}{article.pk}/history/")
    assert cards(page) == 1
    shown = text(page)
    assert "root changed Signals in Django" in shown
    assert "title removed Signals added Signals in Django" in shown
    assert "status removed Draft added Published" in shown
    assert f"tags − removed old ({tags[0].pk}) + added new ({tags[1].pk})" in shown
    assert page.content.decode().count('<table class="sa-changes">') == 1
    assert f"{ARTICLES}{article.pk}/change/" in shown, "the path of the request"


def test_values_that_change_twice_in_one_request_are_both_told(browser: Client) -> None:
    with audit_context(correlation_id="r1"):
        author = Author.objects.create(name="first")
        author.name = "second"
        author.save()
        author.name = "third"
        author.save()
    page = browser.get(f"{AUTHORS}{author.pk}/history/")
    assert cards(page) == 1
    shown = text(page)
    assert shown.index("removed second added third") < shown.index("removed first added second")
    assert shown.count("created") == 1


def test_changes_of_different_people_or_requests_are_cards_of_their_own(browser: Client) -> None:
    author = Author.objects.create(name="0")
    for actor, correlation_id in (("a", "r1"), ("b", "r1"), ("b", "r2"), ("b", ""), ("b", "")):
        with audit_context(actor=actor, correlation_id=correlation_id):
            author.name += "x"
            author.save()
    page = browser.get(f"{AUTHORS}{author.pk}/history/")
    # The last two are one: where there is no request, a card is a change set, and a test is one transaction.
    assert cards(page) == AuditEntry.objects.values("change_set").distinct().count() == 5


def test_a_card_names_what_else_the_request_changed(browser: Client) -> None:
    with audit_context(correlation_id="r1", reason="spring cleaning", remote_addr="192.0.2.7"):
        author = Author.objects.create(name="Ada")
        Article.objects.create(title="Signals", author=author)
    with audit_context(correlation_id="r2"):
        Article.objects.create(title="Another")
    shown = history(browser, author)
    assert "spring cleaning" in shown
    assert "192.0.2.7" in shown
    assert "1 other change in the same request" in shown
    assert "created Signals Article · history" in shown
    assert "Another" not in shown


def test_an_object_without_entries_says_so(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    assert "Nothing has been recorded about this object yet." in history(browser, author)


def test_a_deleted_object_still_has_its_history(browser: Client) -> None:
    author = Author.objects.create(name="Ada")
    key = author.pk
    author.delete()
    page = browser.get(f"{AUTHORS}{key}/history/")
    shown = text(page)
    assert "Change history: Ada This object does not exist any more." in shown
    assert cards(page) == 1, "created and deleted by one context in one transaction"
    assert "deleted Ada" in shown
    assert "Admin log" not in shown
    assert f'href="{AUTHORS}{key}/change/"' not in page.content.decode()


def test_a_key_that_never_was_leads_where_django_leads(browser: Client) -> None:
    for key in ("99", "nonsense", "_00", "99999999999999999999999"):
        page = browser.get(f"{AUTHORS}{key}/history/")
        assert (page.status_code, page["Location"]) == (302, "/admin/"), key


@pytest.mark.parametrize(
    ("permissions", "shown"),
    [
        (("signals_audit.view_auditentry", "testapp.view_author"), "audit"),
        (("signals_audit.view_auditentry", "testapp.change_author"), "audit"),
        (("testapp.view_author",), "django"),
        (("signals_audit.view_auditentry",), 403),
        ((), 403),
    ],
)
def test_both_permissions_are_needed_and_without_ours_djangos_own_log_remains(
    permissions: tuple[str, ...], shown: object
) -> None:
    author = Author.objects.create(name="Ada")
    page = as_staff(*permissions).get(f"{AUTHORS}{author.pk}/history/")
    if shown == 403:
        assert page.status_code == 403
    else:
        assert ("sa-timeline" in page.content.decode()) is (shown == "audit")
        assert page.status_code == 200


def test_of_a_deleted_object_only_those_who_may_view_its_model_read(browser: Client) -> None:
    author = Author.objects.create(name="Ada")
    address = f"{AUTHORS}{author.pk}/history/"
    author.delete()
    assert as_staff(*EVERYTHING).get(address).status_code == 200
    assert as_staff("signals_audit.view_auditentry").get(address).status_code == 403
    assert as_staff("testapp.view_author").get(address).status_code == 302


def test_an_object_that_the_admin_hides_is_not_shown_as_deleted(browser: Client) -> None:
    author = Author.objects.create(name="Hidden")
    page = browser.get(f"{AUTHORS}{author.pk}/history/")
    assert (page.status_code, page["Location"]) == (302, "/admin/")


def test_links_lead_only_where_the_reader_may_go() -> None:
    with audit_context(correlation_id="r1"):
        author = Author.objects.create(name="Ada")
        Article.objects.create(title="Signals")
    links = read(as_staff(*EVERYTHING).get(f"{AUTHORS}{author.pk}/history/")).links
    assert "Signals" not in links
    assert not [href for href in links.values() if href.startswith((ARTICLES, "/admin/auth/"))]


def test_objects_that_values_point_to_are_named_to_those_who_may_view_them(browser: Client) -> None:
    with disabled():
        ada, gone = Author.objects.create(name="Ada"), Author.objects.create(name="Gone")
        secret, article = (
            Author.objects.create(name="Hidden"),
            Article.objects.create(title="Signals", author=gone),
        )
    for number, author in enumerate((ada, secret, None)):
        with audit_context(correlation_id=f"r{number}"):
            article.author = author
            article.save()
    former = gone.pk
    with disabled():
        gone.delete()
    address = f"{ARTICLES}{article.pk}/history/"
    shown = text(browser.get(address))
    assert f"author removed {former} added Ada ({ada.pk})" in shown
    assert f"author removed Ada ({ada.pk}) added {secret.pk}" in shown
    assert f"author removed {secret.pk} added — no value" in shown
    auditor = as_staff("signals_audit.view_auditentry", "testapp.view_article")
    assert "Ada" not in text(auditor.get(address))


def test_djangos_own_log_remains_reachable(browser: Client, superuser: User) -> None:
    author = Author.objects.create(name="Ada")
    LogEntry.objects.create(
        user=superuser, content_type_id=None, object_id=str(author.pk), action_flag=2, change_message="x"
    )
    page = browser.get(f"{AUTHORS}{author.pk}/history/")
    assert read(page).links["Admin log"] == "?log=django"
    own = browser.get(f"{AUTHORS}{author.pk}/history/?log=django")
    assert own.templates[0].name == "admin/object_history.html"


def test_the_history_leads_to_the_same_entries_as_a_list(browser: Client) -> None:
    author = Author.objects.create(name="Ada")
    Author.objects.create(name="Grace")
    address = read(browser.get(f"{AUTHORS}{author.pk}/history/")).links["As a list"]
    assert address == f"{ENTRIES}?model=testapp.Author&object_id={author.pk}"
    assert browser.get(address).content.decode().count('class="sa-when"') == 1


def test_pages_go_back_through_the_whole_history(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    for number in range(60):
        AuditEntryFactory(object_id=str(author.pk), changes={"name": [f"v{number}", f"v{number + 1}"]})
    address = f"{AUTHORS}{author.pk}/history/"
    seen: list[str] = []
    link = "?"
    while link:
        page = browser.get(address + link)
        seen += re.findall(r"removed (v\d+) added", text(page))
        link = read(page).links.get("Older", "")
    assert seen == [f"v{number}" for number in reversed(range(60))]
    assert read(page).links["Newest"] == "?"
    assert browser.get(address + "?before=nonsense").status_code == 200


def test_a_history_takes_the_same_statements_for_two_entries_and_for_twenty(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")

    def fill(number: int) -> None:
        for _ in range(number):
            change_set = ChangeSetFactory(actor_id=str(number))
            AuditEntryFactory(change_set=change_set, object_id=str(author.pk))
            AuditEntryFactory(change_set=change_set, seq=2, model="testapp.Article", object_id=str(number))

    fill(2)
    address = f"{AUTHORS}{author.pk}/history/"
    two = statements(browser, address)
    fill(18)
    twenty = statements(browser, address)
    assert len(twenty) == len(two)
    assert not [sql for sql in twenty if re.search(r"COUNT\(|DISTINCT|OFFSET", sql)]


@override_settings(SIGNALS_AUDIT={"MODELS": {"testapp.Author": {"previously": ["shop.Writer", "old.Poet"]}}})
def test_a_renamed_model_keeps_its_history(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    for label in ("shop.Writer", "old.Poet", "testapp.Author", "other.Model"):
        AuditEntryFactory(model=label, object_id=str(author.pk), changes={"name": ["", label]})
    shown = history(browser, author)
    assert ["added shop.Writer" in shown, "added old.Poet" in shown, "added testapp.Author" in shown] == [
        True
    ] * 3
    assert "other.Model" not in shown


def test_the_row_of_a_multi_table_parent_belongs_to_the_history_of_the_child(browser: Client) -> None:
    restaurant = Restaurant.objects.create(name="Chez Ada", stars=1)
    restaurant.city = "London"
    restaurant.stars = 2
    restaurant.save()
    shown = text(browser.get(f"/admin/testapp/restaurant/{restaurant.pk}/history/"))
    assert "city removed “” empty text added London" in shown
    assert "stars removed 1 added 2" in shown


def test_keys_of_every_kind_have_a_history(browser: Client) -> None:
    ticket = Ticket.objects.create(title="T")
    country = Country.objects.create(code="a/b_c d?é", name="Far away")
    for address in (
        f"ticket/{ticket.pk}",
        f"ticket/{uuid.UUID(str(ticket.pk)).hex}",
        "country/a_2Fb_5Fc d_3Fé",
    ):
        page = browser.get(f"/admin/testapp/{address}/history/")
        assert cards(page) == 1, address
    ticket.delete()
    assert country.pk
    assert not browser.get(f"/admin/testapp/ticket/{uuid.uuid4()}/history/").content


def test_an_object_that_cannot_say_its_name_has_a_history(browser: Client) -> None:
    rude = Rude.objects.create(name="no")
    page = browser.get(f"/admin/testapp/rude/{rude.pk}/history/")
    assert cards(page) == 1


# Installing


@override_settings(SIGNALS_AUDIT={"MODELS": ["testapp.Author"]})
def test_a_model_that_is_not_audited_keeps_djangos_history(browser: Client) -> None:
    thing = Unaudited.objects.create(name="x")
    page = browser.get(f"/admin/testapp/unaudited/{thing.pk}/history/")
    assert page.templates[0].name == "admin/object_history.html"


def test_an_admin_with_a_history_of_its_own_keeps_it(browser: Client) -> None:
    tag = Tag.objects.create(name="python")
    assert browser.get(f"/admin/testapp/tag/{tag.pk}/history/").content == b"a history of its own"


def test_the_mixin_puts_ours_in_front_of_such_a_history(browser: Client) -> None:
    person = Person.objects.create(name="Ada")
    page = browser.get(f"/admin/testapp/person/{person.pk}/history/")
    assert cards(page) == 1
    own = browser.get(f"/admin/testapp/person/{person.pk}/history/?log=django")
    assert own.content == b"a history of its own"


def view_name(site: AdminSite, model: type) -> str:
    """Return which function serves the history of a model."""
    site.get_urls()
    return str(site._registry[model].history_view.__qualname__)


def test_installing_covers_models_that_are_registered_later() -> None:
    site = AdminSite()
    install_history(site)
    site.register(Author)
    assert view_name(site, Author) == "install_on.<locals>.history_view"


def test_installing_twice_wraps_once() -> None:
    site = AdminSite()
    site.register(Author)
    install_history(site)
    install_history(site)
    site.get_urls()
    view = site._registry[Author].history_view
    site.get_urls()
    assert site._registry[Author].history_view is view


def test_installing_touches_no_class_and_no_other_site() -> None:
    site, other = AdminSite(), AdminSite()
    site.register(Author)
    other.register(Author)
    install_history(site)
    assert view_name(site, Author) != view_name(other, Author)
    assert ModelAdmin.history_view.__qualname__ == "ModelAdmin.history_view"
