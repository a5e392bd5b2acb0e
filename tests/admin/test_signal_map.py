"""The pages of the signal map: who may see them, what they show, and what they say when there is nothing."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.db.models.signals import post_save
from django.test import Client, override_settings

from signals_audit import Action, Timing, on_change, on_create, on_delete, on_m2m_change
from signals_audit.hooks import Hook, hooks
from signals_audit.models import ReceiverStatistics
from signals_audit.signals import object_changed
from signals_audit.tracing import origins
from signals_audit.tracing.durations import Durations
from signals_audit.tracing.maps import Moment
from tests.testapp.models import Article, Author

from .pages import Reader, as_staff, queries_of, read, statements, text

pytestmark = pytest.mark.django_db

MAP = "/admin/signals_audit/receiverstatistics/"
TABS = ("signals", "models", "slowest", "failing", "loops")
VIEW = "signals_audit.view_receiverstatistics"
SCRIPT = "<script>alert('x')</script>"
IMAGE = '"><img src=x onerror="alert(1)">'
HERE = __name__


def greet(sender: Any, **kwargs: Any) -> None:
    """Be a receiver."""


def thank(sender: Any, **kwargs: Any) -> None:
    """Be another one."""


@contextmanager
def connected(
    *receivers: Callable[..., Any], signal: Any = post_save, sender: Any = Author
) -> Iterator[None]:
    for receiver in receivers:
        signal.connect(receiver, sender=sender, weak=False)
    try:
        yield
    finally:
        for receiver in receivers:
            signal.disconnect(receiver, sender=sender)


@pytest.fixture
def greeting() -> Iterator[None]:
    with connected(greet, thank):
        yield


def measured(receiver: str = f"{HERE}.greet", signal: str = "post_save", **values: Any) -> None:
    """Write what was measured of a receiver in this hour, or in one before."""
    hour = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0)
    ago, times = values.pop("hours_ago", 0), [values.pop("ms", 1) / 1000] * 4
    ReceiverStatistics.objects.create(
        hour=hour - timedelta(hours=ago),
        signal=signal,
        receiver=receiver,
        **{
            "calls": 4,
            "sent": 4.0,
            "total": sum(times),
            "maximum": max(times),
            "durations": Durations.of(times).as_json(),
        }
        | values,
    )


def failed(receiver: str = f"{HERE}.greet", **values: Any) -> None:
    told = {
        "last_error": "ValueError: out of paper",
        "last_traceback": "Traceback …\nValueError: out of paper",
        "last_error_at": datetime.now(tz=UTC),
    }
    measured(receiver, **{"errors": 2} | told | values)


def looped(receiver: str = f"{HERE}.greet", chain: str = "save → greet → save (8 times over)") -> None:
    measured(receiver, loops=1, last_loop=chain)


def page(browser: Client, tab: str = "signals", **asked: str) -> Any:
    return browser.get(MAP, {"tab": tab, **asked})


def html(response: Any) -> str:
    """Return the main part of a page, without the admin's own frame."""
    assert response.status_code == 200, response.status_code
    return str(response.content.decode()).partition("<main")[2].partition("</main>")[0]


def names(response: Any) -> list[str]:
    """Return the names of the receivers that a page lists."""
    items = re.findall(r'class="sa-name">.*?<code>(.*?)</code>', html(response), re.DOTALL)
    return [re.sub(r"<[^>]*>", "", item) for item in items]


# Who may see it.


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_for_those_who_may_view_it(tab: str) -> None:
    assert page(as_staff(VIEW), tab).status_code == 200
    assert page(as_staff("signals_audit.view_auditentry"), tab).status_code == 403
    assert page(Client(), tab).status_code == 302


def test_the_index_of_the_admin_leads_to_it(browser: Client) -> None:
    assert read(browser.get("/admin/")).links["Signal map"] == MAP
    assert "Signal map" not in html(as_staff("testapp.view_author").get("/admin/"))


@pytest.mark.parametrize("rest", ["add/", "1/", "1/change/", "1/delete/", "1/history/"])
def test_rows_have_no_pages_of_their_own(browser: Client, rest: str) -> None:
    measured()
    assert browser.get(MAP + rest).status_code == 404


def test_nothing_is_changed_here(browser: Client) -> None:
    measured()
    assert browser.post(MAP, {"action": "delete_selected", "_selected_action": "1"}).status_code == 403
    assert ReceiverStatistics.objects.count() == 1


# Tabs.


@pytest.mark.parametrize("tab", TABS)
def test_the_tab_that_is_open_is_marked(browser: Client, tab: str) -> None:
    found = re.findall(r'\?tab=(\w+)" aria-current="page"', html(page(browser, tab)))
    assert found == [tab]


@pytest.mark.parametrize("tab", ["", "nonsense", SCRIPT, "\x00", "__class__"])
def test_the_first_one_is_shown_where_there_is_no_such_tab(browser: Client, tab: str) -> None:
    assert page(browser, tab).templates[0].name == "signals_audit/signal_map/signals.html"


def test_tabs_say_how_much_is_wrong(browser: Client) -> None:
    assert "Failing Loops" in text(page(browser))
    failed()
    failed(f"{HERE}.thank")
    looped("other.receiver")
    assert "Failing 2 found Loops 1 found" in text(page(browser))


def test_what_was_measured_before_the_period_does_not_count(browser: Client) -> None:
    failed(hours_ago=30)
    assert "No receiver failed" not in text(page(browser, "failing", hours="168"))
    with override_settings(SIGNALS_AUDIT={"TRACING": {"STATISTICS": 1.0}}):
        assert "No receiver failed in this time." in text(page(browser, "failing"))


# By signal.


def test_receivers_are_listed_with_their_place_their_sender_and_what_was_measured(
    browser: Client, greeting: None
) -> None:
    measured(ms=12)
    response = page(browser, signal="post_save", model="testapp.Author")
    assert names(response)[-2:] == [f"{HERE}.greet", f"{HERE}.thank"]
    told = text(response)
    assert "hears testapp.Author · tests/admin/test_signal_map.py:" in told
    assert "connected by tests/admin/test_signal_map.py:" in told
    assert "held strongly" in told
    assert "4 calls" in told
    assert "p95 12 ms" in told


def test_our_own_signals_are_on_it_like_all_others(browser: Client) -> None:
    assert "object_changed" in text(page(browser)).partition("Signals that nobody hears")[2]
    with connected(greet, signal=object_changed, sender=None):
        response = page(browser, signal="object_changed")
    assert names(response) == [f"{HERE}.greet"]
    assert "arguments event" in text(response)
    assert "hears every sender" in text(response)


def test_filters_narrow_it_down(browser: Client, greeting: None) -> None:
    every = names(page(browser, signal="post_save"))
    own = names(page(browser, signal="post_save", origin="signals_audit"))
    others = names(page(browser, signal="post_save", origin="other"))
    assert sorted(own + others) == sorted(every)
    assert f"{HERE}.greet" in others
    assert f"{HERE}.greet" not in names(page(browser, signal="post_save", model="testapp.Article"))
    assert names(page(browser, signal="pre_save", origin="other")) == []


def test_only_receivers_with_findings_on_request(browser: Client, greeting: None) -> None:
    with connected(thank, sender=None):
        response = page(browser, signal="post_save", findings="on")
    assert names(response) == [f"{HERE}.thank"] * 2
    assert text(response).count("It is connected more than once") == 2


def test_a_filter_that_finds_nothing_leads_back(browser: Client) -> None:
    response = page(browser, signal="class_prepared", origin="other", findings="on")
    assert "No receiver matches." in text(response)
    assert read(response).links["Show everything"] == f"{MAP}?tab=signals"


@pytest.mark.parametrize("asked", [{"signal": "post_safe"}, {"model": "blog.Nothing"}, {"origin": SCRIPT}])
def test_what_is_not_there_is_said_and_everything_is_shown(
    browser: Client, greeting: None, asked: dict[str, str]
) -> None:
    response = page(browser, **asked)
    assert "Select a valid choice." in text(response)
    assert f"{HERE}.greet" in names(response)


def test_what_is_measured_for_several_senders_is_said_to_be(browser: Client, greeting: None) -> None:
    measured()
    assert "of all senders together" not in text(page(browser, signal="post_save"))
    with connected(greet, sender=Article):
        assert "of all senders together" in text(page(browser, signal="post_save", model="testapp.Author"))


def test_blind_spots_are_stated(browser: Client) -> None:
    for tab in ("signals", "models"):
        told = text(page(browser, tab)).partition("What is not on this map")[2]
        assert "update(), bulk_create() and bulk_update() send no signal of Django." in told


# By model.


def test_a_life_is_drawn_and_written_in_order(browser: Client, greeting: None) -> None:
    response = page(browser, "models", model="testapp.Author")
    stages = [stage.name for stage in response.context["stages"] if stage.depth == 0]
    wanted = ("pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete")
    assert [name for name in stages if name in wanted] == list(wanted)
    assert stages[-1] == "changes_committed"
    assert names(response).count(f"{HERE}.greet") == 1


def test_every_receiver_of_the_picture_is_a_link_to_the_list(browser: Client, greeting: None) -> None:
    shown = html(page(browser, "models", model="testapp.Author"))
    svg = shown[shown.index("<svg") : shown.index("</svg>")]
    links = re.findall(r'<a class="[^"]*" href="#([^"]+)"><title>([^<]*)</title>', svg)
    assert len(links) == svg.count("<a ") == len(names(page(browser, "models", model="testapp.Author")))
    assert f"{HERE}.greet" in [title.splitlines()[0] for _anchor, title in links]
    assert [anchor for anchor, _title in links if f'<li id="{anchor}"' not in shown] == []


def test_slow_failing_and_flagged_receivers_are_marked(browser: Client, greeting: None) -> None:
    failed(ms=5)
    measured(f"{HERE}.thank", slow=1, ms=200)
    shown = html(page(browser, "models", model="testapp.Author"))
    assert shown.count('sa-card-link sa-mark-failing"') == 1
    assert shown.count('sa-card-link sa-mark-slow"') == 1
    assert re.search(
        r'<tspan class="sa-detail">\d+</tspan> greet</text><text class="sa-note-text"[^>]*>5\.', shown
    )


@pytest.fixture
def declared() -> Iterator[None]:
    """Forget what a test declares."""
    before = hooks.snapshot()
    yield
    hooks.restore(before)


def react(event: Any) -> None:
    """Be a hook."""


def test_hooks_stand_where_they_run(browser: Client, declared: None) -> None:
    on_create(Article, timing=Timing.IN_TRANSACTION)(react)
    on_delete(Article, timing=Timing.IN_TRANSACTION)(react)
    on_m2m_change(Article, "tags", timing=Timing.IN_TRANSACTION)(react)
    on_change(Article, "title", durable=True)(react)
    on_create(Article, timing=Timing.TASK)(react)
    response = page(browser, "models", model="testapp.Article")
    stages = {stage.number: stage for stage in response.context["stages"]}
    found = [
        (stage.step.signal.name, stages[stage.number.partition(".")[0]].step.moment, row.line.facts)
        for stage in stages.values()
        for row in stage.hooks
    ]
    assert found == [
        ("object_created", Moment.ROW_WRITTEN, ("on create", "in the transaction")),
        ("relation_changed", Moment.RELATIONS_WRITTEN, ("on update of tags", "in the transaction")),
        ("object_deleted", Moment.ROW_DELETED, ("on delete", "in the transaction")),
        ("changes_committed", None, ("on update of title", "after COMMIT", "durable")),
        ("changes_committed", None, ("on create", "as a task, after COMMIT", "durable")),
    ]
    assert "react hook on update of title · after COMMIT · durable" in text(response)
    links = re.findall(r'href="#(hook-[^"]+)"', html(response))
    assert len(links) == 5
    assert [anchor for anchor in links if f'<li id="{anchor}"' not in html(response)] == []


def test_names_of_hooks_are_shown_as_text(browser: Client, declared: None) -> None:
    hostile = SCRIPT + "\ud800"
    hooks.add(Hook("testapp.Author", Action.CREATE, react, title=hostile))
    response = page(browser, "models", model="testapp.Author")
    assert "script" not in read(response).tags
    assert f"{SCRIPT}\ufffd" in "".join(read(response).texts)


def test_a_dead_receiver_is_in_the_life_of_its_model(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, memories = origins._Memory(), origins._listener.memories
    memory.known.update(memories[id(post_save)].known)
    monkeypatch.setitem(memories, id(post_save), memory)  # forgotten when the test is over
    monkeypatch.setattr(apps, "ready", False)
    post_save.connect(lambda **_named: None, sender=Author)
    gc.collect()
    with connected(greet, thank):
        monkeypatch.setattr(apps, "ready", True)
        response = page(browser, "models", model="testapp.Author")
    assert html(response).count('class="sa-receiver sa-mark-dead"') == 1


def test_models_are_offered_until_one_is_chosen(browser: Client) -> None:
    response = page(browser, "models")
    assert "Choose a model" in text(response)
    assert read(response).links["testapp.Author"] == f"{MAP}?tab=models&model=testapp.Author"
    assert "<svg" not in html(response)
    refused = page(browser, "models", model="no.Model")
    assert "Select a valid choice." in text(refused)
    assert "Choose a model" in text(refused)


def test_through_tables_have_a_life_too(browser: Client) -> None:
    assert "post_save" in text(page(browser, "models", model="testapp.Article_tags"))


def test_a_picture_of_many_says_how_many_more_there_are(browser: Client) -> None:
    with connected(*many(40)):
        shown = html(page(browser, "models", model="testapp.Author"))
    assert re.search(r"<text[^>]*>and \d+ more</text>", shown)
    assert shown.count("sa-name") >= 40


# What was measured.


def test_the_slowest_comes_first_and_leads_to_the_map(browser: Client, greeting: None) -> None:
    measured(ms=3)
    measured(f"{HERE}.thank", ms=80, slow=2)
    measured("gone.receiver", ms=1)
    response = page(browser, "slowest")
    found = [one.figures.totals.receiver for one in response.context["found"]]
    assert found == [f"{HERE}.thank", f"{HERE}.greet", "gone.receiver"]
    assert "no longer connected" in text(response)
    links = re.findall(r'<th scope="row"><a href="([^"]+)"', html(response))
    assert len(links) == 2
    address, _, anchor = links[0].replace("&amp;", "&").partition("#")
    assert f'id="{anchor}"' in html(browser.get(address))


def test_what_fails_is_shown_with_its_traceback_and_with_whom_it_keeps_from_running(
    browser: Client, greeting: None
) -> None:
    failed()
    response = page(browser, "failing")
    told = text(response)
    assert "2 errors in 4 calls" in told
    assert "ValueError: out of paper" in told
    assert "Traceback …\nValueError: out of paper" in html(response)
    (found,) = response.context["found"]
    assert [line.name for line in found.not_called] == [f"{HERE}.thank"]


def test_a_loop_is_drawn_as_a_cycle_and_written_as_a_chain(browser: Client, greeting: None) -> None:
    looped()
    response = page(browser, "loops")
    (found,) = response.context["found"]
    assert found.figures.last_loop == ["save", "greet", "save"]
    assert found.cycle.is_closed
    assert "came back to it, 8 times over:" in text(response)
    chain = html(response).partition('aria-label="The chain"')[2]
    assert [re.sub("<[^>]*>", "", item) for item in re.findall("<li>(.*?)</li>", chain)] == [
        "save", "greet", "save",
    ]  # fmt: skip


@pytest.mark.parametrize("chain", ["", "→", "a → a", "→ (8 times over)", "one", "a → b → c", "x" * 9999])
def test_any_chain_can_be_shown(browser: Client, chain: str) -> None:
    looped(chain=chain)
    assert page(browser, "loops").status_code == 200


def test_a_sparkline_shows_the_last_day_and_says_it_in_words(browser: Client) -> None:
    measured(ms=4, hours_ago=0)
    failed(ms=8, hours_ago=3)
    measured(ms=8, hours_ago=25)
    response = page(browser, "slowest", hours="168")
    svg = html(response).partition('<svg class="sa-spark"')[2].partition("</svg>")[0]
    assert svg.count("<rect") == 2
    assert svg.count('class="sa-bad"') == 1
    assert 'role="img"' in svg
    assert "8 calls in 24 hours, p95 of an hour at most" in svg
    assert "2 errors" in svg


def test_a_page_has_an_end(browser: Client) -> None:
    for place in range(53):
        failed(f"receiver_{place}", loops=1, last_loop="a → b → a")
    assert len(page(browser, "slowest").context["found"]) == 53
    for tab in ("failing", "loops"):
        response = page(browser, tab)
        assert len(response.context["found"]) == 50
        assert "3 more are not shown." in text(response)


# Nothing there.


@pytest.mark.parametrize("tab", ["slowest", "failing"])
def test_whoever_measures_nothing_is_told_how_to(browser: Client, tab: str) -> None:
    assert '"TRACING": {"STATISTICS": 0.01}' in text(page(browser, tab))


@override_settings(SIGNALS_AUDIT={"TRACING": {"STATISTICS": 1.0, "LOOPS": "report"}})
def test_whoever_measures_is_told_to_wait(browser: Client) -> None:
    assert "No receiver was called in this time." in text(page(browser, "slowest"))
    assert "No receiver failed in this time." in text(page(browser, "failing"))
    assert "No loop was found in this time." in text(page(browser, "loops"))


def test_whoever_looks_for_no_loops_is_told_how_to(browser: Client) -> None:
    assert '"TRACING": {"LOOPS": "report"}' in text(page(browser, "loops"))


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_without_the_table_there_are_no_figures_and_that_is_said(
    browser: Client, greeting: None, monkeypatch: pytest.MonkeyPatch, tab: str, share: float
) -> None:
    monkeypatch.setattr(ReceiverStatistics._meta, "db_table", "not_there")
    with override_settings(SIGNALS_AUDIT={"TRACING": {"STATISTICS": share}}):
        response = page(browser, tab, model="testapp.Author")
    assert "There are no figures: their table cannot be read." in text(response)
    assert "Nothing is measured" not in text(response)
    assert (f"{HERE}.greet" in names(response)) is (tab in ("signals", "models"))
    assert Author.objects.count() == 0  # the transaction is usable


@pytest.mark.parametrize("tab", ["signals", "models"])
def test_what_cannot_be_encoded_is_replaced(browser: Client, tab: str) -> None:
    def receiver(**kwargs: Any) -> None:
        """Have a name that no page takes."""

    receiver.__qualname__ = "a\ud800b"
    post_save.connect(receiver, sender=Author, weak=False, dispatch_uid="c\udfffd")
    try:
        response = page(browser, tab, model="testapp.Author")
    finally:
        post_save.disconnect(sender=Author, dispatch_uid="c\udfffd")
    assert f"{HERE}.a\ufffdb" in names(response)
    assert "c\ufffdd" in text(response)


# Whatever somebody managed to have connected or measured.


@pytest.mark.parametrize(
    "hostile",
    [SCRIPT, IMAGE, "</title></svg><b>", "{{ request }}{% debug %}", "]]>--><b>", "a\x01\u202eb"],
)
def test_names_and_tracebacks_are_shown_as_text(browser: Client, hostile: str) -> None:
    def receiver(**kwargs: Any) -> None:
        """Have a name that somebody chose."""

    receiver.__module__, receiver.__qualname__ = hostile, hostile
    values = {"last_loop": f"{hostile} → {hostile}", "loops": 1, "slow": 1}
    failed(f"{hostile}.{hostile}", last_error=hostile, last_traceback=hostile, **values)
    failed(hostile, signal=hostile, last_error=hostile, last_traceback=hostile, **values)
    post_save.connect(receiver, sender=Author, weak=False, dispatch_uid=hostile)
    try:
        for tab in TABS:
            response = page(browser, tab, model="testapp.Author")
            reader = read(response)
            assert not {"script", "img", "b", "style"} & set(reader.tags)
            assert not [name for name, _value in reader.attributes if name.startswith("on")]
            assert hostile.split()[0] in "".join(reader.texts)
    finally:
        post_save.disconnect(sender=Author, dispatch_uid=hostile)


@pytest.mark.parametrize("value", ["x" * 3000, "1' OR 1=1", "-1", "١٢", "%ED%A0%80", "%00"])
def test_any_address_can_be_asked_for(browser: Client, value: str) -> None:
    for tab in TABS:
        asked = "&".join(f"{name}={value}" for name in ("signal", "model", "origin", "findings", "hours"))
        assert browser.get(f"{MAP}?tab={tab}&{asked}").status_code == 200


def test_names_longer_than_any_line_are_cut_in_pictures(browser: Client) -> None:
    def receiver(**kwargs: Any) -> None:
        """Have a long name."""

    receiver.__qualname__ = "x" * 10_000
    with connected(receiver):
        shown = html(page(browser, "models", model="testapp.Author"))
    texts = re.findall(r"<text[^>]*>(.*?)</text>", shown)
    assert max(len(re.sub("<[^>]*>", "", drawn)) for drawn in texts) < 60


def test_pages_have_no_script_and_no_style_of_their_own(browser: Client, greeting: None) -> None:
    failed()
    looped(f"{HERE}.thank")
    for tab in TABS:
        main = html(page(browser, tab, model="testapp.Author"))
        assert re.findall(r"<style|<script|\sstyle=|\son\w+=|javascript:|https?://", main) == []


# Readers of all kinds.


@pytest.mark.parametrize("tab", TABS)
def test_headings_go_down_step_by_step(browser: Client, greeting: None, tab: str) -> None:
    failed()
    looped(f"{HERE}.thank")
    tags = read(page(browser, tab, model="testapp.Author")).tags
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("tab", TABS)
def test_whatever_is_asked_for_has_a_label_and_whatever_is_drawn_a_text(
    browser: Client, greeting: None, tab: str
) -> None:
    failed()
    looped(f"{HERE}.thank")
    shown = html(page(browser, tab, model="testapp.Author"))
    fields = re.findall(r'<(?:select|input)(?![^>]*hidden)[^>]*id="([^"]+)"', shown)
    assert fields
    assert [name for name in fields if f'for="{name}"' not in shown] == []
    for svg in re.findall(r"<svg[^>]*>.{9}", shown):
        assert 'aria-label="' in svg or "<title>" in svg
    assert len(ids := re.findall(r'\sid="([^"]+)"', shown)) == len(set(ids))


def test_what_scrolls_is_reached_by_keyboard(browser: Client) -> None:
    failed()
    assert 'class="sa-scroll" tabindex="0" role="region"' in html(page(browser, "slowest"))
    assert '<pre tabindex="0">' in html(page(browser, "failing"))


def test_numbers_in_pictures_are_the_same_in_every_language(browser: Client, greeting: None) -> None:
    failed(ms=1500)
    with override_settings(LANGUAGE_CODE="de", USE_THOUSAND_SEPARATOR=True), connected(*many(60)):
        for tab in TABS:
            shown = html(page(browser, tab, model="testapp.Author"))
            drawn = " ".join(re.findall(r'\s(?:x|y|d|width|height|viewBox|cx|cy)="([^"]*)"', shown))
            assert not set(drawn) & set(",.")
        assert "1,5 s" in html(page(browser, "slowest"))


def many(number: int) -> list[Callable[..., Any]]:
    """Make receivers."""

    def make(place: int) -> Callable[..., Any]:
        def receiver(**kwargs: Any) -> None:
            """Be one of many."""

        receiver.__qualname__ = f"receiver_{place}"
        return receiver

    return [make(place) for place in range(number)]


@pytest.mark.parametrize("tab", TABS)
def test_two_hundred_receivers_cost_no_more_queries_than_one(browser: Client, tab: str) -> None:
    address = f"{MAP}?tab={tab}&model=testapp.Author"
    measured()
    few = statements(browser, address)
    receivers = many(200)
    for place in range(200):
        failed(f"{HERE}.receiver_{place}", loops=1, last_loop="a → b → a")
    with connected(*receivers):
        assert len(queries_of(lambda: browser.get(address))) == len(few)
        assert names(browser.get(address)) if tab in ("signals", "models") else True
    assert sum("receiverstatistics" in statement for statement in few) == 1


def test_the_reader_of_pages_reads_pictures_too() -> None:
    reader = Reader()
    reader.feed('<svg><a href="#x"><title>greet</title></a></svg>')
    assert reader.links == {"greet": "#x"}
