"""Who and what is there before the story begins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction

from example_project.blog.models import BlogPost, PostReaction
from example_project.factories import (
    PASSWORD,
    AuditorFactory,
    BlogCommentFactory,
    BlogPostFactory,
    PostReactionFactory,
    SuperuserFactory,
    UserFactory,
    start_over,
)
from signals_audit import Actor, ActorKind, audit_context

COMMAND = Actor(kind=ActorKind.COMMAND, id=None, label="demo")

POSTS = (
    (
        "Where the time went",
        "Saving a comment took 80 ms, and 75 of them were a receiver that nobody remembered connecting.\n\n"
        "A receiver runs inside save(), in the request of whoever pressed the button. Whatever it does, "
        "they wait for it. We moved the slow half behind the commit, and kept the fast half where it was.",
        ["performance", "signals"],
    ),
    (
        "A transaction is a promise",
        "Either everything in it happened or nothing did. A mail that was sent before the rollback breaks "
        "the promise, and so does a log line about an order that never existed.\n\n"
        "Tell people about facts, and wait until they are facts.",
        ["databases"],
    ),
    (
        "Things I wrote on the whiteboard",
        "Who changed it? From what? To what? Why? And what happened then?\n\n"
        "Five questions. Our old log answered half of the first one.",
        ["django", "history"],
    ),
)


@dataclass(frozen=True, kw_only=True)
class People:
    """The accounts of the demo; Ada's name is free, she registers in the story."""

    ada: str
    ben: User
    grace: User
    chris: User


def make_people() -> People:
    """Make the accounts and some posts; those that exist are kept."""
    start_over()
    with audit_context(actor=COMMAND, reason="demo data"), transaction.atomic():
        password = make_password(PASSWORD)  # once: hashing is slow on purpose
        known = User.objects.filter(username="ben").exists()
        people = People(
            ada=_free_name("ada"),
            ben=UserFactory(username="ben", password=password),
            grace=SuperuserFactory(username="grace", password=password),
            chris=AuditorFactory(username="chris", password=password),
        )
        if not known:
            _write_posts(people)
    return people


def _free_name(name: str) -> str:
    taken = set(User.objects.filter(username__startswith=name).values_list("username", flat=True))
    numbered = (f"{name}{number}" for number in count(2))
    return name if name not in taken else next(free for free in numbered if free not in taken)


def _write_posts(people: People) -> None:
    for title, body, tags in POSTS:
        post: BlogPost = BlogPostFactory(author=people.ben, title=title, body=body, tags=tags)
        PostReactionFactory(post=post, user=people.grace, reaction=PostReaction.REACTIONS.love)
    BlogCommentFactory(post=post, author=people.grace, body="The fifth is the one I get asked at night.")
    BlogCommentFactory(post=post, author=people.ben, body="Then let us answer it first.")
