from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.factories import BlogPostFactory
from signals_audit.models import Notification


def tell(user, post, *, actor="ben", verb="commented on", number=1):
    lines = [
        Notification(
            recipient=user,
            actor_kind="user",
            actor_repr=actor,
            verb=verb,
            target_model="blog.BlogPost",
            target_id=str(post.pk),
            target_repr=post.title,
            created_at=timezone.now(),
        )
        for _number in range(number)
    ]
    return Notification.objects.bulk_create(lines)[0]


def unread(user):
    return Notification.objects.filter(recipient=user, read_at=None).count()


@pytest.mark.parametrize(("number", "badge"), [(1, "1"), (99, "99"), (100, "99+")])
def test_the_header_says_how_many_are_unread(ada, post, sign_in, number, badge):
    tell(ada, post, number=number)
    assert (
        f'<span aria-hidden="true">{badge}</span>' in sign_in(ada).get(reverse("blog:list")).content.decode()
    )


def test_there_is_no_badge_when_nothing_is_unread(ada, ben, post, sign_in):
    tell(ada, post)
    assert 'class="sa-badge"' not in sign_in(ben).get(reverse("blog:list")).content.decode()


def test_the_inbox_shows_ones_own_lines_alone(ada, ben, post, sign_in):
    tell(ada, post, actor="somebody")
    assert "somebody" in sign_in(ada).get(reverse("audit_inbox:inbox")).content.decode()
    assert "somebody" not in sign_in(ben).get(reverse("audit_inbox:inbox") + "?show=all").content.decode()


@pytest.mark.parametrize("page", ["audit_inbox:open", "audit_inbox:mark-read"])
def test_nobody_reads_for_somebody_else(ada, ben, post, sign_in, page):
    line = tell(ada, post)
    assert sign_in(ben).post(reverse(page, args=(line.uuid,))).status_code == 404
    assert unread(ada) == 1


def test_reading_all_leaves_other_inboxes_alone(ada, ben, post, sign_in):
    tell(ada, post, number=3)
    tell(ben, post)
    assert sign_in(ada).post(reverse("audit_inbox:mark-all-read")).status_code == 302
    assert (unread(ada), unread(ben)) == (0, 1)


def test_opening_a_line_marks_it_read_and_leads_to_the_post(ada, post, sign_in):
    line = tell(ada, post)
    response = sign_in(ada).post(reverse("audit_inbox:open", args=(line.uuid,)))
    assert (response["Location"], unread(ada)) == (post.get_absolute_url(), 0)


def test_a_line_keeps_the_moment_when_it_was_first_read(ada, post, sign_in):
    line = tell(ada, post)
    moments = []
    for page in ("audit_inbox:mark-read", "audit_inbox:open"):
        sign_in(ada).post(reverse(page, args=(line.uuid,)))
        line.refresh_from_db()
        moments.append(line.read_at)
    assert moments == [moments[0]] * 2
    assert moments[0] is not None


def test_a_line_whose_post_is_gone_stays_without_a_link(ada, post, sign_in):
    line = tell(ada, post)
    post.delete()
    browser = sign_in(ada)
    page = browser.get(reverse("audit_inbox:inbox")).content.decode()
    assert '<span class="sa-gone">Signals in Django</span>' in page
    assert reverse("audit_inbox:open", args=(line.uuid,)) not in page
    response = browser.post(reverse("audit_inbox:open", args=(line.uuid,)))
    assert response["Location"] == reverse("audit_inbox:inbox")


@pytest.mark.parametrize("page", ["audit_inbox:open", "audit_inbox:mark-read"])
def test_reading_is_a_post_with_a_token(ada, post, sign_in, page):
    address = reverse(page, args=(tell(ada, post).uuid,))
    assert sign_in(ada).get(address).status_code == (302 if page == "audit_inbox:open" else 405)
    assert sign_in(ada).get(reverse("audit_inbox:mark-all-read")).status_code == 405
    assert sign_in(ada, enforce_csrf_checks=True).post(address).status_code == 403
    assert unread(ada) == 1


def test_an_unknown_line_is_not_found(ada, sign_in):
    assert sign_in(ada).post(reverse("audit_inbox:open", args=(uuid.uuid4(),))).status_code == 404


def test_hostile_words_are_escaped(ada, post, sign_in):
    tell(ada, post, actor="<script>1</script>", verb="<b>100% sure</b> of %(x)s")
    page = sign_in(ada).get(reverse("audit_inbox:inbox")).content.decode()
    assert "<script>1" not in page
    assert "&lt;b&gt;100% sure&lt;/b&gt; of %(x)s" in page


def test_the_inbox_costs_the_same_number_of_queries_however_full_it_is(ada, post, sign_in, unmeasured):
    browser = sign_in(ada)

    def cost():
        with CaptureQueriesContext(connection) as captured:
            browser.get(reverse("audit_inbox:inbox"))
        return len(captured)

    tell(ada, post)
    few = cost()
    for _number in range(5):
        tell(ada, BlogPostFactory(author=ada), number=3)
    assert cost() == few
