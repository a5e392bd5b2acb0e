"""What is recorded of the blog, and who is told of what; NOTIFY in the settings announces new comments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from signals_audit import notify_on, register
from signals_audit.reactions import declare_kind

# Book-keeping is left out, so that a save() that only moves `modified` leaves no entry.
register("blog.BlogPost", exclude=["modified", "last_activity_at"], m2m=["tags"])
register("blog.BlogComment", exclude=["modified"])
register("blog.PostReaction", exclude=["modified"])
register("blog.Tag")

# What people choose on the page of preferences.
declare_kind("comments", _("Comments on my posts"))
declare_kind("reactions", _("Reactions to my posts"))

notify_on(
    "blog.PostReaction",
    on="create",
    recipient="post.author",
    verb=_("reacted to"),
    target="post",
    kind="reactions",
)
# As long as nobody has read it, it is one line however often it changes, with the first and the last.
notify_on(
    "blog.PostReaction",
    on="change",
    field="reaction",
    recipient="post.author",
    verb=_("changed %(before)s to %(after)s on"),
    target="post",
    kind="reactions",
)
