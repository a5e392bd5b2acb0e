"""Notifications made ready to be shown: where each one leads, and what the reactions were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from example_project.blog.models import BlogPost
from signals_audit.models import Notification


@dataclass(frozen=True, kw_only=True)
class Line:
    """A notification; `url` is empty when its target is gone."""

    notification: Notification
    url: str


def lines_for(notifications: Iterable[Notification]) -> list[Line]:
    """Pair notifications with the addresses of their posts, with one query for all of them."""
    shown = list(notifications)
    keys = {line.target_id for line in shown if line.target_model == BlogPost._meta.label}
    posts = {str(post.pk): post for post in BlogPost.objects.filter(pk__in=keys).only("slug")}
    return [Line(notification=line, url=_url(line, posts)) for line in shown]


def _url(notification: Notification, posts: dict[str, BlogPost]) -> str:
    post = posts.get(notification.target_id) if notification.target_model == BlogPost._meta.label else None
    return post.get_absolute_url() if post else ""
