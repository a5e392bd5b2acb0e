from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from model_utils import Choices, FieldTracker
from model_utils.fields import MonitorField, StatusField
from model_utils.models import TimeStampedModel


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=50, unique=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name


class BlogPost(TimeStampedModel):
    STATUS = Choices(("draft", _("draft")), ("published", _("published")))

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="posts", verbose_name=_("author")
    )
    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200, editable=False, db_index=False)
    body = models.TextField(_("text"))
    status = StatusField(verbose_name=_("status"))
    published_at = MonitorField(
        verbose_name=_("published at"),
        monitor="status",
        when=["published"],
        null=True,
        default=None,
        editable=False,
    )
    tags = models.ManyToManyField(Tag, related_name="posts", blank=True, verbose_name=_("tags"))
    last_activity_at = models.DateTimeField(_("last activity"), null=True, editable=False)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("post")
        verbose_name_plural = _("posts")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("blog:detail", args=(self.pk, self.slug))


class BlogComment(TimeStampedModel):
    post = models.ForeignKey(
        BlogPost, on_delete=models.CASCADE, related_name="comments", verbose_name=_("post")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments", verbose_name=_("author")
    )
    body = models.TextField(_("comment"), max_length=5000)

    class Meta:
        ordering = ("id",)
        verbose_name = _("comment")
        verbose_name_plural = _("comments")

    def __str__(self) -> str:
        return self.body[:60]


class PostReaction(TimeStampedModel):
    REACTIONS = Choices(
        ("👍", "like", _("Like")),
        ("❤️", "love", _("Love")),
        ("🎉", "celebrate", _("Celebrate")),
        ("😕", "confused", _("Confused")),
    )

    post = models.ForeignKey(
        BlogPost, on_delete=models.CASCADE, related_name="reactions", verbose_name=_("post")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reactions", verbose_name=_("user")
    )
    reaction = models.CharField(_("reaction"), max_length=8, choices=REACTIONS)
    previous_reaction = models.CharField(
        _("previous reaction"), max_length=8, choices=REACTIONS, blank=True, default="", editable=False
    )

    tracker = FieldTracker(fields=["reaction"])

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("post", "user"), name="one_reaction_per_post_and_user"),
        )
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")

    def __str__(self) -> str:
        return self.reaction
