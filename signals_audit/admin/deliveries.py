"""Deliveries in the admin: what is still to be done, what failed and why, and another try."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..deliveries import retry
from ..display import printable
from ..models import Delivery

MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a table of any size: no more is counted than anybody turns over."""

    @cached_property
    def count(self) -> int:
        """Return how many there are, as far as anybody looks."""
        rows: Any = self.object_list
        return int(rows[:MOST_COUNTED].count())


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list of deliveries and the page of one; nobody writes them here, but they may be tried again."""

    actions = ("try_again",)
    list_display = ("created_at", "name", "state", "attempts", "due_at", "reason")
    list_filter = ("state",)  # a filter by kind or name would read the whole table for its choices
    list_per_page = 50
    ordering = ("-id",)
    paginator = CappedPaginator
    search_fields = ("=key",)
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()
    fields = (
        ("name", "kind", "state", "attempts"),
        ("created_at", "due_at", "finished_at", "key"),
        *("whole_error", "whole_body"),
    )
    readonly_fields = (
        *("name", "kind", "state", "attempts", "created_at", "due_at", "finished_at", "key"),
        *("whole_error", "whole_body"),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list of deliveries."""
        return super().changelist_view(request, {"title": _("Deliveries"), **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Deliveries are made by reactions alone."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Deliveries are removed by `audit_prune` alone."""
        return False

    @admin.display(description=_("error"))
    def reason(self, delivery: Delivery) -> str:
        """Return the last line of what went wrong."""
        lines = delivery.error.strip().splitlines()
        return printable(lines[-1])[:200] if lines else ""

    @admin.display(description=_("error"))
    def whole_error(self, delivery: Delivery) -> str:
        """Return all of what went wrong."""
        return format_html("<pre>{}</pre>", printable(delivery.error)) if delivery.error else "—"

    @admin.display(description=_("body"))
    def whole_body(self, delivery: Delivery) -> str:
        """Return what whoever does it is given."""
        written = json.dumps(delivery.body, indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", printable(written))

    @admin.action(description=_("Try the selected deliveries again"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Have deliveries that are not done tried again, as if for the first time."""
        count = retry(queryset)
        told = (
            ngettext("%d delivery will be tried again.", "%d deliveries will be tried again.", count) % count
        )
        self.message_user(request, told, messages.SUCCESS if count else messages.WARNING)

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        """Write nothing: every field is only shown."""
