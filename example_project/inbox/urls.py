from __future__ import annotations

from django.urls import path

from . import views

app_name = "inbox"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.mark_all_read, name="mark-all-read"),
    path("<uuid:public_id>/read/", views.mark_read, name="mark-read"),
    path("<uuid:public_id>/open/", views.open_notification, name="open"),
]
