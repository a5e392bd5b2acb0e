"""The story of the demo: what happens, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse

from example_project.blog.models import BlogComment, BlogPost
from example_project.factories import PASSWORD
from example_project.lab.experiments import EXPERIMENTS
from signals_audit import audit_context
from signals_audit.models import AuditEntry, Notification
from signals_audit.receiver_statistics import flush
from signals_audit.sentences import sentence

from .map import lab_findings, life_of_a_comment
from .people import People
from .visitor import Visitor
from .watch import Moment, watched

TITLE = "Signals in Django"
BODY = "A signal says that something happened.\r\n\r\nWhat follows from it is a plain function."
NEW_TITLE = "Signals in Django, explained"
NEW_BODY = BODY.replace("a plain function", "an explicit function, and a line in the log")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of the story that has happened, with what was expected of it."""

    title: str
    moments: list[Moment]
    entries: int
    notifications: int
    claims: dict[str, bool] = field(default_factory=dict)

    def all_entries(self) -> list[AuditEntry]:
        """Return the entries of all moments."""
        return [entry for moment in self.moments for entry in moment.entries]

    def all_notifications(self) -> list[Notification]:
        """Return the notifications of all moments."""
        return [notification for moment in self.moments for notification in moment.notifications]

    def failures(self) -> list[str]:
        """Return what did not come out as expected."""
        entries, notifications = len(self.all_entries()), len(self.all_notifications())
        counted = {
            f"{self.entries} entries were expected, {entries} were written": entries == self.entries,
            f"{self.notifications} notifications were expected, {notifications} were sent": (
                notifications == self.notifications
            ),
        }
        not_held = [f"not so: {claim}" for claim, held in self.claims.items() if not held]
        return [text for text, right in counted.items() if not right] + not_held


class UndoError(Exception):
    """Raised to roll a transaction back."""


class Story:
    """Ada writes, Ben answers, and the log follows."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._moments: list[Moment] = []
        names = ("anonymous", people.ada, people.ben.username, people.chris.username)
        self.visitor, self.ada, self.ben, self.chris = (Visitor(name, self._moments) for name in names)

    def steps(self) -> Iterator[Step]:
        """Let one step after the other happen."""
        chapters: tuple[Callable[[], Step], ...] = (
            self.ada_registers,
            self.ada_writes_and_ben_comments,
            self.ben_changes_his_mind,
            self.ada_answers,
            self.ada_edits,
            self.a_transaction_is_rolled_back,
            self.nothing_changes,
            self.ada_deletes_a_note,
            self.ben_visits_the_lab,
            self.chris_asks_the_signal_map,
        )
        for chapter in chapters:
            yield chapter()

    def ada_registers(self) -> Step:
        """The profile comes with the account; the log-in writes last_login, which is left out."""
        form = {
            "first_name": "Ada",
            "last_name": "Byron",
            "username": self.ada.name,
            "email": "ada@example.com",
        }
        self.visitor.post(reverse("accounts:register"), **form, password1=PASSWORD, password2=PASSWORD)
        self.ada.log_in(PASSWORD)
        self.ben.log_in(PASSWORD)
        moments = self._take_moments()
        created = moments[0].entries
        claims = {
            "an account and its profile": _labels(created) == ["auth.User", "billing.BillingProfile"],
            "the profile is caused by the account": len(created) == 2
            and _is_caused_by(created[1], created[0]),
            "the password is not in the log": all(PASSWORD not in str(entry.changes) for entry in created),
        }
        return Step(
            title="Ada registers and logs in", moments=moments, entries=2, notifications=0, claims=claims
        )

    def ada_writes_and_ben_comments(self) -> Step:
        """Two tags, of which one is new; the post; what the post is tagged with; the comment."""
        self._write(title=TITLE, body=BODY, tags=f"django, {self.ada.name}’s notes")
        self._comment(self.ben, "Clear at last. Thank you!")
        moments = self._take_moments()
        claims = {
            "the post is one change set": _change_sets(moments[0]) == 1,
            "Ada is told of the comment": self._told(moments[1])
            == [f"{self.ada.name}: ben commented on {TITLE}"],
        }
        return Step(
            title="Ada writes a post, Ben comments",
            moments=moments,
            entries=4,
            notifications=1,
            claims=claims,
        )

    def ben_changes_his_mind(self) -> Step:
        """A new reaction, then another one in its place."""
        self._react(self.ben, "👍")
        self._react(self.ben, "❤️")
        moments = self._take_moments()
        claims = {
            "Ada is told of the reaction": self._told(moments[0])
            == [f"{self.ada.name}: ben reacted to {TITLE}"],
            "Ada is told what it was and what it is": self._told(moments[1])
            == [f"{self.ada.name}: ben changed Like to Love on {TITLE}"],
        }
        return Step(
            title="Ben changes his reaction", moments=moments, entries=2, notifications=2, claims=claims
        )

    def ada_answers(self) -> Step:
        """Nobody is told of what they did themselves."""
        self._comment(self.ada, "You are welcome.")
        return Step(
            title="Ada comments on her own post", moments=self._take_moments(), entries=1, notifications=0
        )

    def ada_edits(self) -> Step:
        """Title, text and tags, and the slug that a receiver derives: one request, one change set."""
        post = self._post()
        self._edit(post)
        moments = self._take_moments()
        edited = next((entry for entry in moments[0].entries if "title" in entry.changes), None)
        claims = {
            "one change set": _change_sets(moments[0]) == 1,
            "the slug that a receiver set is in the entry": edited is not None
            and edited.changes.get("slug") == ["signals-in-django", "signals-in-django-explained"],
        }
        title = "Ada edits title, text and tags"
        return Step(title=title, moments=moments, entries=3, notifications=0, claims=claims)

    def a_transaction_is_rolled_back(self) -> Step:
        """What did not happen is not recorded, and nobody hears of it."""
        ben = self.people.ben
        with watched("ben", "transaction.atomic() that raises") as moment:
            try:
                with audit_context(actor=ben), transaction.atomic():
                    BlogComment.objects.create(post=self._post(), author=ben, body="Never said.")
                    raise UndoError
            except UndoError:
                pass
        gone = not BlogComment.objects.filter(body="Never said.").exists()
        claims = {"the comment is gone": gone}
        return Step(
            title="A transaction is rolled back", moments=[moment], entries=0, notifications=0, claims=claims
        )

    def nothing_changes(self) -> Step:
        """The form is sent as it was shown; only `modified` moves, which is left out."""
        self._edit(self._post())
        return Step(
            title="Ada saves without a change", moments=self._take_moments(), entries=0, notifications=0
        )

    def ada_deletes_a_note(self) -> Step:
        """What goes with a deleted post is recorded with it."""
        self._write(title="A note to self", body="Buy milk.", tags="")
        self._comment(self.ben, "And bread?")
        self._react(self.ben, "🎉")
        note = self._post()
        self.ada.post(reverse("blog:delete", args=(note.pk,)))
        moments = self._take_moments()
        deleted = moments[-1].entries
        claims = {
            "post, comment and reaction are recorded as deleted": sorted(_labels(deleted))
            == ["blog.BlogComment", "blog.BlogPost", "blog.PostReaction"]
            and all(entry.action == "delete" for entry in deleted),
            "in one change set": _change_sets(moments[-1]) == 1,
        }
        title = "Ada deletes a note with what hangs on it"
        return Step(title=title, moments=moments, entries=6, notifications=2, claims=claims)

    def ben_visits_the_lab(self) -> Step:
        """Three buttons; nothing of the lab is audited."""
        for name in EXPERIMENTS:
            self.ben.post(reverse("lab:perform", args=(name,)))
        title = "Ben presses the buttons of the lab"
        return Step(title=title, moments=self._take_moments(), entries=0, notifications=0)

    def chris_asks_the_signal_map(self) -> Step:
        """Nothing told the map what to look for: it says itself what is slow, what fails and what loops."""
        flush()
        self.chris.log_in(PASSWORD)
        claims = lab_findings(self.chris) | life_of_a_comment(self.chris)
        title = "Chris asks the signal map what went wrong"
        return Step(title=title, moments=self._take_moments()[1:], entries=0, notifications=0, claims=claims)

    def _take_moments(self) -> list[Moment]:
        taken = list(self._moments)
        self._moments.clear()
        return taken

    def _post(self) -> BlogPost:
        author = User.objects.get(username=self.ada.name)
        return BlogPost.objects.filter(author=author).latest("id")

    def _write(self, *, title: str, body: str, tags: str) -> None:
        self.ada.post(reverse("blog:new"), title=title, body=body, tags=tags, status="published")

    def _edit(self, post: BlogPost) -> None:
        form = {
            "title": NEW_TITLE,
            "body": NEW_BODY,
            "tags": "django, history, signals",
            "status": "published",
        }
        self.ada.post(reverse("blog:edit", args=(post.pk,)), **form)

    def _comment(self, visitor: Visitor, text: str) -> None:
        visitor.post(reverse("blog:comment", args=(self._post().pk,)), body=text)

    def _react(self, visitor: Visitor, reaction: str) -> None:
        visitor.post(reverse("blog:react", args=(self._post().pk,)), reaction=reaction)

    def _told(self, moment: Moment) -> list[str]:
        return [f"{line.recipient.get_username()}: {sentence(line)}" for line in moment.notifications]


def _labels(entries: list[AuditEntry]) -> list[str]:
    return [entry.model for entry in entries]


def _change_sets(moment: Moment) -> int:
    return len({entry.change_set_id for entry in moment.entries})


def _is_caused_by(entry: AuditEntry, cause: AuditEntry) -> bool:
    address = (entry.caused_by_change_set, entry.caused_by_seq)
    return bool(entry.caused_by) and address == (cause.change_set_id, cause.seq)
