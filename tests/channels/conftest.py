from __future__ import annotations

import pytest
from django.contrib.auth.models import User


@pytest.fixture
def users() -> list[User]:
    return [
        User.objects.create(username=name, email=f"{name}@example.com") for name in ("ada", "ben", "cleo")
    ]
