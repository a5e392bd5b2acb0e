"""An admin site of the tests' own, with audited and unaudited models."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path

from signals_audit.admin import (
    AuditEntryAdmin,
    AuditHistoryMixin,
    DeliveryAdmin,
    SignalMapAdmin,
    install_history,
)
from signals_audit.models import AuditEntry, Delivery, ReceiverStatistics
from tests.testapp import models


class OwnHistoryAdmin(ModelAdmin):
    """An admin that has a history already."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponse("a history of its own")


class MixedInAdmin(AuditHistoryMixin, OwnHistoryAdmin):
    """The same, with ours in front."""


class SomeAuthorsAdmin(ModelAdmin):
    """An admin that hides rows."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(name="Hidden")


site = AdminSite()
install_history(site)
site.register(AuditEntry, AuditEntryAdmin)
site.register(Delivery, DeliveryAdmin)
site.register(ReceiverStatistics, SignalMapAdmin)
site.register(User, UserAdmin)
site.register(models.Author, SomeAuthorsAdmin)
site.register(models.Tag, OwnHistoryAdmin)
site.register(models.Person, MixedInAdmin)
site.register(
    [models.Article, models.Restaurant, models.Ticket, models.Unaudited, models.Country, models.Rude]
)

urlpatterns = [path("admin/", site.urls)]
