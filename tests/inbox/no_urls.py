"""URLs of a site without an inbox."""

from __future__ import annotations

from typing import Any

urlpatterns: list[Any] = []
