from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from example_project.requests import SignedInRequest

from .forms import BlogCommentForm, BlogPostForm, PostReactionForm
from .history import history_cards
from .models import BlogComment, BlogPost, PostReaction
from .posts import listed_posts, reaction_buttons, visible_posts

POSTS_PER_PAGE = 10
ENTRIES_SHOWN = 100


@require_GET
def post_list(request: HttpRequest) -> HttpResponse:
    """List the posts, of one tag when asked."""
    tag = request.GET.get("tag", "").replace("\0", "")  # PostgreSQL refuses to look for NUL
    posts = listed_posts(request.user)
    if tag:
        # A subquery: filtering on the relation would multiply the counted rows.
        posts = posts.filter(pk__in=BlogPost.tags.through.objects.filter(tag__name=tag).values("blogpost_id"))
    page = Paginator(posts, POSTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "blog/list.html", {"page": page, "tag": tag})


@require_GET
def post_detail(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """Show a post; an address with an older title leads to the present one."""
    post = get_object_or_404(visible_posts(request.user), pk=pk)
    if post.slug != slug:
        return redirect(post)
    return _render_post(request, post, BlogCommentForm())


def _render_post(request: HttpRequest, post: BlogPost, form: BlogCommentForm) -> HttpResponse:
    context = {
        "post": post,
        "comments": post.comments.select_related("author"),
        "buttons": reaction_buttons(post, request.user),
        "form": form,
    }
    return render(request, "blog/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def write_post(request: SignedInRequest) -> HttpResponse:
    """Write a new post."""
    return _save_post(request, BlogPost(author=request.user), _("Post saved."))


@login_required
@require_http_methods(["GET", "POST"])
def edit_post(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change one's own post."""
    return _save_post(request, get_object_or_404(BlogPost, pk=pk, author=request.user), _("Post updated."))


def _save_post(request: SignedInRequest, post: BlogPost, message: str) -> HttpResponse:
    form = BlogPostForm(request.POST or None, instance=post)
    if request.method == "POST" and form.is_valid():
        post = form.save()
        messages.success(request, message)
        return redirect(post)
    return render(request, "blog/form.html", {"form": form, "post": post})


@login_required
@require_http_methods(["GET", "POST"])
def delete_post(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then delete one's own post with its comments and reactions."""
    post = get_object_or_404(BlogPost, pk=pk, author=request.user)
    if request.method == "POST":
        post.delete()
        messages.success(request, _("Post deleted."))
        return redirect("blog:list")
    return render(request, "blog/delete.html", {"post": post})


@login_required
@require_POST
def add_comment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Comment on a post."""
    post = get_object_or_404(visible_posts(request.user), pk=pk)
    form = BlogCommentForm(request.POST, instance=BlogComment(post=post, author=request.user))
    if not form.is_valid():
        return _render_post(request, post, form)
    comment = form.save()
    return redirect(f"{post.get_absolute_url()}#comment-{comment.pk}")


@login_required
@require_POST
def delete_comment(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete one's own comment."""
    comment = get_object_or_404(BlogComment.objects.select_related("post"), pk=pk, author=request.user)
    comment.delete()
    messages.success(request, _("Comment deleted."))
    return redirect(comment.post)


@login_required
@require_POST
def react(request: SignedInRequest, pk: int) -> HttpResponse:
    """React to a post: one reaction per person, so another one replaces it and the same one takes it back."""
    post = get_object_or_404(visible_posts(request.user), pk=pk)
    form = PostReactionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(_("There is no such reaction."))
    _set_reaction(post, request, form.cleaned_data["reaction"])
    return redirect(f"{post.get_absolute_url()}#reactions")


def _set_reaction(post: BlogPost, request: SignedInRequest, chosen: str) -> None:
    reaction, created = PostReaction.objects.get_or_create(
        post=post, user=request.user, defaults={"reaction": chosen}
    )
    if created:
        return
    if reaction.reaction == chosen:
        reaction.delete()
    else:
        reaction.reaction = chosen
        reaction.save()


@login_required
@require_GET
def post_history(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a post's author what happened to the post."""
    post = get_object_or_404(BlogPost, pk=pk, author=request.user)
    return render(
        request, "blog/history.html", {"post": post, "cards": history_cards(post, size=ENTRIES_SHOWN)}
    )
