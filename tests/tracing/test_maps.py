"""The signal map: receivers with all that is known of them, what is wrong with them, the life of a row."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FunctionType
from typing import Any

import django
import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, User
from django.core.signals import request_finished
from django.db import models, transaction
from django.db.models import signals
from django.dispatch import Signal
from django.test.utils import isolate_apps
from django.utils.translation import gettext, override

from signals_audit import signals as own
from signals_audit.tracing import origins, watching
from signals_audit.tracing.findings import LABELS
from signals_audit.tracing.lives import LABELS as MOMENTS
from signals_audit.tracing.lives import taken_along, throughs_of
from signals_audit.tracing.maps import (
    BLIND_SPOTS,
    Finding,
    Moment,
    ReceiverLine,
    SignalLines,
    Step,
    UnknownSender,
    life_of,
    signal_map,
)
from signals_audit.tracing.named import MODEL, Origin, UnknownSignal, named_signals
from signals_audit.tracing.reports import as_json
from tests.testapp import models as testapp
from tests.testapp.models import (
    Article,
    Author,
    Bistro,
    Comment,
    Place,
    PublishedArticle,
    Restaurant,
    Tag,
    Topic,
)

HERE = "tests/tracing/test_maps.py"
KNOWS_SENDERS = django.VERSION >= (6, 0)
OF_STRANGERS = {False: "?", True: "builtins.int"}  # names of senders that are neither models nor apps


def hear(**_named: Any) -> None: ...


async def hear_later(**_named: Any) -> None: ...


def hear_little(sender: Any, signal: Any) -> None: ...


def factory(kind: str, *, more: int = 0) -> Callable[..., Any]:
    def made(size: int = more, **_named: Any) -> str:
        return kind

    return made


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(**named: Any) -> Any:
        return function(**named)

    return wrapper


class Ears:
    def hear(self, **_named: Any) -> None: ...

    def __call__(self, **_named: Any) -> None: ...


Connect = Callable[..., None]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a function that connects receivers for one test."""
    done: list[tuple[Signal, dict[str, Any]]] = []

    def connect(signal: Signal, receiver: Any, *, weak: bool = False, **options: Any) -> None:
        signal.connect(receiver, weak=weak, **options)
        done.append((signal, {"receiver": None if weak else receiver, **options}))

    yield connect
    for signal, options in done:
        if options["receiver"] is not None or "dispatch_uid" in options:
            signal.disconnect(**options)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Signal:
    """Return a signal of an installed app, which nobody hears but who is connected by a test."""
    signal = Signal()
    monkeypatch.setattr(testapp, "article_read", signal, raising=False)
    return signal


def lines(name: str, sender: str | None = None) -> tuple[ReceiverLine, ...]:
    (found,) = signal_map(signal=name, sender=sender).signals
    return found.receivers


def names(name: str, sender: str | None = None) -> list[str]:
    """Return the names of the receivers that are of this module."""
    found = (line.name for line in lines(name, sender))
    return [one.removeprefix(f"{__name__}.") for one in found if one.startswith(__name__)]


def findings(signal: str = "article_read") -> list[tuple[Finding, ...]]:
    return [line.findings for line in lines(signal) if line.name.startswith(__name__)]


def here(function: Callable[..., Any]) -> int:
    return inspect.getsourcelines(function)[1]


# Lines


def test_a_line_says_all_that_is_known_of_a_receiver(read: Signal) -> None:
    ears = Ears()
    read.connect(hear_later, sender="a text", dispatch_uid="later")
    read.connect(hear)
    read.connect(ears.hear, sender=Article, weak=False)
    line = here(test_a_line_says_all_that_is_known_of_a_receiver) + 2
    where = "in test_a_line_says_all_that_is_known_of_a_receiver"
    known = {"is_dead": False, "app": "", "origin": Origin.OTHER}
    assert lines("article_read") == (
        ReceiverLine(
            position=1,
            name=f"{__name__}.hear",
            file=HERE,
            line=here(hear),
            sender="",
            dispatch_uid="",
            is_weak=True,
            is_async=False,
            connected_by=f"{HERE}:{line + 1} {where}",
            **known,  # type: ignore[arg-type]
        ),
        ReceiverLine(
            position=2,
            name=f"{__name__}.Ears.hear",
            file=HERE,
            line=here(Ears.hear),
            sender="testapp.Article",
            dispatch_uid="",
            is_weak=False,
            is_async=False,
            connected_by=f"{HERE}:{line + 2} {where}",
            **known,  # type: ignore[arg-type]
        ),
        ReceiverLine(
            position=3,
            name=f"{__name__}.hear_later",
            file=HERE,
            line=here(hear_later),
            sender="a text",
            dispatch_uid="later",
            is_weak=True,
            is_async=True,
            connected_by=f"{HERE}:{line} {where}",
            **known,  # type: ignore[arg-type]
        ),
    )


def test_receivers_have_an_app_and_an_origin() -> None:
    (permissions,) = [line for line in lines("post_migrate") if line.name.endswith(".create_permissions")]
    assert permissions.name == f"{create_permissions.__module__}.create_permissions"
    assert (permissions.app, permissions.origin, permissions.sender) == ("auth", Origin.DJANGO, "")
    ours = [line for line in lines("pre_migrate") if line.origin is Origin.OWN]
    assert {(line.app, line.sender) for line in ours} == {("signals_audit", "signals_audit")}
    assert all(line.connected_by.startswith("signals_audit/apps.py:") for line in ours)


def test_senders_of_every_kind_have_names(read: Signal, connect: Connect) -> None:
    for sender in (None, Article, Article.tags.through, apps.get_app_config("auth"), Ears, "text"):
        connect(read, hear, sender=sender)
    assert [line.sender for line in lines("article_read")] == [
        *("", "testapp.Article", "testapp.Article_tags", "auth", f"{__name__}.Ears", "text")
    ]


@pytest.mark.parametrize(
    ("sender", "name"), [(int, OF_STRANGERS[KNOWS_SENDERS]), (Article, "testapp.Article"), (None, "")]
)
def test_senders_of_what_was_connected_unnoticed(read: Signal, sender: Any, name: str) -> None:
    """Put an entry there as Django does: who connects before our app is made is not noticed."""
    kept = (lambda: sender) if sender is not None else None
    read.receivers.append((("uid", id(sender)), hear, *((kept,) if KNOWS_SENDERS else ()), False))
    (line,) = lines("article_read")
    assert (line.name, line.sender, line.connected_by) == (f"{__name__}.hear", name, "")


def test_every_signal_and_receiver_can_be_shown_on_every_django() -> None:
    shown = signal_map()
    assert [one.signal for one in shown.signals] == named_signals()
    for one in shown.signals:
        assert [line.position for line in one.receivers] == list(range(1, len(one.receivers) + 1))
    closing = [line.name for line in lines("request_finished")]
    assert "django.db.close_old_connections" in closing
    assert len(closing) == len(request_finished.receivers)


def test_the_order_is_that_of_the_calls(read: Signal, connect: Connect) -> None:
    ears = Ears()
    for receiver in (hear_later, ears.hear, hear, ears):
        connect(read, receiver)
    called = [receiver for receivers in read._live_receivers(None) for receiver in receivers]  # type: ignore[attr-defined]
    assert called == [ears.hear, hear, ears, hear_later]
    assert names("article_read") == ["Ears.hear", "hear", "Ears", "hear_later"]


# Choosing


def test_a_sender_is_shown_with_those_who_hear_of_it(connect: Connect) -> None:
    connect(signals.post_save, hear, sender=Article)
    connect(signals.post_save, hear_little, sender=Author)
    connect(signals.post_save, factory("any"))
    assert names("post_save", "testapp.Article") == ["hear", "factory.<locals>.made"]
    assert names("post_save", "TESTAPP.author") == ["hear_little", "factory.<locals>.made"]
    assert [line.position for line in lines("post_save", "testapp.Tag")] == list(
        range(1, len(lines("post_save", "testapp.Tag")) + 1)
    )


def test_signals_without_receivers_stay_on_the_map() -> None:
    shown = signal_map(sender="testapp.Article").signals
    assert [one.signal for one in shown] == named_signals()
    assert SignalLines(next(one.signal for one in shown if one.signal.name == "pre_init"), ()) in shown


def test_a_model_hears_of_its_many_to_many_rows_from_either_side(connect: Connect) -> None:
    connect(signals.m2m_changed, hear, sender=Article.tags.through)
    heard = [names("m2m_changed", f"testapp.{name}") for name in ("Article", "Tag", "Article_tags", "Author")]
    assert heard == [["hear"], ["hear"], ["hear"], []]


def test_what_no_model_sends_is_heard_of_no_model(connect: Connect) -> None:
    connect(request_finished, hear)
    connect(signals.post_migrate, hear)
    assert (names("request_finished"), names("post_migrate")) == (["hear"], ["hear"])
    assert (lines("request_finished", "testapp.Tag"), lines("post_migrate", "testapp.Tag")) == ((), ())


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("testapp.Artikle", "There is no model “testapp.Artikle”. Perhaps you mean testapp.Article"),
        ("xyz", "There is no model “xyz”. Write it as “app.Model”."),
    ],
)
def test_a_sender_that_is_not_there_is_told(sender: str, message: str) -> None:
    with pytest.raises(UnknownSender) as raised:
        signal_map(sender=sender)
    assert str(raised.value).startswith(message)


def test_a_signal_that_is_not_there_is_told() -> None:
    with pytest.raises(UnknownSignal):
        signal_map(signal="post_sav")


# Findings


def test_a_receiver_as_it_should_be_has_no_findings(read: Signal, connect: Connect) -> None:
    connect(read, hear, sender=Article)
    connect(read, hear, sender=Author)
    connect(read, hear_later)
    connect(read, print)
    assert findings() == [(), (), ()]
    assert lines("article_read")[2].findings == (Finding.NO_KWARGS,)


@pytest.mark.parametrize("senders", [(None, None), (Article, Article), (None, Article), (Article, None)])
def test_the_same_function_twice_is_found(read: Signal, connect: Connect, senders: tuple[Any, Any]) -> None:
    connect(read, hear, sender=senders[0])
    connect(read, hear, sender=senders[1], dispatch_uid="again")
    assert findings() == [(Finding.TWICE,), (Finding.TWICE,)]


def test_one_of_three_senders_that_is_there_twice_is_found(read: Signal, connect: Connect) -> None:
    connect(read, hear, sender=Article)
    connect(read, hear, sender=Author)
    connect(read, hear, sender=Author, dispatch_uid="again")
    assert findings() == [(), (Finding.TWICE,), (Finding.TWICE,)]


def copy_of(function: Any, name: str) -> FunctionType:
    """Return a function as it is when its module is imported under another name."""
    copied = FunctionType(function.__code__.replace(), {"__name__": name}, closure=function.__closure__)
    copied.__module__ = name
    return copied


def test_a_module_that_was_imported_under_two_names_is_found(read: Signal, connect: Connect) -> None:
    connect(read, hear)
    connect(read, copy_of(hear, f"{__name__}.again"))
    connect(read, decorated(hear_little))
    connect(read, decorated(copy_of(hear_little, f"{__name__}.again")))
    assert findings() == [(Finding.TWICE,)] * 4


def test_a_local_function_that_was_made_twice_is_found(read: Signal, connect: Connect) -> None:
    for _time in range(2):
        connect(read, factory("letter"))
    assert findings() == [(Finding.TWICE,)] * 2


def test_what_only_looks_alike_is_not_taken_for_the_same(read: Signal, connect: Connect) -> None:
    one, other = Ears(), Ears()
    alike = (
        *(factory("letter"), factory("parcel"), factory("letter", more=1)),
        *(decorated(hear), decorated(hear_little)),
        *(one.hear, other.hear, one, other),
        *(partial(hear, a=one), partial(hear, a=other), partial(hear, b=one), partial(hear, one)),
        *(lambda **_named: 1, lambda **_named: 2),
    )
    for receiver in alike:
        connect(read, receiver)
    assert [line.findings for line in lines("article_read")] == [()] * len(alike)


def test_methods_and_partials_that_are_there_twice_are_found(read: Signal, connect: Connect) -> None:
    ears = Ears()
    for uid in ("one", "two"):
        connect(read, ears.hear, dispatch_uid=f"method {uid}")
        connect(read, partial(hear, more=ears), dispatch_uid=f"partial {uid}")
        connect(read, ears, dispatch_uid=f"object {uid}")
    assert [line.findings for line in lines("article_read")] == [(Finding.TWICE,)] * 6


def test_a_dead_receiver_is_shown_after_all_others(read: Signal) -> None:
    read.connect(lambda **_named: None, sender=Article, dispatch_uid="lambda")
    read.connect(hear_later)
    read.connect(hear)
    gc.collect()
    read.receivers.insert(0, read.receivers.pop())
    name = "test_a_dead_receiver_is_shown_after_all_others"
    assert [(line.position, line.name) for line in lines("article_read")] == [
        (1, f"{__name__}.hear"),
        (2, f"{__name__}.hear_later"),
    ]
    read.connect(Ears().hear, sender=Article, dispatch_uid="ears")
    line = here(test_a_dead_receiver_is_shown_after_all_others) + 11
    assert lines("article_read")[2:] == (
        ReceiverLine(
            position=3,
            name=f"{__name__}.Ears.hear",
            file=HERE,
            line=here(Ears.hear),
            sender="testapp.Article",
            dispatch_uid="ears",
            is_weak=True,
            is_dead=True,
            is_async=False,
            connected_by=f"{HERE}:{line} in {name}",
            app="",
            origin=Origin.OTHER,
            findings=(Finding.DEAD,),
        ),
    )


def test_early_receivers_that_django_has_forgotten_are_still_shown(
    read: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "ready", False)
    read.connect(lambda **_named: None)
    read.connect(Ears().hear, sender=Article)
    gc.collect()
    assert read.send(Article) == []
    monkeypatch.setattr(apps, "ready", True)
    shown = [(line.position, line.is_dead, line.sender, line.findings) for line in lines("article_read")]
    assert shown == [(1, True, "", (Finding.DEAD,)), (2, True, "testapp.Article", (Finding.DEAD,))]
    assert [line.sender for line in lines("article_read", "testapp.Article")] == ["", "testapp.Article"]
    assert [line.sender for line in lines("article_read", "testapp.Author")] == [""]
    ears = Ears()
    read.connect(ears.hear, sender=Article)
    assert [line.is_dead for line in lines("article_read")] == [False, True]


def forget_later(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is remembered of a signal's receivers from now on forgotten when the test is over."""
    memory, memories = origins._Memory(), origins._listener.memories
    if id(signal) in memories:
        memory.known.update(memories[id(signal)].known)
    monkeypatch.setitem(memories, id(signal), memory)


def test_the_life_of_a_row_shows_early_receivers_that_django_has_forgotten(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "ready", False)
    for signal in (signals.post_save, signals.pre_delete):
        forget_later(signal, monkeypatch)
        signal.connect(Ears().hear, sender=Comment)
        gc.collect()
        connect(signal, hear, sender=Tag)  # whoever connects next has the dead removed
    monkeypatch.setattr(apps, "ready", True)
    assert ("post_save", ["Ears.hear"]) in told(life_of(Comment))
    assert ("pre_delete", [("pre_delete", "testapp.Comment", ["Ears.hear"])]) in told(life_of(Article))


def test_an_early_receiver_that_django_has_not_forgotten_yet_is_shown_once(
    read: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "ready", False)
    read.connect(Ears().hear, dispatch_uid="ears")
    gc.collect()
    shown = [(line.position, line.dispatch_uid, line.findings) for line in lines("article_read")]
    assert shown == [(1, "ears", (Finding.DEAD,))]


def test_what_cannot_be_encoded_is_replaced(read: Signal, connect: Connect) -> None:
    def strange(**_named: Any) -> None: ...

    strange.__module__, strange.__qualname__ = "blog\udc80", "\ud800strange"
    connect(read, strange, dispatch_uid="a\udfff\U0001f600b")
    (line,) = lines("article_read")
    assert (line.name, line.dispatch_uid) == ("blog\ufffd.\ufffdstrange", "a\ufffd\U0001f600b")
    assert as_json(signal_map()).encode()


def test_receivers_of_packages_that_are_installed_are_told_from_the_project_s(
    read: Signal, connect: Connect
) -> None:
    made: dict[str, Any] = {"__name__": "other.signals"}
    for folder in ("site-packages", "dist-packages", "project"):
        exec(compile(f"def {folder[:4]}(**named): ...", f"/venv/{folder}/other/signals.py", "exec"), made)  # noqa: S102
        connect(read, made[folder[:4]])
    connect(read, print)
    assert [line.is_installed for line in lines("article_read")] == [True, True, False, False]


def test_a_receiver_without_named_arguments_is_found(read: Signal, connect: Connect) -> None:
    connect(read, hear_little)
    connect(read, partial(hear_little, sender=None))
    connect(read, Ears())
    assert findings() == [(Finding.NO_KWARGS,), (Finding.NO_KWARGS,), ()]


@pytest.mark.parametrize(
    ("signal", "finding"),
    [
        ("pre_init", Finding.EVERY_INSTANCE),
        ("post_init", Finding.EVERY_INSTANCE),
        ("pre_delete", Finding.EVERY_SENDER_DELETE),
        ("post_delete", Finding.EVERY_SENDER_DELETE),
        ("m2m_changed", Finding.NO_SENDER_M2M),
        ("pre_save", None),
    ],
)
def test_receivers_of_every_model_are_found_where_they_cost(
    connect: Connect, signal: str, finding: Finding | None
) -> None:
    connect(getattr(signals, signal), hear)
    assert findings(signal) == [(finding,) if finding else ()]


def test_receivers_of_one_model_cost_less(connect: Connect) -> None:
    for signal in (signals.pre_delete, signals.m2m_changed, signals.post_init):
        connect(signal, hear, sender=Article)
    found = [findings(name) for name in ("pre_delete", "m2m_changed", "post_init")]
    assert found == [[()], [()], [(Finding.EVERY_INSTANCE,)]]


def test_coroutines_behind_saves_are_found(connect: Connect) -> None:
    connect(signals.post_save, hear_later, sender=Article)
    connect(request_finished, hear_later)
    assert (findings("post_save"), findings("request_finished")) == ([(Finding.COROUTINE,)], [()])


def test_every_finding_moment_and_blind_spot_has_a_sentence() -> None:
    with override("en"):
        said = [str(one.label) for one in (*Finding, *Moment)] + [str(spot) for spot in BLIND_SPOTS]
    assert all(said)
    assert len(set(said)) == len(Finding) + len(Moment) + len(BLIND_SPOTS)
    assert (set(LABELS), set(MOMENTS)) == (set(Finding), set(Moment))
    assert [gettext(str(one)) for one in BLIND_SPOTS] == [str(one) for one in BLIND_SPOTS]


# The life of a row


def told(steps: tuple[Step, ...]) -> list[Any]:
    """Return steps as names, with the receivers of this module, and what is within them."""
    return [_told(step) for step in steps]


def _told(step: Step) -> Any:
    name = step.signal.name if step.signal is not None else step.moment and step.moment.value
    heard = [line.name.removeprefix(f"{__name__}.") for line in step.receivers if __name__ in line.name]
    parts = [part for part in (step.sender, heard, told(step.children)) if part]
    return (name, *parts) if parts else name


ENTRY = "entry_written"
WRITTEN = ("row_written", [ENTRY, "object_created", "object_changed", "changes_captured"])
RELATED = ("relations_written", [ENTRY, "relation_changed", "changes_captured"])
DELETED = ("row_deleted", [ENTRY, "object_deleted", "changes_captured"])
SAVED = ["pre_init", "post_init", "pre_save", WRITTEN, "post_save"]
AT_LAST = ["pre_delete", DELETED, "post_delete", "commit", "changes_committed"]


def test_the_life_of_a_row_is_in_order() -> None:
    assert told(life_of(Author)) == [*SAVED, *AT_LAST]


def test_the_life_of_a_row_with_relations_is_in_order() -> None:
    related = ["m2m_changed", RELATED, "m2m_changed"]
    assert told(life_of(Article)) == [*SAVED, *related, *AT_LAST]
    assert told(life_of(Tag)) == [*SAVED, *related, *AT_LAST]


def test_steps_have_the_receivers_of_the_model_and_of_any(connect: Connect) -> None:
    ears = Ears()
    connect(signals.post_save, hear, sender=Author)
    connect(signals.post_save, ears, sender=Article)
    connect(own.object_created, hear_later, sender=Author)
    connect(own.changes_committed, hear)
    connect(signals.pre_save, ears)
    steps = told(life_of(Author))
    assert steps == [
        *("pre_init", "post_init", ("pre_save", ["Ears"])),
        ("row_written", [ENTRY, ("object_created", ["hear_later"]), "object_changed", "changes_captured"]),
        ("post_save", ["hear"]),
        *("pre_delete", DELETED, "post_delete", "commit", ("changes_committed", ["hear"])),
    ]


def test_receivers_of_a_step_are_whole_lines(connect: Connect) -> None:
    connect(signals.post_save, hear, sender=Author)
    (step,) = [one for one in life_of(Author) if one.signal and one.signal.name == "post_save"]
    assert step.receivers == lines("post_save", "testapp.Author")


def test_entries_of_children_are_told_of_their_parents_and_of_proxies_of_their_model(
    connect: Connect,
) -> None:
    ears = Ears()
    connect(own.object_changed, hear, sender=Place)
    connect(own.object_changed, hear_later, sender=Article)
    connect(signals.post_save, ears, sender=Place)
    of_child, of_proxy = told(life_of(Bistro)), told(life_of(PublishedArticle))
    assert of_child[3][1][2] == ("object_changed", ["hear"])
    assert of_child[4] == "post_save"
    assert of_proxy[3][1][2] == ("object_changed", ["hear_later"])


def test_rows_that_go_with_a_row_are_there_if_somebody_hears_of_them(connect: Connect) -> None:
    connect(signals.pre_delete, hear, sender=Comment)
    connect(signals.post_delete, hear, sender=Place)
    connect(signals.post_delete, hear_later, sender=testapp.Note)
    assert told(life_of(Article))[-5] == ("pre_delete", [("pre_delete", "testapp.Comment", ["hear"])])
    assert told(life_of(Restaurant))[-3] == ("post_delete", [("post_delete", "testapp.Place", ["hear"])])
    assert told(life_of(Topic))[-3] == ("post_delete", [("post_delete", "testapp.Note", ["hear_later"])])


def test_rows_that_go_with_a_row_are_those_that_django_deletes() -> None:
    assert taken_along(Article) == (Comment, testapp.Ordered)
    assert taken_along(Author) == (Article, Comment, testapp.Ordered)
    assert taken_along(Topic) == (testapp.Note,)
    assert taken_along(Bistro) == (Restaurant, Place)
    assert taken_along(PublishedArticle) == (Comment, testapp.Ordered)
    assert taken_along(testapp.Parent) == (testapp.Child,)
    assert taken_along(testapp.Reader) == ()


def test_rows_that_go_with_each_other_come_to_an_end() -> None:
    with isolate_apps("tests.testapp"):

        class Hen(models.Model):
            egg = models.ForeignKey("Egg", models.CASCADE)

            class Meta:
                app_label = "testapp"

        class Egg(models.Model):
            hen = models.ForeignKey(Hen, models.CASCADE)

            class Meta:
                app_label = "testapp"

        assert (taken_along(Hen), taken_along(Egg)) == ((Egg,), (Hen,))


def test_many_to_many_rows_are_those_of_both_sides() -> None:
    tags, picks = Article.tags.through, Article.picks.through
    assert throughs_of(Article) == throughs_of(PublishedArticle) == (tags, picks)
    assert throughs_of(Tag) == (tags, picks, testapp.Shelving)
    assert throughs_of(Author) == ()
    assert throughs_of(User) == (User.groups.through, User.user_permissions.through)
    assert throughs_of(Group) == (Group.permissions.through, User.groups.through)


class Order:
    """A watcher who notes which signals are sent."""

    def __init__(self) -> None:
        self.named = {id(one.signal): one for one in named_signals() if one.origin is Origin.OWN}
        self.named |= {id(one.signal): one for one in named_signals() if one.module == MODEL}
        self.sent: list[str] = []

    def begin(self, signal: Signal, sender: Any, named: Mapping[str, Any]) -> None:
        if sender in (Article, None) or signal is signals.m2m_changed:
            self.sent.append(self.named[id(signal)].name)


def flat(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        if step.signal is not None:
            yield step.signal.name
        yield from flat(step.children)


@pytest.mark.django_db(transaction=True)
def test_the_life_of_a_row_is_as_it_really_happens(connect: Connect) -> None:
    """Some signals are sent only if somebody hears them."""
    tag, old = Tag.objects.create(name="django"), Article.objects.create(title="Old")
    order = Order()
    for signal in (own.changes_captured, own.changes_committed):
        connect(signal, hear)
    connect(signals.m2m_changed, hear, sender=Article.tags.through)
    connect(signals.pre_delete, hear, sender=Article)
    watched = [one.signal for one in order.named.values()]
    watching.start(order, watched)
    try:
        with transaction.atomic():
            article = Article(title="Signals")
            article.save()
            article.tags.add(tag)
            old.delete()
    finally:
        watching.stop(order, watched)
    made, then = order.sent[:2], order.sent[2:]
    then = [name for name in then if not name.endswith("_init")]  # the owner is made again, for its text
    assert [*made, *then] == [name for name in flat(life_of(Article)) if name != "object_changed"]
