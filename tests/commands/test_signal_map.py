"""`signal_map` shows the map, checks it, and rehearses a save; what is asked wrongly is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models.signals import post_init, post_save, pre_save
from django.dispatch import Signal

from signals_audit import Timing, on_change, on_create
from signals_audit.hooks import hooks
from signals_audit.tracing.maps import Finding, signal_map
from signals_audit.tracing.reports import as_dot, as_json
from tests.testapp.models import Author, Seat, Tag

HERE = __name__
NOT_UNDONE = "! All receivers were really called: mails, requests, files and caches are not rolled back."


def run(*options: str) -> str:
    out = StringIO()
    call_command("signal_map", *options, stdout=out, no_color=True)
    return out.getvalue()


@contextmanager
def heard(signal: Signal, receiver: Callable[..., Any], sender: Any) -> Iterator[None]:
    signal.connect(receiver, sender=sender)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


def make_author() -> Author:
    return Author(name="Ada")


def make_nothing() -> None: ...


NO_FUNCTION = 7


def quiet(**_kwargs: Any) -> None: ...


def strict(signal: Signal, sender: Any, instance: Any, created: bool, raw: bool, using: str) -> None:
    """Take no other arguments."""


def rename(instance: Author, **_kwargs: Any) -> None:
    instance.name = "Countess\n\x1b[31mAda"
    Tag.objects.count()
    transaction.on_commit(run_late, robust=True)


def run_late() -> None:
    raise AssertionError("This was to be rolled back.")


def refuse(**_kwargs: Any) -> None:
    raise ValueError("Not this one.")


# The map


def test_the_map_is_shown_as_text() -> None:
    with heard(post_save, quiet, Author):
        text = run("--signal", "post_save", "--sender", "testapp.Author")
    assert text.splitlines()[0].startswith("django.db.models.signals.post_save (instance, created")
    assert f"{HERE}.quiet ← testapp.Author" in text
    assert "pre_save" not in text


@pytest.mark.parametrize(("option", "shape"), [("--json", as_json), ("--dot", as_dot)])
def test_the_map_is_printed_for_programs(option: str, shape: Callable[[Any], str]) -> None:
    of_author = replace(signal_map(sender="testapp.Author"), hooks=())
    assert run(option, "--sender=testapp.author") == shape(of_author)
    assert run(option) == shape(signal_map())


def test_json_is_json() -> None:
    found = json.loads(run("--json", "--signal=post_save"))
    assert [one["name"] for one in found["signals"]] == ["post_save"]


def test_check_tells_what_is_wrong_and_fails() -> None:
    with heard(post_save, strict, Author):
        out = StringIO()
        with pytest.raises(CommandError, match="1 finding") as caught:
            call_command("signal_map", "--check", "--sender=testapp.Author", stdout=out)
    assert caught.value.returncode == 1
    (line,) = out.getvalue().splitlines()
    assert line.startswith(f"post_save: {HERE}.strict (tests/commands/test_signal_map.py:")
    assert line.endswith("← testapp.Author: It takes no **kwargs: the next argument that is sent with the "
                         "signal breaks it.")  # fmt: skip


@pytest.fixture
def declared() -> Iterator[None]:
    """Forget what a test declares."""
    before = hooks.snapshot()
    yield
    hooks.restore(before)


def test_hooks_of_the_model_are_shown(declared: None) -> None:
    on_create(Author, durable=True)(quiet)
    on_change(Author, "name", timing=Timing.IN_TRANSACTION, priority=2)(rename)
    text, data = run("--sender=testapp.Author"), json.loads(run("--json", "--sender=testapp.Author"))
    assert text.partition("Hooks of testapp.Author\n")[2].splitlines()[:4] == [
        f"      {HERE}.rename",
        "      on update of name, in the transaction",
        f"      {HERE}.quiet",
        "      on create, after COMMIT, durable",
    ]
    assert [hook["name"] for hook in data["hooks"]] == [f"{HERE}.rename", f"{HERE}.quiet"]
    for other in (["--sender=testapp.Tag"], ["--signal=post_save", "--sender=testapp.Author"], []):
        assert "Hooks of" not in run(*other)


def of_package(signal: Any, sender: Any, instance: Any) -> None:
    """Stand in for a receiver of a package that is installed."""


def test_check_is_about_the_project_and_about_what_is_to_be_mended() -> None:
    path = "/venv/lib/site-packages/other/signals.py"
    of_package.__code__ = of_package.__code__.replace(co_filename=path)
    with heard(post_save, of_package, Author), heard(post_init, quiet, Author):
        assert run("--check", "--sender=testapp.Author") == "Nothing was found.\n"
        assert str(Finding.EVERY_INSTANCE.label) in run("--sender=testapp.Author")
        assert str(Finding.NO_KWARGS.label) in run("--sender=testapp.Author")


def test_check_steers_no_terminal() -> None:
    def hostile(signal: Any, sender: Any, instance: Any) -> None: ...

    hostile.__qualname__ = "evil\x1b[31m\nname\ud800"
    out = StringIO()
    with heard(post_save, hostile, Author), pytest.raises(CommandError):
        call_command("signal_map", "--check", "--sender=testapp.Author", stdout=out)
    (line,) = out.getvalue().splitlines()
    assert line.startswith(f"post_save: {HERE}.evil�[31m�name� (tests/commands")


def test_check_is_content_where_nothing_is_wrong() -> None:
    assert run("--check", "--sender=testapp.Author") == "Nothing was found.\n"


# The rehearsal


@pytest.mark.django_db(databases=["default", "other"])
def test_an_update_is_rehearsed() -> None:
    author = Author.objects.create(name="Ada")
    with heard(pre_save, rename, Author):
        text = run("--trace", "testapp.author", "--pk", str(author.pk), "--yes")
    told = re.sub(r"\d+\.\d+ ms", "T ms", text).replace(f"Author {author.pk}", "Author KEY")
    own = "signals_audit.capture.receivers"
    assert told.splitlines() == [
        NOT_UNDONE,
        "",
        "Signals and receivers, in order",
        "    1. pre_init testapp.Author",
        "    2. post_init testapp.Author KEY",
        "    3. pre_save testapp.Author KEY",
        f"       {own}.note_intention: T ms",
        f"       {HERE}.rename: T ms, 1 query",
        "    4. object_changed testapp.Author",
        "    5. post_save testapp.Author KEY",
        f"       {own}.drop_intention: T ms",
        "",
        "Audit entries that would be written",
        "  update testapp.Author KEY (default)",
        "    name: Ada → Countess �[31mAda",
        "",
        "Registered for COMMIT, not run",
        f"  {HERE}.run_late (default, robust)",
        "",
        "What was written was rolled back.",
    ]
    author.refresh_from_db()
    assert author.name == "Ada"


@pytest.mark.django_db(databases=["default", "other"])
def test_a_factory_is_rehearsed_on_a_database() -> None:
    text = run("--trace=testapp.Author", f"--factory={HERE}.make_author", "--database=other", "--yes")
    assert re.findall(r"(\w+) testapp.Author \d+ \(other\)", text) == ["create", "delete"]
    assert not Author.objects.using("other").exists()


@pytest.mark.django_db(databases=["default", "other"])
def test_a_composite_key_is_a_json_list() -> None:
    Seat.objects.create(row="A", number=1)
    assert "post_save testapp.Seat ('A', 1)" in run("--trace=testapp.Seat", '--pk=["A", 1]', "--yes")
    with pytest.raises(CommandError, match=r"“A-1” is no key of a testapp\.Seat"):
        run("--trace=testapp.Seat", "--pk=A-1", "--yes")


@pytest.mark.django_db(databases=["default", "other"])
def test_an_error_is_told_after_what_led_to_it() -> None:
    author, out = Author.objects.create(name="Ada"), StringIO()
    with heard(post_save, refuse, Author), pytest.raises(CommandError, match="ended with an error"):
        call_command("signal_map", trace="testapp.Author", pk=author.pk, yes=True, stdout=out, no_color=True)
    assert f"{HERE}.refuse: " in out.getvalue()
    assert out.getvalue().splitlines()[-2:] == [
        "It ended with an error: ValueError: Not this one.",
        "What was written was rolled back.",
    ]


@pytest.mark.django_db(databases=["default", "other"])
def test_a_loop_is_summed_up_and_its_middle_left_out() -> None:
    def again(instance: Author, **_kwargs: Any) -> None:
        if len(instance.name) < 90:
            instance.name += "a"
            instance.save()

    author = Author.objects.create(name="A")
    with heard(post_save, again, Author):
        lines = run("--trace=testapp.Author", f"--pk={author.pk}", "--yes").splitlines()
    receiver = f"{HERE}.test_a_loop_is_summed_up_and_its_middle_left_out.<locals>.again"
    assert f"  testapp.Author.save → {receiver} → testapp.Author.save (×89)" in lines
    assert re.fullmatch(r"  … \d+ lines …", lines[303])
    assert lines.count("  update testapp.Author 1 (default)".replace("1", str(author.pk))) == 89


@pytest.mark.django_db(databases=["default", "other"])
def test_outside_of_debug_it_wants_to_be_told_twice(settings: Any) -> None:
    author, options = Author.objects.create(name="Ada"), ["--trace=testapp.Author"]
    with heard(post_save, refuse, Author), pytest.raises(CommandError, match="DEBUG is off, and all rec"):
        run(*options, f"--pk={author.pk}")
    settings.DEBUG = True
    assert run(*options, f"--pk={author.pk}").splitlines()[0] == NOT_UNDONE


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--signal=post_svae"], "no signal “post_svae”. Perhaps you mean post_save"),
        (["--sender=testapp.Autor"], "no model “testapp.Autor”. Perhaps you mean testapp.Author"),
        (["--trace=testapp.Autor", "--pk=1"], "no model “testapp.Autor”. Perhaps you mean testapp.Author"),
        (["--trace=testapp.Author"], "--trace needs either --pk, the key of a row, or --factory."),
        (["--trace=testapp.Author", "--pk=1", "--factory=x.y"], "--trace needs either --pk"),
        (["--trace=testapp.Author", "--pk=1", "--json"], "--json cannot be used with --trace."),
        (["--trace=testapp.Author", "--pk=1", "--signal=post_save"], "--signal cannot be used with --trace."),
        (["--pk=1"], "--pk needs --trace."),
        (["--yes"], "--yes needs --trace."),
        (["--json", "--dot"], "not allowed with argument --json"),
        (["--trace=testapp.Author", "--pk=1", "--database=oter"], "database “oter”. Did you mean “other”?"),
        (["--trace=testapp.Author", "--pk=77", "--yes"], "no testapp.Author “77” on the database “default”"),
        (["--trace=testapp.Author", "--pk=x", "--yes"], "“x” is no key of a testapp.Author"),
        (["--trace=testapp.Author", "--factory=nowhere"], "“nowhere” cannot be imported: ModuleNotFound"),
        (["--trace=testapp.Author", f"--factory={HERE}x.y"], f"“{HERE}x” cannot be imported"),
        (["--trace=testapp.Author", f"--factory={HERE}.make_autor"], "Did you mean “make_author”?"),
        (["--trace=testapp.Author", f"--factory={HERE}.NO_FUNCTION"], "no function “NO_FUNCTION” in"),
        (["--trace=testapp.Author", "--factory=json"], "no function “json” in “json”"),
        (
            ["--trace=testapp.Author", f"--factory={HERE}.make_nothing", "--yes"],
            f"{HERE}.make_nothing made no testapp.Author, but a NoneType.",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_said(options: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        run(*options)
