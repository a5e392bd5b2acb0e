"""The signal map as text, JSON and a graph: all of it, whatever the names hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from html import unescape
from typing import Any

import pytest
from django.core.management.color import make_style, no_style
from django.dispatch import Signal
from django.utils.translation import override

from signals_audit.tracing.hooked import HookLine
from signals_audit.tracing.lines import ReceiverLine, SignalLines
from signals_audit.tracing.maps import BLIND_SPOTS, Finding, SignalMap, signal_map
from signals_audit.tracing.named import NamedSignal, Origin
from signals_audit.tracing.reports import as_dot, as_json, as_text
from signals_audit.types import Action, Timing

LINE = ReceiverLine(
    position=1,
    name="blog.signals.notify_author",
    file="blog/signals.py",
    line=12,
    sender="blog.Comment",
    dispatch_uid="blog.notify",
    is_weak=True,
    is_dead=False,
    is_async=False,
    connected_by="blog/apps.py:9 in ready",
    app="blog",
    origin=Origin.OTHER,
)
ANY = replace(LINE, position=2, sender="", dispatch_uid="", is_weak=False, findings=(Finding.TWICE,))
LATER = replace(LINE, position=3, name="blog.signals.tell", file="", line=0, connected_by="", is_async=True)
GONE = replace(LATER, position=4, is_async=False, is_dead=True, findings=(Finding.DEAD, Finding.NO_KWARGS))
POST_SAVE = NamedSignal(
    "post_save", "django.db.models.signals", Signal(), ("instance", "created"), Origin.DJANGO
)
SILENT = [NamedSignal(name, "blog.signals", Signal()) for name in ("read", "liked")]


def mapped(*lines: ReceiverLine) -> SignalMap:
    return SignalMap((SignalLines(POST_SAVE, lines), *(SignalLines(one, ()) for one in SILENT)))


HOOKS = (
    HookLine("blog.hooks.count", Action.CREATE, "", Timing.IN_TRANSACTION, False, False, 3),
    HookLine("a\n title", Action.UPDATE, "title", Timing.TASK, False, True, 0),
)
WHOLE = mapped(LINE, ANY, LATER, GONE)
HOSTILE = (
    'a "quoted" name',
    "back\\slash",
    "ends with a backslash\\",
    '\\"',
    "line\nbreak\r\tand \x1b[31mcolour\x00",
    "<b>bold</b> & &lt; \u202e reversed",
    "ünï ✓ 信号",
    "{record|<port>} \\N \\G",
    "]; node [label=x",
)


# Text


def test_the_text_is_for_people() -> None:
    spots = "\n".join(f"- {spot}" for spot in BLIND_SPOTS)
    assert as_text(WHOLE, style=no_style()) == (
        "django.db.models.signals.post_save (instance, created)\n"
        "   1  blog.signals.notify_author ← blog.Comment\n"
        "      blog/signals.py:12, connected by blog/apps.py:9 in ready, dispatch_uid blog.notify, weak\n"
        "   2  blog.signals.notify_author ← any sender\n"
        "      blog/signals.py:12, connected by blog/apps.py:9 in ready, strong\n"
        f"      ! {Finding.TWICE.label}\n"
        "   3  blog.signals.tell ← blog.Comment\n"
        "      dispatch_uid blog.notify, weak, async\n"
        "   4  blog.signals.tell ← blog.Comment\n"
        "      dispatch_uid blog.notify, weak\n"
        f"      ! {Finding.DEAD.label}\n"
        f"      ! {Finding.NO_KWARGS.label}\n"
        "\n"
        "Without receivers: read, liked\n"
        "\n"
        f"What no signal tells:\n{spots}\n"
    )


def test_a_receiver_of_many_senders_is_told_of_once() -> None:
    lines = [replace(LINE, position=number, sender=f"blog.Model{number:02}") for number in range(1, 13)]
    text = as_text(mapped(*lines, replace(LATER, position=13)), style=no_style())
    assert text.splitlines()[1:6] == [
        "1–12  blog.signals.notify_author ← 12 senders",
        "      blog/signals.py:12, connected by blog/apps.py:9 in ready, dispatch_uid blog.notify, weak",
        "      blog.Model01, blog.Model02, blog.Model03, blog.Model04, blog.Model05, blog.Model06,",
        "      blog.Model07, blog.Model08, blog.Model09, blog.Model10, blog.Model11, blog.Model12",
        "  13  blog.signals.tell ← blog.Comment",
    ]


def test_of_a_model_only_signals_that_models_send_are_called_unheard() -> None:
    modules = {
        "request_finished": "django.core.signals",
        "post_migrate": "django.db.models.signals",
        "task_finished": "django_tasks.signals",
        "pre_save": "django.db.models.signals",
    }
    origins = {"django_tasks.signals": Origin.OTHER}
    signals = [
        NamedSignal(name, module, Signal(), (), origins.get(module, Origin.DJANGO))
        for name, module in modules.items()
    ]
    silent = tuple(SignalLines(one, ()) for one in (*signals, *SILENT))
    text = as_text(SignalMap(silent, sender="blog.Comment"), style=no_style())
    assert text.splitlines()[0] == "Not heard of blog.Comment: pre_save, read, liked"
    nothing = as_text(SignalMap(silent[:3], sender="blog.Comment"), style=no_style())
    assert nothing.splitlines()[0] == "What no signal tells:"


def test_hooks_have_a_part_of_their_own() -> None:
    found = replace(mapped(LINE), sender="blog.Comment", hooks=HOOKS)
    assert as_text(found, style=no_style()).split("\n\n")[1] == (
        "Hooks of blog.Comment\n"
        "      blog.hooks.count\n"
        "      on create, in the transaction\n"
        "      a\ufffd title\n"
        "      on update of title, as a task, after COMMIT, durable"
    )


def test_text_may_be_coloured() -> None:
    style = make_style("dark")
    lines = as_text(WHOLE, style=style).splitlines()
    name = style.MIGRATE_LABEL("blog.signals.notify_author")
    assert lines[0] == style.MIGRATE_HEADING("django.db.models.signals.post_save") + " (instance, created)"
    assert lines[1] == f"   1  {name} ← blog.Comment"
    assert lines[5] == "      " + style.WARNING(f"! {Finding.TWICE.label}")


def test_text_of_a_map_without_receivers() -> None:
    text = as_text(SignalMap((SignalLines(POST_SAVE, ()),)), style=no_style())
    assert text.startswith("Without receivers: post_save\n\nWhat no signal tells:\n- ")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_steers_the_terminal(name: str) -> None:
    line = replace(LINE, name=name, sender=name, dispatch_uid=name, file=name, connected_by=name)
    text = as_text(mapped(line), style=no_style())
    shown = text.split("\n\n")[0].split("\n")
    assert len(shown) == 3
    assert all(one.isprintable() for one in shown)
    assert shown[1] == f"   1  {printable(name)} ← {printable(name)}"


def printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in name)


# JSON


def test_the_json_is_whole() -> None:
    receiver = {
        "position": 1,
        "name": "blog.signals.notify_author",
        "file": "blog/signals.py",
        "line": 12,
        "sender": "blog.Comment",
        "dispatch_uid": "blog.notify",
        "is_weak": True,
        "is_dead": False,
        "is_async": False,
        "connected_by": "blog/apps.py:9 in ready",
        "app": "blog",
        "origin": "other",
        "findings": [],
        "is_installed": False,
    }
    gone = {
        **receiver,
        **{"position": 2, "is_dead": True, "findings": ["dead", "no_kwargs"]},
        **{"name": "blog.signals.tell", "file": "", "line": 0, "connected_by": ""},
    }
    signal = {
        "name": "post_save",
        "module": "django.db.models.signals",
        "origin": "django",
        "arguments": ["instance", "created"],
    }
    silent = {"module": "blog.signals", "origin": "other", "arguments": [], "receivers": []}
    assert json.loads(as_json(mapped(LINE, replace(GONE, position=2)))) == {
        "version": 1,
        "signals": [
            {**signal, "receivers": [receiver, gone]},
            {**silent, "name": "read"},
            {**silent, "name": "liked"},
        ],
    }


def test_hooks_are_in_the_json_where_a_model_is_asked_for() -> None:
    assert list(json.loads(as_json(WHOLE))) == ["version", "signals"]
    found = json.loads(as_json(replace(WHOLE, sender="blog.Comment", hooks=HOOKS)))
    assert (found["version"], found["hooks"]) == (
        1,
        [
            {
                "name": "blog.hooks.count",
                "action": "create",
                "field": "",
                "timing": "in_transaction",
                "is_relation": False,
                "is_durable": False,
                "priority": 3,
            },
            {
                "name": "a\n title",
                "action": "update",
                "field": "title",
                "timing": "task",
                "is_relation": False,
                "is_durable": True,
                "priority": 0,
            },
        ],
    )
    assert json.loads(as_json(replace(WHOLE, hooks=())))["hooks"] == []


def test_the_json_leaves_nothing_out_that_a_line_has() -> None:
    (receiver,) = json.loads(as_json(mapped(LINE)))["signals"][0]["receivers"]
    assert list(receiver) == [field.name for field in fields(ReceiverLine)]


def test_the_json_is_the_same_in_every_language() -> None:
    with override("de"):
        german = as_json(WHOLE)
    assert german == as_json(WHOLE)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_come_back_from_json_as_they_were(name: str) -> None:
    (receiver,) = json.loads(as_json(mapped(replace(LINE, name=name, sender=name))))["signals"][0][
        "receivers"
    ]
    assert (receiver["name"], receiver["sender"]) == (name, name)


# Graphviz

TOKEN = re.compile(
    r"""
    \s*(?:
        (?P<quoted>"(?:[^"\\]|\\.)*")      # escapes: a quote, a backslash, and those of labels
        | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
        | (?P<sign>->|[{}\[\];=,])
    )
    """,
    re.VERBOSE,
)


class Graph:
    """What a parser of the part of the language that is used here reads from a graph."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.nodes: dict[str, dict[str, str]] = {}
        self.edges: list[tuple[str, str, dict[str, str]]] = []
        self.read()

    def take(self, *wanted: str) -> str:
        token = self.tokens.pop(0)
        assert not wanted or token in wanted, (token, wanted)
        return token

    def read(self) -> None:
        for word in ("digraph", "signals", "{"):
            self.take(word)
        while self.tokens[0] != "}":
            self.statement()
        self.take("}")
        assert self.tokens == []

    def statement(self) -> None:
        first = self.take()
        following = self.take("->", "[", "=")
        if following == "=":
            self.take()
        elif following == "->":
            second = self.take()
            self.take("[")
            self.edges.append((unquoted(first), unquoted(second), self.attributes()))
        elif first == "node":
            self.attributes()
        else:
            self.nodes[unquoted(first)] = self.attributes()
        self.take(";")

    def attributes(self) -> dict[str, str]:
        found = {}
        while True:
            name = self.take()
            self.take("=")
            value = self.take()
            found[name] = unquoted(value) if value.startswith('"') else value
            if self.take(",", "]") == "]":
                return found


def tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        assert match is not None, text[at : at + 40]
        yield match.group().strip()
        at = match.end()


def unquoted(token: str) -> str:
    """Return what Graphviz shows of a quoted name that is a label."""
    assert token.startswith('"')
    escapes = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
    return unescape(re.sub(r"\\.", lambda match: escapes[match.group()], token[1:-1]))


def test_the_graph_has_signals_receivers_and_their_order() -> None:
    graph = Graph(as_dot(WHOLE))
    signal, notify, tell = (
        "signal django.db.models.signals.post_save",
        "receiver blog.signals.notify_author",
        "receiver blog.signals.tell",
    )
    assert graph.nodes == {
        signal: {"shape": "ellipse", "label": "post_save\ndjango.db.models.signals"},
        notify: {"label": "blog.signals.notify_author\nblog/signals.py:12"},
        tell: {"label": "blog.signals.tell"},
    }
    assert graph.edges == [
        (signal, notify, {"label": "1 blog.Comment"}),
        (signal, notify, {"label": "2"}),
        (signal, tell, {"label": "3 blog.Comment", "style": "dashed"}),
        (signal, tell, {"label": "4 blog.Comment", "style": "dotted"}),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_the_graph(name: str) -> None:
    graph = Graph(as_dot(mapped(replace(LINE, name=name, file="", sender=name), LATER)))
    ((_signal, receiver, edge), _later) = graph.edges
    assert graph.nodes[receiver] == {"label": printable(name)}
    assert edge == {"label": f"1 {printable(name)}".strip()}
    assert len(graph.nodes) == 3


def test_a_map_without_receivers_is_an_empty_graph() -> None:
    graph = Graph(as_dot(SignalMap((SignalLines(POST_SAVE, ()),))))
    assert (graph.nodes, graph.edges) == ({}, [])


# All of it, as it is connected here


def test_what_is_connected_can_be_told_in_every_way() -> None:
    shown = signal_map()
    count = sum(len(one.receivers) for one in shown.signals)
    data: dict[str, Any] = json.loads(as_json(shown))
    assert sum(len(one["receivers"]) for one in data["signals"]) == count > 0
    assert len(Graph(as_dot(shown)).edges) == count
    text = as_text(shown, style=no_style())
    assert all(line.name in text for one in shown.signals for line in one.receivers)
