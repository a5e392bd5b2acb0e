from __future__ import annotations

from django.urls import path

from . import views

app_name = "blog"

urlpatterns = [
    path("", views.post_list, name="list"),
    path("posts/new/", views.write_post, name="new"),
    path("posts/<int:pk>/edit/", views.edit_post, name="edit"),
    path("posts/<int:pk>/delete/", views.delete_post, name="delete"),
    path("posts/<int:pk>/comment/", views.add_comment, name="comment"),
    path("posts/<int:pk>/react/", views.react, name="react"),
    path("posts/<int:pk>/history/", views.post_history, name="history"),
    path("posts/<int:pk>/<slug:slug>/", views.post_detail, name="detail"),
    path("comments/<int:pk>/delete/", views.delete_comment, name="delete-comment"),
]
