"""What could not be written is said by system checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.checks import Warning, run_checks

from signals_audit import failures
from signals_audit import spool as files
from signals_audit.checks.messages import TAG
from signals_audit.reactions import dispatch


def warning(number: int, message: str, hint: str | None) -> Warning:
    return Warning(message, hint=hint, id=f"signals_audit.W{number:03}")


def ours(*, deploy: bool = False) -> list[Any]:
    return [
        message
        for message in run_checks(tags=[TAG], include_deployment_checks=deploy)
        if str(message.id) in {f"signals_audit.W{number:03}" for number in (10, 11, 12, 28)}
    ]


def test_entries_that_wait_in_the_spool(spool: Path) -> None:
    assert ours() == []
    files.append(["a"])
    files.append(["b"])
    message = f"1 file(s) in {str(spool)!r} hold audit entries that could not be written."
    assert ours() == [warning(10, message, "Run: manage.py audit_recover")]


def test_a_spool_that_cannot_be_looked_into(spool: Path) -> None:
    spool.symlink_to(spool)
    (message,) = ours()
    assert message.id == "signals_audit.W010"
    assert message.msg.startswith("The spool of the audit log cannot be read: ")


def test_entries_that_this_process_could_not_write(spool: Path) -> None:
    failures.unwritten.value = 3
    hint = "The logger 'signals_audit' has the reasons."
    message = "3 audit entries could not be written since this process started"
    assert ours() == [warning(11, f"{message}.", hint)]
    failures.lost.value = 1
    assert ours() == [warning(11, f"{message}, and 1 not to the spool either.", hint)]


def test_hooks_that_failed_and_are_not_tried_again() -> None:
    dispatch.failed.value = 2
    hint = "The logger 'signals_audit' has the reasons. durable=True has them tried anew."
    assert ours() == [warning(28, "2 hooks failed after COMMIT since this process started.", hint)]


def test_a_spool_that_does_not_outlive_a_restart(settings: Any, spool: Path) -> None:
    assert ours(deploy=True) == []
    settings.SIGNALS_AUDIT = {"ON_ERROR": "log"}
    message = f"Audit entries that cannot be written go to {str(files.folder())!r}, a temporary folder."
    hint = 'Name a folder that lasts in SIGNALS_AUDIT["SPOOL"].'
    assert ours(deploy=True) == [warning(12, message, hint)]
    assert ours() == []
    settings.SIGNALS_AUDIT = {}
    assert ours(deploy=True) == []
