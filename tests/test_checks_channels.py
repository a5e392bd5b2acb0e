"""What is wrong with channels is said by checks."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

INBOX = "signals_audit.channels.Inbox"
NOTICE = {"model": "testapp.Profile", "recipient": "user", "verb": "opened"}


def found(settings: Any, **values: Any) -> list[tuple[str | None, str]]:
    settings.SIGNALS_AUDIT = values
    return [
        (message.id, message.msg)
        for message in run_checks(tags=["signals_audit"])
        if "W0" not in str(message.id)
    ]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("email", "no.such.Backend", "No module named 'no'"),
        ("email", 7, "'int' object has no attribute 'rsplit'"),
        ("email", {}, 'It needs a "BACKEND".'),
        ("email", "signals_audit.models.Delivery", "is no Channel."),
        ("email", "collections.namedtuple", "is no Channel."),
        ("x" * 33, INBOX, "The name of a channel is a text of at most 32 characters."),
        (7, INBOX, "The name of a channel is a text of at most 32 characters."),
        ("hook", {"BACKEND": "signals_audit.channels.Webhook", "SECRET": "s"}, "needs a URL"),
        (
            "hook",
            {"BACKEND": "signals_audit.channels.Webhook", "URL": "https://example.com"},
            "needs a SECRET",
        ),
    ],
)
def test_a_channel_that_cannot_be_made_is_an_error(settings: Any, name: Any, value: Any, reason: str) -> None:
    messages = found(settings, CHANNELS={"inbox": INBOX, name: value})
    assert [known for known, _text in messages] == ["signals_audit.E011"]
    assert reason in messages[0][1]


def test_a_declaration_may_name_only_channels_that_there_are(settings: Any) -> None:
    notices = [{**NOTICE, "kind": "profiles", "channels": ["inbox"]}, {**NOTICE, "channels": ["inbocks"]}]
    assert found(settings, NOTIFY=notices) == [
        ("signals_audit.E011", "SIGNALS_AUDIT[\"NOTIFY\"]: there is no channel 'inbocks'.")
    ]


def test_kind_and_channels_are_checked_like_the_rest(settings: Any) -> None:
    notices = [{**NOTICE, "kind": 7}, {**NOTICE, "channels": "inbox"}]
    assert [known for known, _text in found(settings, NOTIFY=notices)] == ["signals_audit.E004"] * 2
