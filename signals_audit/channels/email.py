"""Mail, through Django's.

Options: `FROM`, `BASE_URL` ("https://example.com", for links and for List-Unsubscribe), `TEMPLATES` (a folder
instead of "signals_audit/mail"), `LANGUAGE` (dotted path of a function that returns a user's language),
`TIMEOUT` (10 seconds, where the mail settings say none), and `MAILER`, an alias of Django's MAILERS.

A mail has the same Message-ID when it is sent again. Of a delivery to several people that fails midway, those
who have not got it get deliveries of their own.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from .. import deliveries
from ..deliveries.policy import policy
from ..models import Delivery, Notification
from ..reactions.channels import Channel
from .letters import Letter, Letterhead, letter

logger = logging.getLogger("signals_audit.channels")

TIMEOUT: Final = 10
# After these the server still listens, to the other letters; the last is an address that is none.
REFUSALS: Final = (SMTPRecipientsRefused, SMTPResponseException, ValueError)

Addressed = tuple[Sequence[Notification], Letter]


class Email(Channel):
    """One mail for each recipient of a delivery, over one connection."""

    title = _("E-mail")
    chunk = 50

    def send(self, notifications: Sequence[Notification], delivery: Delivery) -> None:
        """Send the mails; who has no address, or no active account, is said in the log and left out."""
        letters = list(self._letters(notifications, delivery))
        if not letters:
            return
        unsent, error = self._send_all(letters)
        if error is not None and len(unsent) == len(letters):
            raise deliveries.GiveUp(str(error)) if isinstance(error, ValueError) else error
        if unsent:
            logger.warning("%d of %d mails are tried again", len(unsent), len(letters), exc_info=error)
            deliveries.keep(list(_jobs(unsent, delivery, apart=error is not None)), str(delivery._state.db))

    def _letters(self, notifications: Sequence[Notification], delivery: Delivery) -> Iterator[Addressed]:
        by_recipient: dict[Any, list[Notification]] = defaultdict(list)
        for line in notifications:
            by_recipient[line.recipient_id].append(line)
        head, digest = self._letterhead(), str(delivery.body.get("digest", ""))
        for lines in by_recipient.values():
            user: Any = lines[0].recipient
            if not user.is_active or not getattr(user, user.get_email_field_name(), ""):
                why = "has no address" if user.is_active else "is not active"
                logger.info("The user %s %s, and gets no mail", user.pk, why)
                continue
            yield lines, letter(head, user, lines, origin=_origin(delivery), digest=digest)

    def _letterhead(self) -> Letterhead:
        language = self.options.get("LANGUAGE")
        return Letterhead(
            channel=self.name,
            sender=str(self.options.get("FROM") or settings.DEFAULT_FROM_EMAIL),
            base_url=str(self.options.get("BASE_URL", "")).rstrip("/"),
            folder=str(self.options.get("TEMPLATES", "signals_audit/mail")),
            language=import_string(language) if language else None,
        )

    def _send_all(self, letters: Sequence[Addressed]) -> tuple[list[Addressed], Exception | None]:
        """Return what was not sent and why not; without a reason when there was not enough time."""
        until = time.monotonic() + policy().LEASE / 3
        failed: list[Addressed] = []
        first_error: Exception | None = None
        connection = self._connection()
        connection.open()
        try:
            for place, (lines, made) in enumerate(letters):
                if time.monotonic() > until:
                    return failed + list(letters[place:]), first_error
                try:
                    connection.send_messages([made])
                except Exception as error:
                    first_error = first_error or error
                    failed.append((lines, made))
                    if not isinstance(error, REFUSALS):
                        return failed + list(letters[place + 1 :]), first_error
        finally:
            with suppress(Exception):
                connection.close()
        return failed, first_error

    def _connection(self) -> Any:
        mailers: Mapping[str, Any] | None = getattr(mail, "mailers", None)  # since Django 6.1
        if mailers is not None:
            connection: Any = mailers[self.options.get("MAILER", "default")]
        else:
            connection = mail.get_connection()
        if getattr(connection, "timeout", 0) is None:  # it would wait for ever
            connection.timeout = self.options.get("TIMEOUT", TIMEOUT)
        return connection


def _origin(delivery: Delivery) -> str:
    """Return what stays the same when those who were left over get a delivery of their own."""
    return str(delivery.body.get("origin") or delivery.key)


def _jobs(unsent: Sequence[Addressed], delivery: Delivery, *, apart: bool) -> Iterator[deliveries.Job]:
    """Yield what is left over as new deliveries: each recipient's own where something went wrong."""
    pieces = [[piece] for piece in unsent] if apart else [list(unsent)]
    for piece in pieces:
        keys = [line.pk for lines, _made in piece for line in lines]
        body = {**delivery.body, "notifications": keys, "origin": _origin(delivery)}
        key = deliveries.key_of(delivery.key, *map(str, keys))
        yield deliveries.Job(delivery.kind, delivery.name, body, key)
