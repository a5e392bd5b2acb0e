from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User

from signals_audit.reactions import ensure_profile

from .models import BillingProfile


def profile_of(user: User) -> BillingProfile:
    """Return the user's profile, made now for a user who is older than this app."""
    return cast("BillingProfile", ensure_profile(user, BillingProfile))
