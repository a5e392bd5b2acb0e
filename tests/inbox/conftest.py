from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from signals_audit.models import Notification


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(username="ada", email="ada@example.com")


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create(username="ben")


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def tell(user: User, number: int = 1, **facts: Any) -> Notification:
    """Put lines into an inbox and return the newest."""
    known = {"actor_kind": "user", "actor_repr": "ben", "verb": "commented on", "kind": "commented on"}
    lines = [
        Notification(recipient=user, created_at=timezone.now(), **(known | facts)) for _line in range(number)
    ]
    Notification.objects.bulk_create(lines)
    newest: Notification = Notification.objects.filter(recipient=user).order_by("-id")[0]
    return newest
