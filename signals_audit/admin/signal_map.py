"""The signal map in the admin: who hears of what, how long they take, which of them fail or loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import ReceiverStatistics
from ..tracing.policy import policy
from . import signal_map_live, signal_map_static
from .signal_map_lines import Measured

TABS: Final[Mapping[str, tuple[Any, Callable[[HttpRequest, Measured], dict[str, Any]]]]] = {
    "signals": (gettext_lazy("By signal"), signal_map_static.by_signal),
    "models": (gettext_lazy("By model"), signal_map_static.by_model),
    "slowest": (gettext_lazy("Slowest"), signal_map_live.slowest),
    "failing": (gettext_lazy("Failing"), signal_map_live.failing),
    "loops": (gettext_lazy("Loops"), signal_map_live.loops),
}


@admin.register(ReceiverStatistics)
class SignalMapAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The pages of the signal map. They take the place of the list of rows; nobody writes any here."""

    def get_urls(self) -> list[URLPattern]:
        """Return the one address that there is: rows have no pages of their own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Figures are written by who measures."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ReceiverStatistics | None = None) -> bool:
        """Figures are never changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReceiverStatistics | None = None) -> bool:
        """Figures are removed by `audit_prune` alone."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the tab that is asked for, the first one where nothing is."""
        if not self.has_view_permission(request) or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        tab = request.GET.get("tab", "")
        tab = tab if tab in TABS else next(iter(TABS))
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), **self._context(request, tab)}
        template = f"signals_audit/signal_map/{tab}.html"
        return TemplateResponse(request, template, context | (extra_context or {}))

    def _context(self, request: HttpRequest, tab: str) -> dict[str, Any]:
        measured = Measured.of_request(request)
        name, fill = TABS[tab]
        return {
            "title": _("Signal map"),
            "subtitle": name,
            "opts": self.opts,
            "tab": tab,
            "tabs": [(key, label, measured.counts.get(key, 0)) for key, (label, _fill) in TABS.items()],
            "map_url": reverse(
                "admin:signals_audit_receiverstatistics_changelist", current_app=self.admin_site.name
            ),
            "measured": measured,
            "policy": policy(),
            **fill(request, measured),
        }
