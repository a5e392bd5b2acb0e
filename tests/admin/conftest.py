"""What the admin's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from signals_audit import disabled
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def _urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.admin.urls"):
        yield


@pytest.fixture
def superuser(db: None) -> User:
    with disabled():
        return UserFactory(username="root", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(superuser: User) -> Client:
    """A client logged in as a superuser."""
    client = Client()
    client.force_login(superuser)
    return client
