"""The addresses of the inbox."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from . import data, views

app_name = "audit_inbox"

urlpatterns: list[URLPattern | Any] = [
    path("", views.inbox, name="inbox"),
    path("read/", views.mark_all_read, name="mark-all-read"),
    path("preferences/", views.preferences, name="preferences"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("unread.json", data.unread, name="unread"),
    path("list.json", data.listing, name="list"),
    path("<uuid:public_id>/read/", views.mark_read, name="mark-read"),
    path("<uuid:public_id>/unread/", views.mark_unread, name="mark-unread"),
    path("<uuid:public_id>/open/", views.open_notification, name="open"),
]
