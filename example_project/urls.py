"""The pages of the example project."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("example_project.blog.urls")),
    path("accounts/", include("example_project.accounts.urls")),
    path("lab/", include("example_project.lab.urls")),
    path("notifications/", include("signals_audit.inbox.urls")),
    path("admin/", admin.site.urls),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
