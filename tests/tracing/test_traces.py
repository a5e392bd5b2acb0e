"""`trace_signals` writes down what a block sends, and nothing else, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections
from django.db.models.signals import post_init, post_save, pre_init, pre_save
from django.dispatch import Signal
from django.test import override_settings
from django.test.signals import setting_changed
from django.utils.functional import SimpleLazyObject

from signals_audit.signals import object_created
from signals_audit.tracing import seams
from signals_audit.tracing.named import UnknownSignal, named_signals
from signals_audit.tracing.recording import Recording
from signals_audit.tracing.traces import Cycle, NotTraced, Trace, trace_signals
from tests.testapp.models import Article, Author, Comment, Tag

HERE = __name__


@contextmanager
def heard(signal: Signal, *receivers: Callable[..., Any], sender: Any = None) -> Iterator[None]:
    """Have receivers connected in a block."""
    with ExitStack() as stack:
        for receiver in receivers:
            signal.connect(receiver, sender=sender, weak=False)
            stack.callback(signal.disconnect, receiver, sender=sender)
        yield


def shape(trace: Trace) -> list[tuple[int, int | None, str, str, list[str]]]:
    """Return what was sent within what, and who was called."""
    return [
        (one.number, one.parent, one.name, one.sender_label, [called.name for called in one.receivers])
        for one in trace.sent
    ]


def of_the_test(trace: Trace) -> list[str]:
    """Return the receivers of this module that were called, in order."""
    return [
        called.name.removeprefix(f"{HERE}.")
        for one in trace.sent
        for called in one.receivers
        if called.name.startswith(HERE)
    ]


def quiet(**_kwargs: Any) -> None:
    """Hear, and do nothing."""


def other(**_kwargs: Any) -> None:
    """Hear, and do nothing either."""


def failing(**_kwargs: Any) -> None:
    raise ValueError("No.")


def counting(**_kwargs: Any) -> None:
    Tag.objects.count()
    Tag.objects.count()


def tagging(instance: Author, **_kwargs: Any) -> None:
    """Ask once, and have another row saved, which makes others ask."""
    Tag.objects.using(instance._state.db).create(name=f"of {instance.name}")


async def slowly(**_kwargs: Any) -> None:
    await asyncio.sleep(0.05)


def is_untouched() -> bool:
    """Tell whether no signal is intercepted, and no connection has a wrapper of a trace."""
    intercepted = [one.name for one in named_signals() if seams.is_intercepted(one.signal)]
    wrappers = [wrapper for one in connections.all() for wrapper in one.execute_wrappers]
    return not intercepted and not any(
        isinstance(getattr(wrapper, "__self__", None), Recording) for wrapper in wrappers
    )


# What was sent


@pytest.mark.django_db
def test_a_save_is_written_down_in_order() -> None:
    with heard(post_save, quiet, sender=Author), trace_signals("pre_save", post_save) as trace:
        author = Author.objects.create(name="Ada")
    own = "signals_audit.capture.receivers."
    assert [(one.name, one.sender, one.depth, one.sent_by) for one in trace.sent] == [
        ("pre_save", Author, 0, ""),
        ("post_save", Author, 0, ""),
    ]
    before, after = trace.sent
    assert [called.name.startswith(own) for called in before.receivers] == [True]
    assert after.receivers[-1].name == f"{HERE}.quiet"
    assert dict(after.arguments) == {
        "instance": author,
        "created": True,
        "raw": False,
        "using": "default",
        "update_fields": None,
    }


@pytest.mark.django_db
def test_without_names_all_signals_are_traced_ours_among_them() -> None:
    with trace_signals() as trace:
        Author.objects.create(name="Ada")
    names = [one.name for one in trace.sent if one.sender is Author]
    assert names == ["pre_init", "post_init", "pre_save", "object_created", "post_save"]
    assert [one.signal for one in trace.signals] == [one.signal for one in named_signals()]


def test_a_signal_of_ones_own_is_traced_by_itself() -> None:
    signal = Signal()
    with heard(signal, quiet), trace_signals(signal) as trace:
        signal.send("anybody", colour="red")
    assert [(one.sender_label, dict(one.arguments)) for one in trace.sent] == [("anybody", {"colour": "red"})]
    assert trace.assert_sent(signal, colour="red") == list(trace.sent)


def test_a_wrong_name_is_said_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownSignal, match="Perhaps you mean post_save"):
        trace_signals("post_svae").__enter__()


@pytest.mark.django_db
def test_what_receivers_send_is_within_what_called_them() -> None:
    with (
        heard(post_save, tagging, sender=Author),
        heard(pre_save, quiet, sender=Tag),
        trace_signals("pre_save", "post_save") as trace,
    ):
        Author.objects.create(name="Ada")
    names = [(one.number, one.parent, one.depth, one.name, one.sender, one.sent_by) for one in trace.sent]
    assert names == [
        (1, None, 0, "pre_save", Author, ""),
        (2, None, 0, "post_save", Author, ""),
        (3, 2, 1, "pre_save", Tag, f"{HERE}.tagging"),
        (4, 2, 1, "post_save", Tag, f"{HERE}.tagging"),
    ]
    assert trace.sent[1].receivers[-1].children == trace.sent[2:]


def test_a_send_that_nobody_hears_is_written_down_too() -> None:
    signal = Signal()
    with trace_signals(signal) as trace:
        signal.send(None)
    (sent,) = trace.sent
    assert (sent.sender, sent.sender_label, sent.receivers, sent.error) == (None, "", (), None)


def test_an_error_is_written_down_with_those_who_were_not_called() -> None:
    signal = Signal()
    with heard(signal, quiet, failing, other), trace_signals(signal) as trace:
        with pytest.raises(ValueError, match="No"):
            signal.send(None)
        signal.send_robust(None)
    stopped, robust = trace.sent
    assert [(called.name, str(called.error)) for called in stopped.receivers] == [
        (f"{HERE}.quiet", "None"),
        (f"{HERE}.failing", "No."),
    ]
    assert (stopped.not_called, str(stopped.error)) == ((f"{HERE}.other",), "No.")
    assert [str(called.error) for called in robust.receivers] == ["None", "No.", "None"]
    assert (robust.not_called, robust.error) == ((), None)


def test_partials_methods_and_objects_are_called_by_their_names() -> None:
    class Listener:
        def hear(self, **_kwargs: Any) -> None: ...

        def __call__(self, **_kwargs: Any) -> None: ...

    signal, name = Signal(), "test_partials_methods_and_objects_are_called_by_their_names.<locals>.Listener"
    with heard(signal, partial(quiet), Listener().hear, Listener()), trace_signals(signal) as trace:
        signal.send(None)
    assert of_the_test(trace) == ["quiet", f"{name}.hear", name]


@pytest.mark.django_db
def test_an_object_is_told_by_its_key_as_it_was_then() -> None:
    with trace_signals("pre_save", "post_save", "post_delete") as trace:
        author = Author.objects.create(name="Ada")
        key = author.pk
        author.delete()
    subjects = [one.subject for one in trace.sent]
    assert [subject and subject.label for subject in subjects] == ["", str(key), str(key)]


# Queries


@pytest.mark.django_db
def test_queries_belong_to_the_receiver_that_asked_them() -> None:
    with (
        heard(post_save, quiet, tagging, sender=Author),
        heard(post_save, counting, sender=Tag),
        trace_signals("post_save") as trace,
    ):
        Author.objects.create(name="Ada")
    of_author, of_tag = trace.sent
    first, second = of_author.receivers[-2:]
    assert (first.name, first.queries) == (f"{HERE}.quiet", 0)
    assert (of_tag.receivers[-1].queries, of_tag.queries, of_tag.all_queries) == (2, 2, 2)
    assert second.queries > 0
    assert second.all_queries == second.queries + 2
    assert (of_author.queries, of_author.all_queries) == (second.queries, second.queries + 2)


@pytest.mark.django_db(databases=["default", "other"])
def test_queries_on_all_connections_count() -> None:
    def everywhere(**_kwargs: Any) -> None:
        Tag.objects.using("other").count()
        Tag.objects.count()

    signal = Signal()
    with heard(signal, everywhere), trace_signals(signal) as trace:
        Tag.objects.count()
        signal.send(None)
    assert trace.sent[0].queries == 2


def test_a_database_that_cannot_be_used_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        connections.settings, "broken", {**connections.settings["other"], "ENGINE": "no.such"}
    )
    signal = Signal()
    with heard(signal, quiet), trace_signals(signal) as trace:
        signal.send(None)
    assert of_the_test(trace) == ["quiet"]


@pytest.mark.django_db
def test_who_leaves_a_wrapper_of_ones_own_takes_off_that_and_no_other() -> None:
    seen: list[str] = []

    def wrapper(execute: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    signal = Signal()
    with heard(signal, counting), ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(wrapper))
        with trace_signals(signal) as trace:
            stack.pop_all().close()
            assert wrapper not in connection.execute_wrappers
            signal.send(None)
    assert (trace.sent[0].queries, seen) == (2, [])
    assert is_untouched()


# Time, threads, coroutines


def test_a_coroutine_is_timed_until_its_end() -> None:
    signal = Signal()
    with heard(signal, quiet, slowly), trace_signals(signal) as trace:
        signal.send(None)
        async_to_sync(signal.asend)(None)
        async_to_sync(signal.asend_robust)(None)
    for sent in trace.sent:
        plain, coroutine = sent.receivers
        assert (plain.is_async, coroutine.is_async) == (False, True)
        assert sent.seconds >= coroutine.seconds >= 0.05 > plain.seconds


@pytest.mark.django_db(transaction=True)
def test_what_coroutines_send_and_ask_is_theirs() -> None:
    inner, outer = Signal(), Signal()

    async def asking(**_kwargs: Any) -> None:
        await Tag.objects.acount()
        await inner.asend("coroutine")

    Tag.objects.count()  # opening a connection may take queries
    with heard(outer, asking), heard(inner, counting), trace_signals(outer, inner) as trace:
        async_to_sync(outer.asend)(None)
    first, second = trace.sent
    assert (second.parent, second.depth) == (1, 1)
    assert first.receivers[0].queries == 1
    assert first.receivers[0].children == (second,)
    assert (second.receivers[0].queries, first.all_queries) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_queries_of_coroutines_count_on_the_thread_that_they_are_handed_to() -> None:
    signal = Signal()

    async def asking(**_kwargs: Any) -> None:
        await Tag.objects.acount()

    async def block() -> Trace:
        await Tag.objects.acount()  # opening a connection may take queries
        with trace_signals(signal) as trace:
            await signal.asend(None)
        await sync_to_async(connections.close_all)()
        return trace

    with heard(signal, asking):
        trace = asyncio.run(block())
    assert trace.sent[0].queries == 1


def test_coroutines_that_run_side_by_side_do_not_mix() -> None:
    outer, inner = Signal(), Signal()

    async def one(**_kwargs: Any) -> None:
        await asyncio.sleep(0.01)
        await inner.asend("one")

    async def two(**_kwargs: Any) -> None:
        await inner.asend("two")
        await asyncio.sleep(0.02)

    with heard(outer, one, two), trace_signals(outer, inner) as trace:
        async_to_sync(outer.asend)(None)
    children = [[child.sender for child in called.children] for called in trace.sent[0].receivers]
    assert children == [["one"], ["two"]]


def test_a_block_in_async_code_sees_what_is_handed_to_threads() -> None:
    signal = Signal()

    async def block() -> Trace:
        with trace_signals(signal) as trace:
            await sync_to_async(signal.send)("thread")
            await signal.asend("loop")
        return trace

    with heard(signal, quiet, slowly):
        trace = asyncio.run(block())
    assert [one.sender for one in trace.sent] == ["thread", "loop"]
    assert [len(one.receivers) for one in trace.sent] == [2, 2]


def test_other_threads_are_left_out_and_have_traces_of_their_own() -> None:
    signal = Signal()
    traces: list[Trace] = []

    def work(name: str) -> None:
        with trace_signals(signal) as trace:
            for _round in range(200):
                signal.send(name)
        traces.append(trace)

    with heard(signal, quiet), trace_signals(signal) as trace:
        threads = [Thread(target=work, args=[f"thread {number}"]) for number in range(4)]
        for thread in threads:
            thread.start()
        signal.send("here")
        for thread in threads:
            thread.join()
    assert [one.sender for one in trace.sent] == ["here"]
    assert sorted([one.sender for one in trace.sent] for trace in traces) == [
        [f"thread {number}"] * 200 for number in range(4)
    ]
    assert is_untouched()


# Nothing is left behind


@pytest.mark.django_db
def test_a_block_that_ends_leaves_nothing_behind() -> None:
    with trace_signals() as trace:
        assert seams.is_intercepted(post_save)
        assert not is_untouched()
        Author.objects.create(name="Ada")
    count = len(trace.sent)
    assert is_untouched()
    Author.objects.create(name="Ben")
    assert len(trace.sent) == count


def test_a_block_that_fails_leaves_nothing_behind() -> None:
    with pytest.raises(KeyboardInterrupt), trace_signals():
        raise KeyboardInterrupt
    assert is_untouched()


def test_blocks_within_each_other_each_see_their_own() -> None:
    signal = Signal()
    with heard(signal, quiet), trace_signals(signal) as outer:
        signal.send(1)
        with trace_signals(signal) as inner:
            signal.send(2)
        signal.send(3)
    assert [one.sender for one in outer.sent] == [1, 2, 3]
    assert [one.sender for one in inner.sent] == [2]
    assert [len(one.receivers) for one in (*outer.sent, *inner.sent)] == [1, 1, 1, 1]
    assert is_untouched()


def test_a_coroutine_that_outlives_the_block_is_left_alone() -> None:
    signal = Signal()

    async def play() -> Trace:
        with trace_signals(signal) as trace:
            late = asyncio.create_task(signal.asend("begun"))
            await asyncio.sleep(0.01)
            assert [one.seconds for one in trace.sent] == [0]
        assert [one.seconds for one in trace.sent] == [0]
        await late
        await signal.asend("late")
        return trace

    with heard(signal, slowly):
        trace = asyncio.run(play())
    assert [(one.sender, one.seconds >= 0.05) for one in trace.sent] == [("begun", True)]
    assert trace.sent is trace.sent
    assert is_untouched()


def test_what_receivers_return_and_raise_is_as_without_a_trace() -> None:
    def answering(**_kwargs: Any) -> int:
        return 42

    signal = Signal()
    with heard(signal, answering, failing):
        plain = signal.send_robust(None)
        with trace_signals(signal):
            traced = signal.send_robust(None)
    assert [receiver for receiver, _answer in traced] == [answering, failing]
    assert [(receiver, repr(answer)) for receiver, answer in plain] == [
        (receiver, repr(answer)) for receiver, answer in traced
    ]


# Assertions


def message(check: Callable[[], Any]) -> list[str]:
    """Return what a failing assertion says, without times and addresses."""
    with pytest.raises(AssertionError) as caught:
        check()
    return re.sub(r"\d+\.\d+ ms", "T ms", str(caught.value)).splitlines()


@pytest.fixture
def saved(db: None) -> Trace:
    """What is sent when an author and a tag are saved."""
    with heard(post_save, quiet, other, sender=Author), trace_signals("pre_save", "post_save") as trace:
        Author(pk=7, name="Ada").save()
        Tag(pk=8, name="Signals").save()
    return trace


def test_what_was_sent_is_found_by_signal_sender_and_arguments(saved: Trace) -> None:
    saved.assert_sent("post_save")
    saved.assert_sent("post_save", times=2)
    saved.assert_sent(post_save, sender=Author, times=1, created=True, update_fields=None)
    assert saved.assert_sent("pre_save", sender="testapp.Tag") == [saved.sent[2]]
    assert saved.find("post_save", sender="testapp.author", raw=False) == [saved.sent[1]]
    saved.assert_not_sent("post_save", sender=Comment)
    saved.assert_not_sent("post_save", sender=Author, created=False)


def test_what_was_sent_otherwise_is_shown(saved: Trace) -> None:
    given = "update_fields=None, raw=False, using='default'"
    assert message(lambda: saved.assert_sent("post_save", sender=Author, created=False)) == [
        "Expected post_save from testapp.Author with created=False to be sent at least once, "
        "but it was sent not at all.",
        "The signal was sent otherwise:",
        f"  2. post_save testapp.Author 7: instance=<testapp.Author 7>, created=True, {given}",
        f"  4. post_save testapp.Tag 8: instance=<testapp.Tag 8>, created=True, {given}",
    ]


def test_what_was_sent_too_often_is_shown(saved: Trace) -> None:
    assert message(lambda: saved.assert_sent("pre_save", times=1))[0] == (
        "Expected pre_save to be sent once, but it was sent 2 times."
    )
    assert message(lambda: saved.assert_not_sent("pre_save", sender="testapp.Tag")) == [
        "Expected pre_save from testapp.Tag to be sent not at all, but it was sent once.",
        "These are such sends:",
        "  3. pre_save testapp.Tag 8: instance=<testapp.Tag 8>, "
        "raw=False, using='default', update_fields=None",
    ]


def test_what_else_was_sent_is_shown_where_the_signal_was_not() -> None:
    first, second = Signal(), Signal()
    with trace_signals(first, second) as trace:
        assert message(lambda: trace.assert_sent(second))[1:] == ["Nothing was sent."]
        first.send("somebody")
        first.send("somebody")
    assert message(lambda: trace.assert_sent(second))[1:] == [
        "What was sent:",
        f"  {trace.sent[0].name} somebody: 2 times",
    ]


def test_the_order_is_that_of_the_signals_that_are_named(saved: Trace) -> None:
    saved.assert_order("pre_save", "post_save", "pre_save", "post_save")
    saved.assert_order("pre_save", "post_save", sender=Tag)
    saved.assert_order("post_save", sender=Tag)
    assert message(lambda: saved.assert_order("post_save", "pre_save", sender="testapp.Tag")) == [
        "The signals were sent in another order (- expected, + found):",
        "+ pre_save",
        "  post_save",
        "- pre_save",
    ]


def test_receivers_are_asserted_in_order_by_name_or_themselves(saved: Trace) -> None:
    saved.assert_receivers("post_save", f"{HERE}.quiet", other, sender=Author)
    assert message(lambda: saved.assert_receivers("post_save", other, failing, sender=Author)) == [
        "post_save testapp.Author 7 called others (- expected, + found):",
        f"+ {HERE}.quiet",
        f"  {HERE}.other",
        f"- {HERE}.failing",
    ]
    assert message(lambda: saved.assert_receivers("post_save", other, sender=Comment))[0] == (
        "Expected post_save from testapp.Comment to be sent at least once, but it was sent not at all."
    )


def test_receivers_of_this_package_need_not_be_named_and_can_be(saved: Trace) -> None:
    (own,) = (called.name for called in saved.sent[3].receivers)
    assert own.startswith("signals_audit.")
    saved.assert_receivers("post_save", sender=Tag)
    saved.assert_receivers("post_save", own, sender=Tag)


def test_what_a_trace_cannot_know_it_does_not_answer(saved: Trace) -> None:
    with pytest.raises(NotTraced, match="does not look at pre_delete"):
        saved.assert_not_sent("pre_delete")
    with pytest.raises(UnknownSignal, match="Perhaps you mean post_save"):
        saved.assert_not_sent("post_svae")
    with pytest.raises(LookupError, match="Autor"):
        saved.assert_not_sent("post_save", sender="testapp.Autor")


@pytest.mark.django_db
def test_arguments_are_shown_without_queries_and_whatever_their_classes_say(
    django_assert_num_queries: Any,
) -> None:
    class Shy:
        def __repr__(self) -> str:
            raise ValueError("Not me.")

    def load() -> Author:
        raise AssertionError("A lazy object was loaded.")

    signal = Signal()
    comment = Comment(pk=3, article_id=5)  # whose text asks for the article
    with trace_signals(signal) as trace:
        signal.send(None, instance=SimpleLazyObject(load), shy=Shy(), rows=Tag.objects.all(), all=[comment])
    with django_assert_num_queries(0):
        (line,) = message(lambda: trace.assert_not_sent(signal))[2:]
    assert re.sub("0x[0-9a-f]+|<function .*?(?=, shy)", "0x", line.partition(": ")[2]) == (
        "instance=<SimpleLazyObject: 0x, shy=<Shy instance at 0x>, "
        "rows=<QuerySet of testapp.Tag>, all=[<testapp.Comment 3>]"
    )


def test_a_signal_that_is_named_twice_is_traced_once() -> None:
    with trace_signals("setting_changed", setting_changed) as trace, override_settings(COLOUR="red"):
        pass
    assert [one.arguments["enter"] for one in trace.sent] == [True, False]


# Loops


@pytest.mark.django_db
def test_a_loop_is_shown_as_a_cycle() -> None:
    def recount(instance: Comment, **_kwargs: Any) -> None:
        instance.article.save()

    def touch(instance: Article, **_kwargs: Any) -> None:
        comment = Comment.objects.get(article=instance)
        if len(comment.text) < 4:
            comment.text += "."
            comment.save()

    article = Article.objects.create(title="Loops")
    with (
        heard(post_save, recount, sender=Comment),
        heard(post_save, touch, sender=Article),
        trace_signals("pre_save", "post_save") as trace,
    ):
        Comment.objects.create(article=article, text="a")
    here = f"{HERE}.test_a_loop_is_shown_as_a_cycle.<locals>."
    (cycle,) = trace.cycles()
    assert cycle == Cycle(
        ("testapp.Comment.save", f"{here}recount", "testapp.Article.save", f"{here}touch",
         "testapp.Comment.save"), times=3,
    )  # fmt: skip
    assert str(cycle) == " → ".join(cycle.chain) + " (×3)"


@pytest.mark.django_db
def test_an_endless_loop_can_be_read() -> None:
    def again(instance: Author, **_kwargs: Any) -> None:
        instance.save()

    with heard(post_save, again, sender=Author), trace_signals("post_save") as trace:
        with pytest.raises(RecursionError):
            Author.objects.create(name="Ada")
        (cycle,) = trace.cycles()
    assert cycle.times == len(trace.sent) - 1 > 10
    assert len(trace.lines()) > len(trace.sent)


@pytest.mark.django_db
def test_saves_of_several_objects_are_no_cycle() -> None:
    with heard(post_save, tagging, sender=Author), trace_signals() as trace:
        Author.objects.create(name="Ada")
        Author.objects.create(name="Ben")
    assert trace.cycles() == ()


# Text


@pytest.mark.django_db
def test_a_trace_reads_as_a_numbered_tree() -> None:
    def deep(instance: Tag, **_kwargs: Any) -> None:
        raise ValueError("No more tags.\nReally.")

    with (
        heard(pre_save, deep, quiet, sender=Tag),
        heard(post_init, counting, sender=Author),
        heard(pre_init, tagging_first, sender=Author),
        trace_signals("pre_init", "post_init", "pre_save") as trace,
        pytest.raises(ValueError, match="No more"),
    ):
        Author(name="Ada")
    text = re.sub(r"\d+\.\d+ ms", "T ms", str(trace)).splitlines()
    own = "signals_audit.capture.receivers."
    lines = [line for line in text if own not in line]
    assert lines == [
        "  1. pre_init testapp.Author",
        f"     {HERE}.tagging_first: T ms, raised ValueError: No more tags.",
        "      2. pre_init testapp.Tag",
        "      3. post_init testapp.Tag",
        "      4. pre_save testapp.Tag",
        f"         {HERE}.test_a_trace_reads_as_a_numbered_tree.<locals>.deep: T ms, "
        "raised ValueError: No more tags.",
        f"         {HERE}.quiet: not called",
    ]


def tagging_first(**_kwargs: Any) -> None:
    Tag(name="first").save()


@pytest.mark.django_db
def test_our_own_signals_are_traced_like_djangos() -> None:
    with heard(object_created, counting, sender=Author), trace_signals("object_created") as trace:
        author = Author.objects.create(name="Ada")
    (sent,) = trace.assert_sent("object_created", sender=Author)
    assert (sent.arguments["event"].pk, sent.queries) == (author.pk, 2)


# Coroutines that share a context


async def counting_later(**_kwargs: Any) -> None:
    await asyncio.sleep(0)


async def counting_much_later(**_kwargs: Any) -> None:
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", ["asend", "asend_robust", "send", "send_robust"])
def test_several_coroutines_hear_as_without_a_trace(name: str) -> None:
    signal = Signal()

    def send() -> Any:
        sending = getattr(signal, name)("anybody")
        return asyncio.run(sending) if name.startswith("a") else sending

    with heard(signal, counting_later, counting_much_later), trace_signals(signal) as trace:
        assert send() == [(counting_later, None), (counting_much_later, None)]
    assert of_the_test(trace) == ["counting_later", "counting_much_later"]


def test_a_coroutine_that_sends_leaves_asgirefs_thread_to_those_beside_it() -> None:
    signal, inner = Signal(), Signal()

    async def passing(**_kwargs: Any) -> None:
        for _time in range(20):
            await inner.asend("anybody")

    async def threading(**_kwargs: Any) -> None:
        for _time in range(20):
            await sync_to_async(quiet)()

    with (
        heard(signal, passing, threading),
        heard(inner, counting_later),
        trace_signals(signal, inner) as trace,
    ):
        asyncio.run(signal.asend("anybody"))
    assert len(trace.find(inner)) == 20
    assert [called.error for one in trace.sent for called in one.receivers] == [None] * 22


# What is held


class Ears:
    def __init__(self) -> None:
        self.heard = 0

    def hear(self, **_kwargs: Any) -> None:
        self.heard += 1

    async def hear_later(self, **_kwargs: Any) -> None:
        self.heard += 1


@pytest.mark.parametrize("name", ["hear", "hear_later"])
def test_a_receiver_dies_in_a_trace_as_without_one(name: str) -> None:
    signal, ears = Signal(), Ears()
    alive = weakref.ref(ears)
    signal.connect(getattr(ears, name))
    with trace_signals(signal) as trace:
        asyncio.run(signal.asend("anybody"))
        del ears
        gc.collect()
        assert (alive(), signal.send("anybody")) == (None, [])
    assert of_the_test(trace) == [f"Ears.{name}"]


def test_a_receiver_that_was_not_called_is_not_held_and_keeps_its_name() -> None:
    signal, ears = Signal(), Ears()
    alive = weakref.ref(ears)
    with heard(signal, failing), trace_signals(signal) as trace:
        signal.connect(ears.hear)
        with pytest.raises(ValueError, match="No"):
            signal.send("anybody")
    del ears
    gc.collect()
    assert (alive(), trace.sent[0].not_called) == (None, (f"{HERE}.Ears.hear",))


class Array:
    """Compares as arrays do: with an answer that is neither true nor false."""

    def __eq__(self, other: object) -> Any:
        return Array()

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_an_argument_whose_equality_has_no_truth_is_equal_to_itself_alone() -> None:
    signal, array = Signal(), Array()
    with trace_signals(signal) as trace:
        signal.send("anybody", values=array)
    assert trace.find(signal, values=array) == list(trace.sent)
    trace.assert_not_sent(signal, values=Array())
    trace.assert_not_sent(signal, values=None)
