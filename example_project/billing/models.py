from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .pictures import DEFAULT_PICTURE, ensure_default_picture


class BillingProfile(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="billing_profile",
        verbose_name=_("user"),
    )
    user_image = models.ImageField(_("profile picture"), upload_to="profile_images", default=DEFAULT_PICTURE)

    class Meta:
        verbose_name = _("billing profile")
        verbose_name_plural = _("billing profiles")

    def __str__(self) -> str:
        return str(self.user)

    def picture_url(self) -> str:
        """Return the address of the picture; of the default one when there is none or its file is gone."""
        picture = self.user_image
        if not picture or picture.name == DEFAULT_PICTURE or not picture.storage.exists(picture.name):
            return ensure_default_picture(self._meta.get_field("user_image").storage)
        return picture.url
