"""A mail server that runs while a test does, and settings that lead to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from email.parser import BytesParser
from email.policy import default
from typing import Any

import django
from aiosmtpd.controller import Controller

HAS_MAILERS = django.VERSION >= (6, 1)


class Mailbox:
    """Keeps what arrives, and refuses what it is told to."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.raw: list[bytes] = []
        self.refused: dict[str, str] = {}  # recipient, and what it is answered
        self.sessions = 0
        self.refuse_all = ""

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: Any
    ) -> Any:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuse_all:
            return self.refuse_all
        message: Message = BytesParser(policy=default).parsebytes(envelope.content)
        self.letters.append(message)
        self.raw.append(envelope.content)
        return "250 OK"

    @property
    def readers(self) -> list[str]:
        return [letter["To"] for letter in self.letters]


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield mailbox, controller.port
    finally:
        controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen, and never say a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


def use_server(settings: Any, port: int) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if HAS_MAILERS:
        options = {"host": "127.0.0.1", "port": port}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
    else:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = backend, "127.0.0.1", port
