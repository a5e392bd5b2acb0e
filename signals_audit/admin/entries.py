"""Audit entries in the admin: to be read, by nobody to be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import ChoicesFieldListFilter, DateFieldListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from ..chains import causes_of, effects_of, related_to
from ..lines import Line, lines_of
from ..models import AuditEntry
from ..registry import registry
from .filters import (
    ActorFilter,
    ChangeSetFilter,
    CorrelationFilter,
    DatabaseFilter,
    ModelFilter,
    ObjectFilter,
    entries_of,
)
from .links import DATABASE, Links
from .paging import KeysetChangeList

ALLOWED_LOOKUPS = frozenset(
    {
        "action__exact",
        "created_at__gte",
        "created_at__lt",
        "model",
        "object_id",
        "actor",
        "change_set",
        "correlation_id",
        DATABASE,
    }
)


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The list of entries and the page of one. Nobody adds, changes or deletes here, superusers neither."""

    actions = None
    change_list_template = "signals_audit/entry_list.html"
    list_display = ("created_at", "action", "object_repr")
    list_display_links = None
    list_filter = (
        ("created_at", DateFieldListFilter),
        ("action", ChoicesFieldListFilter),
        ModelFilter,
        ObjectFilter,
        ActorFilter,
        CorrelationFilter,
        ChangeSetFilter,
        DatabaseFilter,
    )
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Return the log of the database that is asked for."""
        entries = super().get_queryset(request)
        alias = request.GET.get(DATABASE)
        return entries_of(entries, alias) if alias else entries

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Return the list that neither counts nor skips."""
        return KeysetChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the filters that are offered, not every column: some would read the whole table."""
        return lookup in ALLOWED_LOOKUPS

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Entries are written by the recorder alone."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Entries are never changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Entries are removed by `audit_prune` alone."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list of entries."""
        context = {"title": _("Audit log"), "nothing_audited": not registry.models(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one entry: who, when, from where, why, every value, and what hangs together with it."""
        entry = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, entry) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if entry is None:
            raise Http404(_("There is no such entry: it may have been pruned."))
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), **self._entry_context(request, entry)}
        return TemplateResponse(request, "signals_audit/entry.html", context | (extra_context or {}))

    def _entry_context(self, request: HttpRequest, entry: AuditEntry) -> dict[str, Any]:
        line = lines_of([entry])[0]
        related = related_to([line])
        causes, effects = causes_of(line, related), effects_of(line, related)
        siblings = [other for other in related if is_sibling(other, line)]
        shown = [line, *causes, *siblings, *(effect for _depth, effect in effects)]
        Links(request, self.admin_site).add_to(shown)
        return {
            "title": _("Audit entry %(id)s") % {"id": entry.pk},
            "opts": self.opts,
            "line": line,
            "causes": causes,
            "effects": effects,
            "siblings": siblings,
        }


def is_sibling(other: Line, line: Line) -> bool:
    """Tell whether another line belongs to the same change set."""
    return other.entry.change_set_id == line.entry.change_set_id and other.entry.pk != line.entry.pk
