from __future__ import annotations

from django.contrib import admin

from .models import BillingProfile


@admin.register(BillingProfile)
class BillingProfileAdmin(admin.ModelAdmin):
    list_display = ("user", "user_image")
    list_select_related = ("user",)
