"""Which posts somebody may see, and what a page says about one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, DateTimeField, F, Q, QuerySet
from django.db.models.functions import Coalesce

from .models import BlogPost, PostReaction


@dataclass(frozen=True, kw_only=True)
class ReactionButton:
    """One of the buttons under a post."""

    emoji: str
    label: str
    count: int
    pressed: bool


def visible_posts(user: User | AnonymousUser) -> QuerySet[BlogPost]:
    """Return what is published, and the user's own drafts."""
    return BlogPost.objects.filter(Q(status=BlogPost.STATUS.published) | Q(author=user.pk)).select_related(
        "author"
    )


def listed_posts(user: User | AnonymousUser) -> QuerySet[BlogPost]:
    """Return the visible posts, what was talked about last first."""
    counts = {
        "comment_count": Count("comments", distinct=True),
        "reaction_count": Count("reactions", distinct=True),
    }
    latest_first = Coalesce(F("last_activity_at"), F("created"), output_field=DateTimeField()).desc()
    return visible_posts(user).prefetch_related("tags").annotate(**counts).order_by(latest_first, "-id")


def reaction_buttons(post: BlogPost, user: User | AnonymousUser) -> list[ReactionButton]:
    """Return a button for each reaction, with how many chose it and whether the user did."""
    given = list(PostReaction.objects.filter(post=post).values_list("reaction", "user_id"))
    emojis = [emoji for emoji, _user in given]
    own = next((emoji for emoji, user_id in given if user_id == user.pk), None)
    return [
        ReactionButton(emoji=emoji, label=label, count=emojis.count(emoji), pressed=emoji == own)
        for emoji, label in PostReaction.REACTIONS
    ]
