"""What is recorded of the blog, and who is told of what; NOTIFY in the settings announces new comments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from signals_audit import ChangeEvent, notify_on, on_change, register
from signals_audit.reactions import notify

from .models import PostReaction

# Book-keeping is left out, so that a save() that only moves `modified` leaves no entry.
register("blog.BlogPost", exclude=["modified", "last_activity_at"], m2m=["tags"])
register("blog.BlogComment", exclude=["modified"])
register("blog.PostReaction", exclude=["modified"])
register("blog.Tag")

notify_on("blog.PostReaction", on="create", recipient="post.author", verb=_("reacted to"), target="post")


@on_change("blog.PostReaction", "reaction", durable=True)
def announce_changed_reaction(event: ChangeEvent) -> None:
    """Tell the post's author what the reaction was and what it is now."""
    reaction = PostReaction.objects.select_related("post__author").filter(pk=event.pk).first()
    if reaction is None:
        return
    before, after = event.changes["reaction"]
    notify(
        [reaction.post.author],
        verb=_("changed %(old)s to %(new)s on"),
        actor=event.actor,
        target=reaction.post,
        data={"old": before, "new": after},
    )
