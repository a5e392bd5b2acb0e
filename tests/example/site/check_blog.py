from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.blog.models import BlogComment, BlogPost, PostReaction, Tag
from example_project.factories import BlogCommentFactory, BlogPostFactory, PostReactionFactory, UserFactory

SCRIPT = "<script>alert(1)</script>"


def post_form(post, **changed):
    tags = ", ".join(str(tag) for tag in post.tags.all())
    body = post.body.replace("\n", "\r\n")
    return {"title": post.title, "body": body, "status": post.status, "tags": tags} | changed


def queries(browser, address):
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


def test_a_new_post_and_its_tags_are_one_change_set(ada, sign_in, recorded):
    form = {
        "title": " Signals ",
        "body": "One.\r\n\r\nTwo.  ",
        "status": "published",
        "tags": "django, signals,,django",
    }
    assert sign_in(ada).post(reverse("blog:new"), form).status_code == 302
    post = BlogPost.objects.get()
    assert (post.title, post.slug, post.body, post.author) == ("Signals", "signals", "One.\n\nTwo.", ada)
    assert [str(tag) for tag in post.tags.all()] == ["django", "signals"]
    made = [entry for entry in recorded.entries() if entry.model.startswith("blog.")]
    assert len({entry.change_set_id for entry in made}) == 1
    created = next(entry for entry in made if entry.model == "blog.BlogPost" and entry.action == "create")
    assert created.changes["slug"] == [None, "signals"]
    assert created.changes["body"] == [None, "One.\n\nTwo."]


def test_a_value_that_a_receiver_sets_is_in_the_entry(post, ada, sign_in, recorded):
    recorded.start()
    form = post_form(post, title="Signals, again", tags="django")
    sign_in(ada).post(reverse("blog:edit", args=(post.pk,)), form)
    entry = recorded.entries()[0]
    assert entry.changes == {
        "title": ["Signals in Django", "Signals, again"],
        "slug": ["signals-in-django", "signals-again"],
    }


def test_a_post_saved_as_it_was_is_not_recorded(post, ada, sign_in, recorded):
    recorded.start()
    assert sign_in(ada).post(reverse("blog:edit", args=(post.pk,)), post_form(post)).status_code == 302
    assert recorded.entries() == []


def test_an_older_address_leads_to_the_present_one(post, client):
    response = client.get(reverse("blog:detail", args=(post.pk, "older")))
    assert response["Location"] == post.get_absolute_url()


def test_a_title_without_letters_has_an_address_too(client):
    post = BlogPostFactory(title="日本語 🎉")
    assert client.get(post.get_absolute_url()).status_code == 200


def test_drafts_are_seen_by_their_author_alone(ada, ben, sign_in, client):
    draft = BlogPostFactory(author=ada, status=BlogPost.STATUS.draft)
    seen = [
        browser.get(draft.get_absolute_url()).status_code for browser in (sign_in(ada), sign_in(ben), client)
    ]
    assert seen == [200, 404, 404]
    listed = [
        len(browser.get(reverse("blog:list")).context["page"])
        for browser in (sign_in(ada), sign_in(ben), client)
    ]
    assert listed == [1, 0, 0]
    assert sign_in(ben).post(reverse("blog:comment", args=(draft.pk,)), {"body": "Hm"}).status_code == 404


@pytest.mark.parametrize("page", ["blog:edit", "blog:delete", "blog:history"])
def test_a_post_is_its_authors_own(post, ben, sign_in, page):
    assert sign_in(ben).get(reverse(page, args=(post.pk,))).status_code == 404


def test_a_comment_is_announced_to_the_author_and_moves_the_post_up(post, ben, sign_in, inbox_of, recorded):
    newer = BlogPostFactory(author=ben)
    recorded.start()
    browser = sign_in(ben)
    browser.post(reverse("blog:comment", args=(post.pk,)), {"body": "Well said."})
    assert inbox_of(post.author) == [("ben", "commented on", "Signals in Django", {})]
    assert recorded.facts() == [
        ("blog.BlogComment", "create", ["author", "body", "created", "id", "post"]),
    ]
    assert list(browser.get(reverse("blog:list")).context["page"]) == [post, newer]


def test_nobody_is_told_of_what_they_did_themselves(post, ada, sign_in, inbox_of):
    browser = sign_in(ada)
    browser.post(reverse("blog:comment", args=(post.pk,)), {"body": "I add."})
    for reaction in ("👍", "❤️"):
        browser.post(reverse("blog:react", args=(post.pk,)), {"reaction": reaction})
    assert (BlogComment.objects.count(), PostReaction.objects.get().reaction) == (1, "❤️")
    assert inbox_of(ada) == []


def test_an_empty_comment_is_refused_and_shown_again(post, ben, sign_in):
    response = sign_in(ben).post(reverse("blog:comment", args=(post.pk,)), {"body": "  "})
    assert response.status_code == 200
    assert "body" in response.context["form"].errors
    assert not BlogComment.objects.exists()


def test_a_changed_reaction_is_announced_with_old_and_new(post, ben, sign_in, inbox_of):
    browser, address = sign_in(ben), reverse("blog:react", args=(post.pk,))
    browser.post(address, {"reaction": "👍"})
    browser.post(address, {"reaction": "❤️"})
    assert inbox_of(post.author) == [
        ("ben", "reacted to", "Signals in Django", {}),
        (
            "ben",
            "changed %(before)s to %(after)s on",
            "Signals in Django",
            {"model": "blog.PostReaction", "field": "reaction", "before": "👍", "after": "❤️"},
        ),
    ]
    reaction = PostReaction.objects.get()
    assert (reaction.reaction, reaction.previous_reaction) == ("❤️", "👍")


def test_the_same_reaction_again_takes_it_back(post, ben, sign_in, recorded):
    browser, address = sign_in(ben), reverse("blog:react", args=(post.pk,))
    browser.post(address, {"reaction": "👍"})
    recorded.start()
    browser.post(address, {"reaction": "👍"})
    assert not PostReaction.objects.exists()
    assert [(entry.model, entry.action) for entry in recorded.entries()] == [("blog.PostReaction", "delete")]


def test_an_unknown_reaction_is_refused(post, ben, sign_in):
    assert sign_in(ben).post(reverse("blog:react", args=(post.pk,)), {"reaction": "💣"}).status_code == 400


def test_deleting_a_post_records_what_goes_with_it(post, ada, ben, sign_in, recorded):
    BlogCommentFactory(post=post, author=ben)
    PostReactionFactory(post=post, user=ben)
    recorded.start()
    sign_in(ada).post(reverse("blog:delete", args=(post.pk,)))
    deleted = {entry.model for entry in recorded.entries() if entry.action == "delete"}
    assert deleted == {"blog.BlogPost", "blog.BlogComment", "blog.PostReaction"}
    assert len({entry.change_set_id for entry in recorded.entries()}) == 1


@pytest.mark.parametrize("page", ["blog:comment", "blog:react"])
def test_state_changes_are_posts_with_a_token(post, ben, sign_in, page):
    address = reverse(page, args=(post.pk,))
    assert sign_in(ben).get(address).status_code == 405
    assert (
        sign_in(ben, enforce_csrf_checks=True).post(address, {"body": "x", "reaction": "👍"}).status_code
        == 403
    )


def test_a_comment_is_deleted_by_its_author_alone(post, ada, ben, sign_in):
    comment = BlogCommentFactory(post=post, author=ben)
    address = reverse("blog:delete-comment", args=(comment.pk,))
    assert [sign_in(user).post(address).status_code for user in (ada, ben)] == [404, 302]
    assert sign_in(ben).get(address).status_code == 405
    assert not BlogComment.objects.exists()


def test_the_history_shows_tags_by_name_and_who_did_it(post, ada, sign_in):
    browser = sign_in(ada)
    browser.post(
        reverse("blog:edit", args=(post.pk,)), post_form(post, title="Signals, again", tags="history")
    )
    Tag.objects.filter(name="django").delete()
    page = browser.get(reverse("blog:history", args=(post.pk,))).content.decode()
    assert "by ada" in page
    assert "Signals, again" in page
    assert "</span> history</ins>" in page


def test_script_in_every_field_is_shown_and_does_not_run(ada, sign_in):
    villain = UserFactory(username=SCRIPT[:30], first_name=SCRIPT, last_name=SCRIPT, email="v@example.com")
    post = BlogPostFactory(author=villain, title=SCRIPT, body=SCRIPT, tags=[SCRIPT])
    BlogCommentFactory(post=post, author=ada, body=SCRIPT)
    browser = sign_in(villain)
    sign_in(ada).post(reverse("blog:comment", args=(post.pk,)), {"body": SCRIPT})
    browser.post(reverse("blog:edit", args=(post.pk,)), post_form(post, title=SCRIPT + "2"))
    post.refresh_from_db()
    addresses = [
        reverse("blog:list"),
        reverse("blog:list") + "?tag=" + SCRIPT,
        post.get_absolute_url(),
        reverse("blog:edit", args=(post.pk,)),
        reverse("blog:delete", args=(post.pk,)),
        reverse("blog:history", args=(post.pk,)),
        reverse("accounts:profile"),
        reverse("audit_inbox:inbox"),
    ]
    for address in addresses:
        response = browser.get(address)
        page = response.content.decode().replace('<script src="/static/signals_audit/badge.js" defer>', "")
        assert (response.status_code, "<script" in page, " style=" in page) == (200, False, False), address
        assert "&lt;script&gt;" in page, address
        assert response["Content-Security-Policy"].startswith("default-src 'self'")


@pytest.mark.parametrize(
    "query", ["?tag=%00", "?tag=%ED%A0%80", "?tag=%F0%9F%8E%89", "?page=x", "?page=-1", "?page=%00"]
)
def test_a_hostile_address_gives_a_page(post, client, query):
    assert client.get(reverse("blog:list") + query).status_code == 200


def test_a_number_that_no_post_can_have_is_not_found(post, client):
    assert client.get(reverse("blog:detail", args=(10**30, "x"))).status_code == 404


@pytest.mark.parametrize("text", [b"a%00b", b"%ED%A0%80", b"x" * 2_000_000, b"x" * 3_000_000])
def test_a_text_that_cannot_be_kept_is_refused_or_repaired_and_never_an_error(post, ben, sign_in, text):
    form = {"data": b"body=" + text, "content_type": "application/x-www-form-urlencoded"}
    response = sign_in(ben).post(reverse("blog:comment", args=(post.pk,)), **form)
    assert response.status_code in (200, 302, 400)


def test_pages_cost_the_same_number_of_queries_however_much_they_show(post, ada, ben, sign_in, unmeasured):
    browser = sign_in(ada)
    addresses = [reverse("blog:list"), post.get_absolute_url(), reverse("blog:history", args=(post.pk,))]
    browser.get(addresses[0])

    def add():
        for author in (ben, UserFactory()):
            BlogCommentFactory(post=post, author=author)
            BlogPostFactory(author=author, tags=["one", "two"])
        PostReactionFactory(post=post, user=author)
        post.title += "!"
        post.save()
        post.tags.add(Tag.objects.get_or_create(name=f"tag {author.pk}")[0])

    add()
    few = [queries(browser, address) for address in addresses]
    for _number in range(4):
        add()
    assert [queries(browser, address) for address in addresses] == few


def test_a_list_is_cut_into_pages(client):
    author = UserFactory()
    BlogPostFactory.create_batch(12, author=author)
    first, second = client.get(reverse("blog:list")), client.get(reverse("blog:list") + "?page=2")
    assert (len(first.context["page"]), len(second.context["page"])) == (10, 2)
    assert 'rel="next"' in first.content.decode()
