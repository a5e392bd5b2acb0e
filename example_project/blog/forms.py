from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import BlogComment, BlogPost, PostReaction, Tag

MAX_TAGS = 10


class TagsField(forms.CharField):
    """Names of tags, separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        """Show tags by their names."""
        return ", ".join(str(tag) for tag in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Return the names, each once, in the order they were given."""
        names = [" ".join(name.split()) for name in super().clean(value).split(",")]
        kept = list(dict.fromkeys(name for name in names if name))
        if len(kept) > MAX_TAGS or any(len(name) > 50 for name in kept):
            raise ValidationError(_("At most ten tags of at most 50 characters each."))
        return kept


class BlogPostForm(forms.ModelForm):
    tags = TagsField(label=_("Tags"), required=False, help_text=_("Separated by commas."))

    class Meta:
        model = BlogPost
        fields = ("title", "body", "tags", "status")
        widgets = {"body": forms.Textarea(attrs={"rows": 12})}

    def _save_m2m(self) -> None:
        names: list[str] = self.cleaned_data["tags"]
        self.instance.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])


class BlogCommentForm(forms.ModelForm):
    class Meta:
        model = BlogComment
        fields = ("body",)
        widgets = {"body": forms.Textarea(attrs={"rows": 3})}


class PostReactionForm(forms.Form):
    reaction = forms.ChoiceField(choices=PostReaction.REACTIONS)
