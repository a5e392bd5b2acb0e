from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from .pictures import DEFAULT_PICTURE, ensure_default_picture


class BillingProfileManager(models.Manager["BillingProfile"]):
    def for_user(self, user: User) -> BillingProfile:
        """Return the user's profile, made now for a user who is older than this app."""
        return self.get_or_create(user=user)[0]


class BillingProfile(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="billing_profile",
        verbose_name=_("user"),
    )
    user_image = models.ImageField(_("profile picture"), upload_to="profile_images", default=DEFAULT_PICTURE)

    objects: ClassVar[BillingProfileManager] = BillingProfileManager()

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
