"""Reading pages as a person does: texts, links, tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from signals_audit import disabled
from tests.factories import UserFactory

ENTRIES = "/admin/signals_audit/auditentry/"


def as_staff(*permissions: str) -> Client:
    """Return a client logged in as somebody who may do that much."""
    client = Client()
    with disabled():
        client.force_login(UserFactory(is_staff=True, permissions=permissions))
    return client


class Reader(HTMLParser):
    """Collect what a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: dict[str, str] = {}
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "a":
            self._href = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text:
            self.texts.append(text)
            if self._href is not None:
                self.links.setdefault(text, self._href)


def read(response: Any) -> Reader:
    """Read the main part of a page, without the admin's own frame."""
    assert response.status_code == 200, response.status_code
    html = response.content.decode()
    reader = Reader()
    reader.feed(html[html.index('<main id="content-start"') : html.index("</main>")])
    return reader


def text(response: Any) -> str:
    """Return a page's text as one line."""
    return " ".join(read(response).texts)


def rows(response: Any) -> list[str]:
    """Return the text of each row of the list of entries."""
    html = response.content.decode()
    body = re.search(r'<table id="result_list".*?<tbody>(.*?)</tbody>', html, re.DOTALL)
    if body is None:
        return []
    found = []
    for row in body[1].split("</tr>")[:-1]:
        reader = Reader()
        reader.feed(row)
        found.append(" ".join(reader.texts))
    return found


def queries_of(work: Callable[[], Any]) -> list[str]:
    """Return the statements that something runs."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return [query["sql"] for query in captured.captured_queries]


def statements(browser: Client, address: str) -> list[str]:
    """Return the statements of a page, after a first visit has filled the caches."""
    browser.get(address)
    return queries_of(lambda: browser.get(address))
