"""What is put up, taken down, told by the command and said by checks."""

from __future__ import annotations

from io import StringIO

import django
import pytest
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import CharField, Model
from django.test import override_settings
from django.test.utils import isolate_apps

from signals_audit import register, triggers
from signals_audit.checks.triggered import check_available, check_cascades, check_fields
from signals_audit.models import AuditEntry
from signals_audit.spelling.kinds import has_spelling_of_its_own
from signals_audit.triggers import State
from tests.testapp import models
from tests.testapp.models import Author, Tag

from .conftest import Triggered

pytestmark = pytest.mark.django_db(transaction=True)


def run(verb: str) -> str:
    out = StringIO()
    call_command("audit_triggers", verb, stdout=out)
    return out.getvalue().strip()


def warnings() -> list[tuple[str | None, str]]:
    found = run_checks(tags=[Tags.database], databases=["default"])
    return [(message.id, message.msg) for message in found if (message.id or "").startswith("signals_audit")]


def test_the_command_puts_up_takes_down_and_shows(triggered: Triggered) -> None:
    triggered(Tag)
    assert run("status") == "testapp_tag: up to date"
    assert run("uninstall") == "testapp_tag: taken down"
    assert run("status") == "testapp_tag: missing"
    assert run("install") == "testapp_tag: installed\ntestapp_tag: up to date"
    register(Tag, capture="orm")
    assert run("status") == "testapp_tag: left over"
    assert run("install") == "testapp_tag: taken down\nNo model is captured by triggers."


def test_the_command_knows_its_databases() -> None:
    with pytest.raises(CommandError, match="no database “nowhere”"):
        call_command("audit_triggers", "status", "--database", "nowhere")


def test_checks_say_what_is_missing_out_of_date_or_left_over(triggered: Triggered) -> None:
    triggered(Tag)
    assert warnings() == []
    register(Tag, capture="triggers", mask=["name"])
    register(Author, capture="triggers")
    where = "on the database 'default'"
    assert warnings() == [
        ("signals_audit.W008", f"The table 'testapp_author' {where} has no triggers."),
        ("signals_audit.W008", f"The table 'testapp_tag' {where} has triggers that are out of date."),
    ]
    register(Author, capture="orm")
    register(Tag, capture="orm")
    assert warnings() == [
        ("signals_audit.W008", f"The table 'testapp_tag' {where} has triggers that are left over.")
    ]
    assert check_fields() == []


def test_triggers_that_are_out_of_date_still_record_once(triggered: Triggered) -> None:
    triggered(Tag)
    register(Tag, capture="triggers", mask=["name"])
    Tag.objects.create(name="a")
    assert [entry.source for entry in AuditEntry.objects.all()] == ["trigger"]
    assert [told.state for told in triggers.status(connection.alias)] == [State.OUT_OF_DATE]
    triggers.install(connection.alias)
    Tag.objects.update(name="b")
    masked = [{"masked": True}] * 2
    assert AuditEntry.objects.latest("id").changes == {"name": masked}


def test_switching_the_package_off_takes_the_triggers_down(triggered: Triggered) -> None:
    triggered(Tag)
    with override_settings(SIGNALS_AUDIT={"ENABLED": False}):
        assert [told.state for told in triggers.status(connection.alias)] == [State.LEFT_OVER]
        triggers.install(connection.alias)
        Tag.objects.create(name="a")
    assert not AuditEntry.objects.exists()


def test_databases_without_triggers_of_ours_are_named(
    triggered: Triggered, monkeypatch: pytest.MonkeyPatch
) -> None:
    triggered(Tag)
    assert check_available() == []
    with monkeypatch.context() as patched:
        patched.delitem(triggers.DIALECTS, connection.vendor)
        assert [(message.id, message.msg.partition(" on the ")[0]) for message in check_available()] == [
            ("signals_audit.E008", "testapp.Tag cannot be captured by triggers")
        ] * 2


class Shouted(CharField):  # type: ignore[type-arg]
    """A text that Python reads in capitals."""

    def from_db_value(self, value: str, *_: object) -> str:
        return value.upper()


def test_fields_that_python_reads_in_its_own_way_are_named(triggered: Triggered) -> None:
    with isolate_apps("tests.testapp"):

        class Loud(Model):
            name = Shouted(max_length=9)

            class Meta:
                app_label = "testapp"

    assert has_spelling_of_its_own(Loud._meta.get_field("name"))
    assert not has_spelling_of_its_own(Tag._meta.get_field("name"))


if django.VERSION >= (6, 1):

    def test_rows_that_go_without_triggers_are_named(triggered: Triggered) -> None:
        triggered(models.Jar)
        expected = ["signals_audit.W014"] * 2 if connection.vendor == "mysql" else []
        assert [message.id for message in check_cascades()] == expected
