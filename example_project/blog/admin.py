from __future__ import annotations

from django.contrib import admin

from .models import BlogComment, BlogPost, PostReaction, Tag


@admin.register(BlogPost)
class BlogPostAdmin(admin.ModelAdmin):
    list_display = ("title", "author", "status", "created")
    list_filter = ("status",)
    list_select_related = ("author",)
    search_fields = ("title", "body")


@admin.register(BlogComment)
class BlogCommentAdmin(admin.ModelAdmin):
    list_display = ("__str__", "author", "post", "created")
    list_select_related = ("author", "post")


@admin.register(PostReaction)
class PostReactionAdmin(admin.ModelAdmin):
    list_display = ("__str__", "user", "post", "created")
    list_select_related = ("user", "post")


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    search_fields = ("name",)
