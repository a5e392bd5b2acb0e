"""Whatever somebody managed to have stored is shown as text: nothing of it runs, nothing breaks a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from signals_audit import audit_context, disabled
from signals_audit.models import AuditEntry
from signals_audit.values import encode
from tests.factories import AuditEntryFactory, ChangeSetFactory
from tests.testapp.models import Article, Author, Tag

from .pages import ENTRIES, read

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert('x')</script>"
IMAGE = '"><img src=x onerror="alert(1)">'


def pages(browser: Client, entry: AuditEntry) -> list[Any]:
    """Return every page on which an entry is shown."""
    author = f"/admin/testapp/author/{entry.object_id}/history/"
    return [browser.get(address) for address in (ENTRIES, f"{ENTRIES}{entry.pk}/change/", author)]


def assert_harmless(response: Any) -> None:
    """Fail when markup of the values has become markup of the page."""
    reader = read(response)
    assert not {"script", "img", "b", "style"} & set(reader.tags)
    assert not [name for name, _value in reader.attributes if name.startswith("on") or name == "style"]
    assert not [
        value for name, value in reader.attributes if name == "href" and (value or "").startswith("java")
    ]


@pytest.mark.parametrize(
    "hostile", [SCRIPT, IMAGE, "</td></table><b>", "{{ request }}{% debug %}", "javascript:alert(1)"]
)
def test_markup_in_every_stored_field_is_shown_as_text(browser: Client, hostile: str) -> None:
    with disabled():
        author = Author.objects.create(name=hostile)
        User.objects.create(pk=77, username=hostile[:100])
    change_set = ChangeSetFactory(
        actor_id="77",
        actor_repr=hostile,
        reason=hostile,
        path=hostile,
        correlation_id=hostile,
        remote_addr=hostile,
        extra={hostile: hostile, "list": [hostile]},
    )
    changes = {
        hostile: [hostile, f"{hostile} {hostile}"],
        "long": [hostile * 100, hostile * 99],
        "tags": {"added": [hostile], "removed": [hostile]},
        "json": [None, {"json": {hostile: [hostile]}}],
    }
    values = {
        "change_set": change_set,
        "object_repr": hostile,
        "caused_by": hostile,
        "using": hostile,
        "source": hostile[:16],
    }
    entry = AuditEntryFactory(object_id=str(author.pk), changes=changes, **values)
    AuditEntryFactory(seq=2, model=hostile, object_id=hostile, changes=changes, action=hostile[:8], **values)
    for response in pages(browser, entry):
        assert_harmless(response)
        shown = " ".join(read(response).texts)
        assert " ".join(hostile.split()) in shown


def test_markup_in_the_names_of_models_and_fields_is_shown_as_text(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Author._meta, "verbose_name", SCRIPT)
    monkeypatch.setattr(Author._meta, "verbose_name_plural", SCRIPT)
    monkeypatch.setattr(Author._meta.get_field("name"), "verbose_name", IMAGE)
    with disabled():
        author = Author.objects.create(name="Ada")
    for response in pages(browser, AuditEntryFactory(object_id=str(author.pk))):
        assert_harmless(response)
        assert "alert(" in " ".join(read(response).texts)


def test_markup_in_filters_is_shown_as_text(browser: Client) -> None:
    query = {
        "model": SCRIPT,
        "object_id": IMAGE,
        "actor": SCRIPT,
        "correlation_id": IMAGE,
        "change_set": SCRIPT,
    }
    response = browser.get(ENTRIES, query)
    assert_harmless(response)
    assert response.content.decode().count('class="sa-chip-value"') == 5


def test_captured_markup_is_shown_as_text_from_the_write_to_the_page(browser: Client) -> None:
    with audit_context(actor=SCRIPT, reason=IMAGE, correlation_id=SCRIPT, path=IMAGE, ticket=SCRIPT):
        author = Author.objects.create(name=SCRIPT, email=IMAGE)
        article = Article.objects.create(title=IMAGE, body=SCRIPT, meta={SCRIPT: IMAGE}, author=author)
        article.tags.add(Tag.objects.create(name=SCRIPT))
        author.name = IMAGE
        author.save()
    for entry in AuditEntry.objects.all():
        for response in pages(browser, entry)[:2]:
            assert_harmless(response)
    assert_harmless(browser.get(f"/admin/testapp/article/{article.pk}/history/"))
    key = author.pk
    author.delete()
    assert_harmless(browser.get(f"/admin/testapp/author/{key}/history/"))


@pytest.mark.parametrize(
    "value", ["a\x00b", "lone \ud800 surrogate", "\u202eright to left", "🐍", "x" * 300, "a\nb\r\nc"]
)
def test_any_text_can_be_shown(browser: Client, value: str) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    entry = AuditEntryFactory(
        object_id=str(author.pk), changes={"name": [encode(value), encode(value + "!")]}
    )
    for response in pages(browser, entry):
        assert response.status_code == 200


def test_megabytes_are_folded_and_cut(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    long = "word " * 1_000_000
    entry = AuditEntryFactory(object_id=str(author.pk), changes={"name": [long, long + "end"]})
    sizes = [len(response.content) for response in pages(browser, entry)]
    assert max(sizes) < 200_000
    assert "… and 4980000 more characters" in browser.get(f"{ENTRIES}{entry.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/admin/testapp/country/_00/history/",
        "/admin/testapp/country/%3Cscript%3E/history/",
        f"{ENTRIES}?object_id=%00",
        f"{ENTRIES}?model=%00",
        f"{ENTRIES}?actor=%ED%A0%80",
        f"{ENTRIES}?correlation_id={'x' * 3000}",
    ],
)
def test_hostile_addresses_find_nothing(browser: Client, address: str) -> None:
    assert browser.get(address).status_code in (200, 302)


def test_a_key_that_no_database_can_hold_is_not_found(browser: Client) -> None:
    assert browser.get("/admin/testapp/country/%00/history/").status_code == 404


@override_settings(SIGNALS_AUDIT={"MODELS": {"testapp.*": {}}})
def test_pages_have_no_script_and_no_style_of_their_own(browser: Client) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    stock = browser.get("/admin/testapp/unaudited/").content.decode()

    def inline(html: str) -> int:
        return len(re.findall(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", html))

    for response in pages(browser, AuditEntryFactory(object_id=str(author.pk))):
        assert inline(response.content.decode()) <= inline(stock)
