"""Somebody at a browser: real requests, with a session and CSRF tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import reverse

from .watch import Moment, watched


class StoryError(Exception):
    """A request of the story was not answered as it should be."""


class Visitor:
    """A person who fills in forms; every request is added to the moments of the story."""

    def __init__(self, name: str, moments: list[Moment]) -> None:
        self.name = name
        self.moments = moments
        self._client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")

    def log_in(self, password: str) -> None:
        """Log in with the form."""
        self.post(reverse("accounts:login"), username=self.name, password=password)

    def post(self, path: str, **data: Any) -> HttpResponse:
        """Send a form, which must be accepted."""
        token = self._token()
        with watched(self.name, f"POST {path}") as moment:
            response = self._client.post(path, {**data, "csrfmiddlewaretoken": token})
        if response.status_code != 302:
            raise StoryError(f"{moment.what} by {self.name} was answered with {response.status_code}.")
        self.moments.append(moment)
        return response

    def read(self, path: str) -> Mapping[str, Any]:
        """Open a page of the admin, and return what is on it."""
        with watched(self.name, f"GET {path}") as moment:
            response = self._client.get(path)
        if response.status_code != 200:
            raise StoryError(f"{moment.what} by {self.name} was answered with {response.status_code}.")
        self.moments.append(moment)
        return cast("TemplateResponse", response).context_data or {}

    def _token(self) -> str:
        if settings.CSRF_COOKIE_NAME not in self._client.cookies:
            self._client.get(reverse("accounts:login"))
        return self._client.cookies[settings.CSRF_COOKIE_NAME].value
