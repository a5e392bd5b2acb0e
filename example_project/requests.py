"""The type of a request in views that only signed-in people reach."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest


class SignedInRequest(HttpRequest):
    """A request whose user has logged in."""

    user: User
