"""Notifications made ready to be shown: what each one says, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from example_project.blog.models import BlogPost
from signals_audit.models import Notification
from signals_audit.sentences import actor_name, verb_text


@dataclass(frozen=True, kw_only=True)
class Line:
    """A notification in the reader's language; `url` is empty when its target is gone."""

    notification: Notification
    actor: str
    verb: str
    url: str


def lines_for(notifications: Iterable[Notification]) -> list[Line]:
    """Pair notifications with the addresses of their posts, with one query for all of them."""
    shown = list(notifications)
    keys = {line.target_id for line in shown if line.target_model == BlogPost._meta.label}
    posts = {str(post.pk): post for post in BlogPost.objects.filter(pk__in=keys).only("slug")}
    return [_line(notification, _url(notification, posts)) for notification in shown]


def _line(notification: Notification, url: str) -> Line:
    actor, verb = actor_name(notification), verb_text(notification)
    return Line(notification=notification, actor=actor, verb=verb, url=url)


def _url(notification: Notification, posts: dict[str, BlogPost]) -> str:
    post = posts.get(notification.target_id) if notification.target_model == BlogPost._meta.label else None
    return post.get_absolute_url() if post else ""
