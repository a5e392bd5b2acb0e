from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from .models import BillingProfile

MAX_BYTES = 5 * 1024 * 1024


class BillingProfileForm(forms.ModelForm):
    user_image = forms.ImageField(
        label=_("Profile picture"),
        required=False,
        help_text=_("PNG, JPEG, GIF or WebP, 5 MB at most."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/gif,image/webp"}),
        validators=[FileExtensionValidator(["png", "jpg", "jpeg", "gif", "webp"])],
    )

    class Meta:
        model = BillingProfile
        fields = ("user_image",)

    def clean_user_image(self) -> Any:
        """Refuse huge files."""
        picture = self.cleaned_data["user_image"]
        if "user_image" in self.changed_data and picture.size > MAX_BYTES:
            raise ValidationError(_("The picture is larger than 5 MB."))
        return picture
