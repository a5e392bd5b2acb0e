"""Django's own signals, as in the tutorial: two pre_save receivers that change values, and one of post_save.

What people are told of is declared in audit.py: unlike these receivers, that waits for COMMIT.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.text import slugify

from .models import BlogComment, BlogPost, PostReaction


@receiver(pre_save, sender=BlogPost, dispatch_uid="blog.tidy_post")
def tidy_post(instance: BlogPost, raw: bool, **_kwargs: Any) -> None:
    """Derive the slug from the title, and store the text as it was meant: browsers send CRLF."""
    if raw:
        return
    instance.title = instance.title.strip()
    instance.slug = slugify(instance.title)[:200] or "post"
    instance.body = "\n".join(line.rstrip() for line in instance.body.splitlines()).strip()


@receiver(pre_save, sender=PostReaction, dispatch_uid="blog.remember_previous_reaction")
def remember_previous_reaction(instance: PostReaction, raw: bool, **_kwargs: Any) -> None:
    """Keep the reaction before this one.

    The tutorial reads the row again to compare, and takes a missing primary key for a new row. The tracker
    compares without a query, and `_state.adding` also knows new rows whose key is chosen in Python.
    """
    if not raw and not instance._state.adding and instance.tracker.has_changed("reaction"):
        instance.previous_reaction = instance.tracker.previous("reaction") or ""


@receiver(post_save, sender=BlogComment, dispatch_uid="blog.touch_post")
def touch_post(instance: BlogComment, created: bool, raw: bool, using: str, **_kwargs: Any) -> None:
    """Move a post that is talked about up in the list.

    By update() on purpose: it is one statement, sends no signals, and so cannot loop.
    """
    if created and not raw:
        BlogPost.objects.using(using).filter(pk=instance.post_id).update(last_activity_at=timezone.now())
