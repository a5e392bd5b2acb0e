"""Signals that are sent within themselves are reported or stopped, and nothing else is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models.signals import m2m_changed, post_init, post_save, pre_delete, pre_save
from django.utils.functional import SimpleLazyObject

from signals_audit.exceptions import AuditError, SignalLoop
from signals_audit.signals import object_changed
from signals_audit.tracing import seams
from signals_audit.tracing.figures import Measured, store
from signals_audit.tracing.receivers import receiver_name
from tests.testapp.models import Article, Author, Tag

from .conftest import Connect, Taken, Watch

pytestmark = pytest.mark.django_db
HERE = __name__


class Endless(Exception):
    """It went on and on."""


class Saving:
    """A receiver that saves what it is told of, and counts how often."""

    def __init__(self, *, most: int = 40) -> None:
        self.count = 0
        self.most = most

    def __call__(self, sender: Any, instance: Any, **named: Any) -> None:
        self.count += 1
        if self.count == self.most:
            raise Endless
        self.save(instance)

    def save(self, instance: Any) -> None:
        instance.save()


class Reloading(Saving):
    """The same, by another object of the same row."""

    def save(self, instance: Any) -> None:
        type(instance).objects.get(pk=instance.pk).save()


class SavingAuthor(Saving):
    """Saves the author of an article."""

    def save(self, instance: Any) -> None:
        instance.author.save()


class SavingArticle(Saving):
    """Saves the article of an author."""

    def save(self, instance: Any) -> None:
        Article.objects.get(author=instance).save()


def chain(*steps: str) -> str:
    return " → ".join(steps)


# What is done about it


def test_by_default_loops_are_left_alone(watch: Watch, connect: Connect) -> None:
    watch(STATISTICS=1.0)
    saving = Saving()
    connect(saving, Author)
    with pytest.raises(Endless):
        Author.objects.create(name="ada")


@pytest.mark.parametrize("saving", [Saving(), Reloading()], ids=["the same object", "the same row"])
def test_a_save_within_post_save_is_stopped_and_says_how_it_went(
    saving: Saving, watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(LOOPS="stop")
    connect(saving, Author)
    with pytest.raises(SignalLoop) as caught:
        Author.objects.create(name="ada")
    step = f"post_save of testapp.Author {Author.objects.get().pk}"
    message = chain(step, f"{HERE}.{type(saving).__name__}", step) + " (8 times over)"
    assert (str(caught.value), isinstance(caught.value, AuditError)) == (message, True)
    assert saving.count == 8
    assert taken() == {type(saving).__name__: Measured(loops=1, loop=message)}


def test_the_depth_is_a_setting(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=2)
    saving = Saving()
    connect(saving, Author)
    with pytest.raises(SignalLoop, match=r"\(2 times over\)"):
        Author.objects.create(name="ada")
    assert saving.count == 2


def test_a_loop_over_two_models_is_stopped_with_both_in_the_chain(watch: Watch, connect: Connect) -> None:
    author = Author.objects.create(name="ada")
    article = Article.objects.create(title="A", author=author)
    watch(LOOPS="stop", DEPTH=3)
    to_author, to_article = SavingAuthor(), SavingArticle()
    connect(to_author, Article)
    connect(to_article, Author)
    with pytest.raises(SignalLoop) as caught:
        article.save()
    told, reached = f"post_save of testapp.Article {article.pk}", f"post_save of testapp.Author {author.pk}"
    assert str(caught.value) == (
        chain(told, f"{HERE}.SavingAuthor", reached, f"{HERE}.SavingArticle", told) + " (3 times over)"
    )
    assert (to_author.count, to_article.count) == (3, 3)


def test_a_loop_is_reported_once_and_goes_on(
    watch: Watch, connect: Connect, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    watch(LOOPS="report")
    saving = Saving()
    connect(saving, Author)
    with caplog.at_level(logging.WARNING, "signals_audit.tracing"), pytest.raises(Endless):
        Author.objects.create(name="ada")
    step = f"post_save of testapp.Author {Author.objects.get().pk}"
    told = chain(step, f"{HERE}.Saving", step) + " (8 times over)"
    assert [record.getMessage() for record in caplog.records] == [f"Loop of signals: {told}"]
    assert taken() == {"Saving": Measured(loops=1, loop=told)}


def test_a_stopped_loop_counts_as_a_loop_and_not_as_an_error(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    watch(LOOPS="stop", STATISTICS=1.0)
    connect(Saving(), Author)
    with pytest.raises(SignalLoop):
        Author.objects.create(name="ada")
    measured = taken()["Saving"]
    assert (measured.loops, measured.errors, measured.calls) == (1, 0, 9)


def test_send_robust_raises_no_loop_either(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop")
    answers: list[Any] = []

    def sending(sender: Any, **named: Any) -> None:
        answers.extend(answer for _, answer in post_save.send_robust(sender, **named_of(named)))

    connect(sending, Saving)
    assert post_save.send(Saving, instance=Author(pk=3)) == [(sending, None)]
    assert [type(answer) for answer in answers] == [SignalLoop, *[type(None)] * 7]


def named_of(named: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in named.items() if key != "signal"}


# Which signals


def test_what_is_not_saved_yet_loops_as_well(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=3)
    saving = Saving()
    connect(saving, Author, pre_save)
    with pytest.raises(SignalLoop, match=r"^pre_save of testapp.Author \(new\) → .* \(3 times over\)$"):
        Author(name="ada").save()
    assert (saving.count, Author.objects.count()) == (3, 0)


def test_a_row_that_is_loaded_when_it_is_loaded_where_that_is_looked_for(
    watch: Watch, connect: Connect
) -> None:
    author = Author.objects.create(name="ada")
    watch(LOOPS="stop")
    assert (seams.is_intercepted(post_save), seams.is_intercepted(post_init)) == (True, False)
    watch(LOOPS="stop", DEPTH=3, SIGNALS=["post_init"])

    def loading(sender: Any, instance: Any, **named: Any) -> None:
        Author.objects.get(pk=instance.pk)

    connect(loading, Author, post_init)
    with pytest.raises(SignalLoop, match=f"^post_init of testapp.Author {author.pk} → "):
        Author.objects.get()


def test_a_deletion_that_deletes(watch: Watch, connect: Connect) -> None:
    author = Author.objects.create(name="ada")
    watch(LOOPS="stop", DEPTH=2)
    connect(lambda sender, instance, **named: instance.delete(), Author, pre_delete)
    with pytest.raises(SignalLoop, match=r"^pre_delete of testapp\.Author"):
        author.delete()


def test_a_relation_that_is_set_when_it_changes(watch: Watch, connect: Connect) -> None:
    article, tags = Article.objects.create(title="A"), [Tag.objects.create(name=name) for name in "ab"]
    watch(LOOPS="stop", DEPTH=2)

    def setting(sender: Any, instance: Any, action: str, pk_set: set[int], **named: Any) -> None:
        instance.tags.set([tag for tag in tags if tag.pk not in pk_set])

    connect(setting, Article.tags.through, m2m_changed)
    with pytest.raises(SignalLoop, match=r"^m2m_changed of testapp\.Article"):
        article.tags.add(tags[0])


def test_signals_of_the_audit_log_loop_as_well(settings: Any, connect: Connect) -> None:
    settings.SIGNALS_AUDIT = {
        "MODELS": ["testapp.Author"],
        "TRACING": {"LOOPS": "stop", "DEPTH": 3, "SIGNALS": ["object_changed"]},
    }
    author = Author.objects.create(name="0")
    count = 0

    def changing(sender: Any, event: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        Author.objects.filter(pk=event.pk).update(name=str(count))

    connect(changing, Author, object_changed)
    with pytest.raises(SignalLoop) as caught:
        Author.objects.filter(pk=author.pk).update(name="changed")
    step = f"object_changed of testapp.Author {author.pk}"
    assert f"{chain(step, f'{HERE}.{changing.__qualname__}', step)} (3 times over)" == str(caught.value)
    assert count == 3


# What is no loop


def test_another_object_of_the_model_is_no_loop(watch: Watch, connect: Connect, taken: Taken) -> None:
    others = [Author.objects.create(name=str(number)) for number in range(30)]
    watch(LOOPS="stop", DEPTH=1)

    def saving_the_next(sender: Any, instance: Any, **named: Any) -> None:
        if others:
            others.pop().save()

    connect(saving_the_next, Author)
    Author.objects.create(name="first")
    assert (others, taken()) == ([], {})


def test_a_deep_tree_whose_nodes_save_their_parents_is_no_loop(
    watch: Watch, connect: Connect, taken: Taken
) -> None:
    parents: dict[str, Author | None] = {}
    below = None
    for number in range(25):
        parents[f"node {number}"] = below
        below = Author.objects.create(name=f"node {number}")
    watch(LOOPS="stop", DEPTH=1, STATISTICS=1.0)

    def saving_the_parent(sender: Any, instance: Any, **named: Any) -> None:
        parent = parents[instance.name]
        if parent is not None:
            Author.objects.get(pk=parent.pk).save()

    connect(saving_the_parent, Author)
    Author.objects.get(name="node 24").save()
    measured = taken()["saving_the_parent"]
    assert (measured.calls, measured.loops, measured.errors) == (25, 0, 0)


def test_new_objects_without_keys_are_not_taken_for_each_other(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=1)
    left = 5

    def making_another(sender: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        if left:
            Author(name=f"{left}").save()

    connect(making_another, Author, pre_save)
    Author(name="first").save()
    assert Author.objects.count() == 5


def test_one_save_after_another_is_no_loop(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=1)
    saved: list[str] = []
    connect(lambda sender, instance, **named: saved.append(instance.name), Author)
    author = Author.objects.create(name="ada")
    for _ in range(20):
        author.save()
    assert saved == ["ada"] * 21


def test_saving_once_more_in_a_receiver_is_no_loop_yet(watch: Watch, connect: Connect, taken: Taken) -> None:
    watch(LOOPS="stop")

    def saving_new_ones(sender: Any, instance: Any, created: bool, **named: Any) -> None:
        if created:
            instance.save(update_fields=["name"])

    connect(saving_new_ones, Author)
    Author.objects.create(name="ada")
    assert taken() == {}


def test_what_was_begun_in_a_send_that_is_over_is_not_nested_in_it(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=1)
    begun: list[Any] = []
    connect(lambda sender, **named: begun.append(copy_context()), Author)
    author = Author.objects.create(name="ada")
    begun.pop().run(author.save)
    begun.pop().run(author.save)
    assert len(begun) == 1


# Elsewhere than in one thread


def test_coroutines_that_save_are_stopped_in_async_code(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=3)
    author, count = Author(pk=1, name="ada"), 0

    async def sending(sender: Any, instance: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        await post_save.asend(sender, instance=instance)

    def passing_on(sender: Any, instance: Any, **named: Any) -> None: ...

    connect(sending, Author)
    connect(passing_on, Author)
    with pytest.raises(SignalLoop, match=f"{sending.__qualname__.replace('<', '.').replace('>', '.')} → "):
        asyncio.run(post_save.asend(Author, instance=author))
    assert count == 3


def test_a_coroutine_that_loops_beside_another_is_stopped(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=3)
    author, count = Author(pk=1, name="ada"), 0

    async def sending(sender: Any, instance: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        await asyncio.sleep(0)
        await post_save.asend(sender, instance=instance)

    async def before(sender: Any, **named: Any) -> None:
        await asyncio.sleep(0)

    async def after(sender: Any, **named: Any) -> None: ...

    for receiver in (before, sending, after):
        connect(receiver, Author)
    with pytest.raises((SignalLoop, ExceptionGroup)) as stopped:
        asyncio.run(post_save.asend(Author, instance=author))
    assert count == 3
    # All coroutines are refused, and where several raise Django 6.1 says so.
    errors = stopped.value.exceptions if isinstance(stopped.value, ExceptionGroup) else [stopped.value]
    name = receiver_name(sending)
    told = f"post_save of testapp.Author 1 → {name} → post_save of testapp.Author 1 (3 times over)"
    assert {(type(error), str(error)) for error in errors} == {(SignalLoop, told)}


def test_a_loop_from_coroutines_to_threads_and_back_is_stopped(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=3)
    author, count = Author(pk=1, name="ada"), 0

    async def sending_in_a_thread(sender: Any, instance: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        send: Callable[..., Any] = post_save.send
        await sync_to_async(send)(sender, instance=instance)

    connect(sending_in_a_thread, Author)
    with pytest.raises(SignalLoop):
        post_save.send(Author, instance=author)
    assert count == 3


def test_two_who_save_the_same_row_at_once_are_no_loop(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=1)
    author, seen = Author(pk=1, name="ada"), 0

    async def waiting(sender: Any, **named: Any) -> None:
        nonlocal seen
        await asyncio.sleep(0.01)
        seen += 1

    async def several() -> None:
        await asyncio.gather(*(post_save.asend(Author, instance=author) for _ in range(5)))

    connect(waiting, Author)
    asyncio.run(several())
    assert (seen, store.take()) == (5, {})


def test_lazy_instances_are_not_loaded_to_look_for_loops(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=2)
    sent: list[SimpleLazyObject] = []

    def load() -> Author:
        raise AssertionError("loaded")

    def sending(instance: Any, **_named: Any) -> None:
        if len(sent) < 6:
            sent.append(SimpleLazyObject(load))
            post_save.send(int, instance=sent[-1])

    connect(sending, int)
    post_save.send(int, instance=SimpleLazyObject(load))
    assert len(sent) == 6


def test_a_lazy_instance_that_loops_is_stopped_without_loading_it(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=2)

    def load() -> Author:
        raise AssertionError("loaded")

    def sending(instance: Any, **_named: Any) -> None:
        post_save.send(int, instance=instance)

    connect(sending, int)
    with pytest.raises(
        SignalLoop, match=r"post_save of SimpleLazyObject → .*sending → post_save of SimpleLazyObj"
    ):
        post_save.send(int, instance=SimpleLazyObject(load))


def test_what_a_key_holds_neither_steers_the_log_nor_ends_its_lines(watch: Watch, connect: Connect) -> None:
    watch(LOOPS="stop", DEPTH=2)
    author = Author(pk="1\n\x1b[2Jroot")

    def sending(instance: Any, **_named: Any) -> None:
        post_save.send(int, instance=instance)

    connect(sending, int)
    with pytest.raises(SignalLoop) as caught:
        post_save.send(int, instance=author)
    step = "post_save of testapp.Author 1��[2Jroot"
    name = receiver_name(sending)
    assert str(caught.value) == chain(step, name, step) + " (2 times over)"
