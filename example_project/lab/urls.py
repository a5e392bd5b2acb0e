from __future__ import annotations

from django.urls import path

from . import views

app_name = "lab"

urlpatterns = [
    path("", views.bench, name="bench"),
    path("<slug:name>/", views.perform, name="perform"),
]
