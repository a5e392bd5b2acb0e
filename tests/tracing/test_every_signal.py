"""Every signal that is documented: the real thing is done, and the trace shows it with all its arguments."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import UserSettingsHolder
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, models
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.test.utils import isolate_apps
from django.urls import path

from signals_audit.tracing.named import DJANGO, OWN, signal_named
from signals_audit.tracing.receivers import receiver_name
from signals_audit.tracing.traces import trace_signals
from tests.testapp.models import Article, Author, Tag

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task

Doing = Callable[[], Any]
DOINGS: dict[str, Doing] = {}


def does(*names: str) -> Callable[[Doing], Doing]:
    """Declare what has Django send signals; it returns who sends them."""

    def declare(doing: Doing) -> Doing:
        DOINGS.update(dict.fromkeys(names, doing))
        return doing

    return declare


def fails(request: HttpRequest) -> HttpResponse:
    raise ValueError("The view was told to fail.")


urlpatterns = [path("fails/", fails), path("works/", lambda request: HttpResponse("Done."))]


@does("pre_init", "post_init")
def make() -> Any:
    Author(name="Ada")
    return Author


@does("pre_save", "post_save")
def save() -> Any:
    Author(name="Ada").save()
    return Author


@does("object_created", "changes_captured")
def create() -> Any:
    Author.objects.bulk_create([Author(name="Ada")])
    return Author


@does("changes_committed")
def commit() -> Any:
    create()
    return None


@does("object_changed")
def update() -> Any:
    Author.objects.create(name="Ada")
    Author.objects.update(name="Ben")
    return Author


@does("pre_delete", "post_delete", "object_deleted")
def delete() -> Any:
    Author.objects.create(name="Ada").delete()
    return Author


@does("m2m_changed")
def relate() -> Any:
    Article.objects.create(title="Signals").tags.add(Tag.objects.create(name="django"))
    return Article.tags.through


@does("relation_changed")
def relate_and_record() -> Any:
    relate()
    return Article


@does("class_prepared")
def declare_a_model() -> Any:
    with isolate_apps("tests.testapp"):

        class Passing(models.Model):
            class Meta:
                app_label = "testapp"

    return Passing


@does("pre_migrate", "post_migrate")
def migrate() -> Any:
    call_command("migrate", stdout=StringIO(), verbosity=0)
    return apps.get_app_config("testapp")


@does("request_started")
def start_a_request() -> Any:
    assert Client().get("/works/").content == b"Done."
    return ClientHandler


@does("request_finished")
def finish_a_request() -> Any:
    start_a_request()
    return None


@does("got_request_exception")
def fail() -> Any:
    response = Client(raise_request_exception=False).get("/fails/")
    assert response.status_code == 500
    return None


@does("setting_changed")
def set_something() -> Any:
    with override_settings(COLOUR="red"):
        pass
    return UserSettingsHolder


@does("template_rendered")
def render() -> Any:
    template = Template("Hello {{ name }}")
    assert template.render(Context({"name": "Ada"})) == "Hello Ada"
    return template


@does("connection_created")
def connect() -> Any:
    another = connection.copy()
    another.connect()
    another.connection.close()
    return type(another)


@does("user_logged_in", "user_logged_out")
def log_in_and_out() -> Any:
    user = get_user_model().objects.create_user("ada", password="secret")
    client = Client()
    assert client.login(username="ada", password="secret")
    client.logout()
    return type(user)


@does("user_login_failed")
def fail_to_log_in() -> Any:
    assert not Client().login(username="ada", password="wrong")
    return "django.contrib.auth"


@task()
def add(one: int, other: int) -> int:
    return one + other


@does("task_enqueued", "task_started", "task_finished")
def enqueue() -> Any:
    result = add.enqueue(40, 2)
    assert result.return_value == 42
    return type(result.task.get_backend())


@pytest.fixture(autouse=True)
def _urls_and_tasks(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    if add.__class__.__module__.startswith("django_tasks"):
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_tasks"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.django_db(transaction=name == "changes_committed"))
        for name in DOINGS
    ],
)
def test_it_is_really_sent_and_traced_with_all_its_arguments(name: str) -> None:
    named = signal_named(name)
    received: list[tuple[Any, dict[str, Any]]] = []

    def hear(signal: Signal, sender: Any, **arguments: Any) -> None:
        received.append((sender, arguments))

    named.signal.connect(hear)
    try:
        with trace_signals(name) as trace:
            sender = DOINGS[name]()
    finally:
        named.signal.disconnect(hear)
    sent = trace.assert_sent(name, sender=sender)
    assert [(one.sender, dict(one.arguments)) for one in trace.sent] == received
    for one in sent:
        assert set(one.arguments) >= set(named.arguments)
        assert [called.name for called in one.receivers].count(receiver_name(hear)) == 1
    assert named.name in str(trace)


def test_nothing_is_forgotten() -> None:
    documented = {name for names in (*DJANGO.values(), OWN) for name in names}
    assert set(DOINGS) == documented
