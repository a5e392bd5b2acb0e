"""An object's history behind the admin's own History button: same address, same button."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, Final

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..models import AuditEntry
from ..registry import concrete, registry
from ..texts import text
from ..timeline import Page, history_of, page_of
from ..values import object_key
from .links import VIEW_ENTRIES, Links
from .objects import parse_key

DJANGOS_OWN: Final = "django"
INSTALLED: Final = "_signals_audit_history"

HistoryView = Callable[..., HttpResponse]


class AuditHistoryMixin:
    """Show the audit history in an admin class that `install_history` leaves alone."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the audit history, else what the next class in line shows."""
        return audit_history(self, super().history_view, request, object_id, extra_context)  # type: ignore[arg-type,misc]


def install_history(site: AdminSite) -> None:
    """Put the audit history behind the History button of every audited model of a site.

    It takes effect when the site's URLs are made, so it covers models registered until then. An admin class
    with a `history_view` of its own keeps it; `AuditHistoryMixin` is for those.
    """
    if getattr(site, INSTALLED, False):
        return
    make_urls = site.get_urls

    def get_urls() -> Any:
        for model_admin in site._registry.values():
            install_on(model_admin)
        return make_urls()

    setattr(site, INSTALLED, True)
    site.get_urls = get_urls  # type: ignore[method-assign]


def install_on(model_admin: ModelAdmin[Any]) -> None:
    """Put the audit history into one ModelAdmin that has Django's own."""
    if type(model_admin).history_view is not ModelAdmin.history_view or INSTALLED in vars(model_admin):
        return
    setattr(model_admin, INSTALLED, True)
    stock = model_admin.history_view

    def history_view(
        self: ModelAdmin[Any],
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return audit_history(self, stock, request, object_id, extra_context)

    model_admin.history_view = MethodType(history_view, model_admin)  # type: ignore[method-assign]


def audit_history(
    model_admin: ModelAdmin[Any],
    stock: HistoryView,
    request: HttpRequest,
    object_id: str,
    extra_context: dict[str, Any] | None,
) -> HttpResponse:
    """Show an object's audit history to those who may see it, and Django's own log to everybody else."""
    if "\x00" in unquote(object_id):  # which PostgreSQL answers with an error, and no object has
        raise Http404
    pk = parse_key(model_admin.model, unquote(object_id))
    if pk is None or not serves(model_admin, request):
        return stock(request, object_id, extra_context)
    obj = model_admin.get_object(request, unquote(object_id))
    if not model_admin.has_view_or_change_permission(request, obj):
        raise PermissionDenied
    using = model_admin.get_queryset(request).db
    page = page_of(history_of(model_admin.model, object_key(pk), using=using), before=position(request))
    if obj is None and (not page.cards or is_hidden(model_admin, request, pk)):
        return stock(request, object_id, extra_context)
    return respond(model_admin, request, History(obj, pk, page, using), extra_context)


def serves(model_admin: ModelAdmin[Any], request: HttpRequest) -> bool:
    """Tell whether a request is for the audit history, by somebody who may see entries."""
    if request.GET.get("log") == DJANGOS_OWN or registry.options_for(model_admin.model) is None:
        return False
    return bool(request.user.has_perm(VIEW_ENTRIES))


def is_hidden(model_admin: ModelAdmin[Any], request: HttpRequest, pk: Any) -> bool:
    """Tell whether an object that the admin does not find exists all the same: the reader must not see it."""
    alias = model_admin.get_queryset(request).db
    return bool(model_admin.model._base_manager.using(alias).filter(pk=pk).exists())


def position(request: HttpRequest) -> int | None:
    """Return the id below which the page begins; None for the first page and for what is no id."""
    raw = request.GET.get("before", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


class History:
    """An object, or what is left of it, and a page of what happened to it."""

    def __init__(self, obj: Model | None, pk: Any, page: Page, using: str) -> None:
        self.object = obj
        self.pk = pk
        self.page = page
        self.using = using

    @property
    def name(self) -> str:
        """Return the object's name; for a deleted one, its last."""
        return self.page.cards[0].first.name if self.object is None else text(self.object)


def respond(
    model_admin: ModelAdmin[Any], request: HttpRequest, history: History, extra_context: dict[str, Any] | None
) -> HttpResponse:
    """Render the history."""
    request.current_app = model_admin.admin_site.name
    links = Links(request, model_admin.admin_site)
    links.add_to(line for card in history.page.cards for line in (*card.lines, *card.related))
    key = object_key(history.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Change history: %s") % history.name,
        "module_name": str(capfirst(model_admin.opts.verbose_name_plural)),
        "opts": model_admin.opts,
        "object": history.object,
        "object_name": history.name,
        "object_key": quote(history.pk),
        "page": history.page,
        "first_page": position(request) is None,
        "entries_link": links.entries(history.using, model=concrete(model_admin.model).label, object_id=key),
        "entry_opts": AuditEntry._meta,
        "preserved_filters": model_admin.get_preserved_filters(request),
    }
    return TemplateResponse(request, "signals_audit/history.html", context | (extra_context or {}))
