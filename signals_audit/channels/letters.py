"""What a mail says: its texts, made of templates in the reader's language, and its headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.policy import default as default_policy
from email.utils import parseaddr
from typing import Any, Final

import django
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from ..deliveries import GiveUp, key_of
from ..display import printable
from ..models import Notification
from ..sentences import remark, sentence

SALT: Final = "signals_audit.unsubscribe"
SUBJECT: Final = 200
LINE: Final = 998  # characters, as many as mail allows


@dataclass(frozen=True, slots=True)
class Told:
    """A notification in the reader's language."""

    text: str
    remark: str
    notification: Notification


@dataclass(slots=True)
class Group:
    """What there is to say about one target."""

    target: str
    url: str = ""
    lines: list[Told] = field(default_factory=list)


class Letter(EmailMultiAlternatives):
    """A mail whose headers are folded at spaces alone.

    Python encodes what is longer than a line, which no mail program undoes in the address of a page.
    """

    def message(self, **options: Any) -> Any:
        """Return the mail; since Django 6.0 a policy says how long lines may be."""
        if django.VERSION >= (6, 0):
            policy: Any = options.get("policy") or default_policy
            options["policy"] = policy.clone(max_line_length=LINE)
        return super().message(**options)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What the letters of a channel have in common: the address of the site, and where templates are."""

    channel: str
    sender: str
    base_url: str = ""
    folder: str = "signals_audit/mail"
    language: Callable[[Any], str] | None = None

    def url(self, page: str, *args: Any) -> str:
        """Return the full address of one of the inbox's pages; "" where the site or the page is not known."""
        try:
            return f"{self.base_url}{reverse(f'audit_inbox:{page}', args=args)}" if self.base_url else ""
        except NoReverseMatch:
            return ""


def letter(
    head: Letterhead, user: Model, notifications: Sequence[Notification], *, origin: str, digest: str
) -> Letter:
    """Return the mail to a user; `GiveUp` where a template fails."""
    token = signing.dumps(
        {
            "user": str(user.pk),
            "channel": head.channel,
            "kinds": sorted({line.kind for line in notifications}),
        },
        salt=SALT,
    )
    unsubscribe = head.url("unsubscribe", token)
    code = head.language(user) if head.language else settings.LANGUAGE_CODE
    with translation.override(code):
        context = {
            "user": user,
            "digest": digest,
            "groups": grouped(notifications, head),
            "count": len(notifications),
            "inbox_url": head.url("inbox"),
            "preferences_url": head.url("preferences"),
            "unsubscribe_url": unsubscribe,
        }
        subject, text, html = (
            _rendered(head, name, context) for name in ("subject.txt", "body.txt", "body.html")
        )
    address = str(getattr(user, user.get_email_field_name()))  # type: ignore[attr-defined]
    made = Letter(
        subject=" ".join(subject.split())[:SUBJECT],
        body=text,
        from_email=head.sender,
        to=[address],
        headers=_headers(head, origin, user, unsubscribe),
    )
    made.attach_alternative(html, "text/html")
    return made


def _rendered(head: Letterhead, name: str, context: Mapping[str, Any]) -> str:
    try:
        return render_to_string(f"{head.folder}/{name}", dict(context))
    except Exception as error:
        raise GiveUp(f"The template {head.folder}/{name} failed: {error!r}") from error


def _headers(head: Letterhead, origin: str, user: Model, unsubscribe: str) -> dict[str, str]:
    """Return the headers; the id is the same when the mail is sent again."""
    domain = parseaddr(head.sender)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Message-ID": f"<{key_of(origin, str(user.pk))[:40]}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    if unsubscribe:
        headers["List-Unsubscribe"] = f"<{unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def grouped(notifications: Iterable[Notification], head: Letterhead) -> list[Group]:
    """Return notifications by what they are about, in order of the first about each."""
    groups: dict[tuple[str, str], Group] = {}
    for line in notifications:
        group = groups.get((line.target_model, line.target_id))
        if group is None:
            url = head.url("open", line.uuid) if line.target_id else ""
            group = groups[line.target_model, line.target_id] = Group(printable(line.target_repr), url)
        group.lines.append(Told(sentence(line), remark(line), line))
    return list(groups.values())
