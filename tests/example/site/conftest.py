from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest
from django.test import Client

from example_project.factories import BlogPostFactory, UserFactory, start_over
from signals_audit.models import AuditEntry, Notification

HAS_BROWSER = all(map(shutil.which, ("chromium", "chromedriver"))) and find_spec("selenium")
# A browser is no package of Python's: who has none runs the rest. Where everything is checked, it is there.
collect_ignore = [] if HAS_BROWSER else ["check_browser.py", "check_map_browser.py"]
if HAS_BROWSER:
    from tests.example.site.browsing import browser  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def _example(settings, tmp_path, transactional_db):
    """Real commits, so that what waits for COMMIT happens; pictures in a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    start_over()


@pytest.fixture
def unmeasured(settings):
    """Measure no receivers: what is measured is written now and then, by queries of its own."""
    settings.SIGNALS_AUDIT = {**settings.SIGNALS_AUDIT, "TRACING": {}}


@pytest.fixture
def ada():
    return UserFactory(username="ada")


@pytest.fixture
def ben():
    return UserFactory(username="ben")


@pytest.fixture
def post(ada):
    return BlogPostFactory(author=ada, title="Signals in Django", body="One.\n\nTwo.", tags=["django"])


@pytest.fixture
def sign_in():
    """Give a browser in which somebody is logged in."""

    def browser(user, **options):
        client = Client(**options)
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def recorded():
    """Tell what was recorded since the test began to look."""

    class Recorded:
        def __init__(self):
            self.start()

        def start(self):
            self.last = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0

        def entries(self):
            return list(
                AuditEntry.objects.filter(id__gt=self.last).select_related("change_set").order_by("id")
            )

        def facts(self):
            return [(entry.model, entry.action, sorted(entry.changes)) for entry in self.entries()]

    return Recorded()


@pytest.fixture
def inbox_of():
    """Tell what somebody was told."""

    def lines(user):
        inbox = Notification.objects.filter(recipient=user).order_by("id")
        return [(line.actor_repr, line.verb, line.target_repr, line.data) for line in inbox]

    return lines
