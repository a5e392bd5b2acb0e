"""Have something happen on the site, in a database of its own, and print what is found as JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django


def main(name: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.tasks.settings"
    django.setup()
    from django.conf import settings
    from django.db import connection

    if settings.BY == "celery":
        from . import celery_app  # noqa: F401 - as a project's __init__ has it

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        found = outcome(name)
    finally:
        connection.creation.destroy_test_db("unused", verbosity=0)
    json.dump(found, sys.stdout)


def outcome(name: str) -> dict[str, Any]:
    from . import site

    happen: dict[str, Any] = {
        "delivered": site.delivered,
        "unreachable": site.unreachable,
        "back": site.back,
        "killed": site.killed,
        "killed_by_itself": site.killed_by_itself,
        "killed_too_early": site.killed_too_early,
    }
    return dict(happen[name]())


if __name__ == "__main__":
    main(sys.argv[1])
