"""The log in a project's own templates."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.utils import translation

from signals_audit import audit_context, disabled
from signals_audit.display import show
from signals_audit.testing import unaudited_queries
from tests.testapp.models import Article, Author, Tag

MOMENT = datetime.datetime(2026, 11, 22, 20, 5, 7, tzinfo=datetime.UTC)


def render(source: str, **context: Any) -> str:
    return Template("{% load signals_audit %}" + source).render(Context(context)).strip()


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ("plain", '<span class="sa-value">plain</span>'),
        ("<b>", '<span class="sa-value">&lt;b&gt;</span>'),
        (True, '<span class="sa-value">Yes</span>'),
        (
            None,
            '<span class="sa-is-none"><span aria-hidden="true">—</span>'
            '<span class="sa-hidden">no value</span></span>',
        ),
        (
            {"masked": True},
            '<span class="sa-is-masked"><span aria-hidden="true">•••</span>'
            '<span class="sa-hidden">secret value</span></span>',
        ),
        (
            {"datetime": MOMENT.isoformat()},
            '<time class="sa-value" datetime="2026-11-22T20:05:07+00:00" title="2026-11-22 20:05:07+00:00">'
            "Nov. 22, 2026, 8:05 p.m.</time>",
        ),
    ],
)
def test_a_stored_value_is_shown_with_its_markup(value: Any, html: str) -> None:
    assert render("{{ value|audit_value }}", value=value) == html
    assert render("{{ value|audit_value }}", value=show(value)) == html


def test_a_long_value_folds_without_a_script() -> None:
    long = "<word> " * 50
    html = render("{{ value|audit_value }}", value=long)
    assert html.startswith('<details class="sa-long"><summary>&lt;word&gt; &lt;word&gt;')
    assert html.count("&lt;word&gt;") > 50
    assert "<word>" not in html


def test_a_stored_value_is_shown_as_plain_text() -> None:
    assert render("{{ value|audit_text }}", value={"decimal": "1.50"}) == "1.50"
    assert render("{{ value|audit_text }}", value="<b>") == "&lt;b&gt;"
    assert render("{{ value|audit_text }}", value=None) == "—"


@override_settings(TIME_ZONE="Europe/Berlin")
def test_a_time_is_shown_in_the_readers_zone_and_language() -> None:
    with translation.override("de"):
        assert render("{% audit_time moment %}", moment=MOMENT) == (
            '<time class="sa-time" datetime="2026-11-22T20:05:07+00:00" title="2026-11-22 20:05:07 UTC">'
            "<span>22. November 2026</span> <span>21:05:07</span></time>"
        )


@pytest.mark.django_db
def test_an_objects_timeline_is_shown_on_a_page_of_ones_own() -> None:
    with audit_context(actor="importer", correlation_id="r1", reason="<b>import</b>"):
        article = Article.objects.create(title="<script>alert(1)</script>")
        article.tags.add(Tag.objects.create(name="python"))
    html = render("{% audit_history article %}", article=article)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;b&gt;import&lt;/b&gt;" in html
    assert "<script" not in html
    assert "<b>" not in html
    assert "system: importer" in html
    assert html.count('<li class="sa-card">') == 1
    assert "href" not in html, "a project's page does not lead into the admin"


@pytest.mark.django_db
def test_a_timeline_without_entries_says_so() -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    assert "Nothing has been recorded about this object yet." in render(
        "{% audit_history author %}", author=author
    )


@pytest.mark.django_db
def test_a_timeline_has_the_size_that_is_asked_for(django_assert_num_queries: Any) -> None:
    with disabled():
        author = Author.objects.create(name="Ada")
    for number in range(30):
        with audit_context(correlation_id=f"r{number}"):
            author.name = str(number)
            author.save()
    with django_assert_num_queries(4), unaudited_queries():
        assert render("{% audit_history author 7 %}", author=author).count('<li class="sa-card">') == 7
