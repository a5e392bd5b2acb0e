"""Where a reader may go from an entry: asked once for a page, not once for a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from ..capture.labels import safe_text
from ..differences import related_keys
from ..display import model_of
from ..lines import Line
from ..models import AuditEntry
from ..registry import registry
from ..types import ActorKind
from ..values import object_key

VIEW_ENTRIES: Final = "signals_audit.view_auditentry"
NAMED: Final = 500

Target = tuple[type[Model], str]


class Links:
    """The links of one page, for one reader of one admin site."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self._request = request
        self._site = site
        self._admins: dict[type[Model], ModelAdmin[Any] | None] = {}
        self._entries = self._admin_of(AuditEntry)

    def add_to(self, lines: Iterable[Line]) -> None:
        """Fill in the links of lines: one query for each model among them, whatever their number."""
        lines = list(lines)
        existing = self._existing(lines)
        names = self._names(lines)
        for line in lines:
            line.links.update(self._links_of(line, existing))
            line.names.update(names)

    def entries(self, **filters: object) -> str:
        """Return the address of the list of entries, filtered; "" where this site has none."""
        if self._entries is None:
            return ""
        address = self._reverse(AuditEntry, "changelist")
        return f"{address}?{urlencode(filters)}" if filters else address

    def change_page(self, model: type[Model], key: str) -> str:
        """Return the address of an object's own page; "" where the reader may not go there."""
        return self._reverse(model, "change", quote(key)) if self._admin_of(model) else ""

    def _links_of(self, line: Line, existing: set[Target]) -> Iterator[tuple[str, str]]:
        entry, change_set = line.entry, line.change_set
        yield from self._object_links(entry, existing)
        if change_set and change_set.actor_kind == ActorKind.USER:
            user = get_user_model()
            if (user, change_set.actor_id) in existing:
                yield "actor", self.change_page(user, change_set.actor_id)
        if self._entries is not None:
            yield from self._entry_links(line)

    def _object_links(self, entry: AuditEntry, existing: set[Target]) -> Iterator[tuple[str, str]]:
        model = model_of(entry.model)
        if model is None or self._admin_of(model) is None:
            return
        if (model, entry.object_id) in existing:
            yield "object", self.change_page(model, entry.object_id)
        if registry.options_for(model) is not None:
            yield "history", self._reverse(model, "history", quote(entry.object_id))

    def _entry_links(self, line: Line) -> Iterator[tuple[str, str]]:
        entry, change_set = line.entry, line.change_set
        yield "entry", self._reverse(AuditEntry, "change", quote(entry.pk))
        yield "change_set", self.entries(change_set=entry.change_set_id)
        if entry.caused_by_change_set:
            yield "cause", self.entries(change_set=entry.caused_by_change_set)
        if entry.actor_id:
            yield "by_actor", self.entries(actor=entry.actor_id)
        if change_set and change_set.correlation_id:
            yield "request", self.entries(correlation_id=change_set.correlation_id)

    def _existing(self, lines: Iterable[Line]) -> set[Target]:
        """Return those objects and actors of the lines that this reader could open now."""
        wanted: dict[type[Model], set[str]] = defaultdict(set)
        for model, key in self._targets(lines):
            if self._admin_of(model):
                wanted[model].add(key)
        return {(model, key) for model, keys in wanted.items() for key in self._existing_keys(model, keys)}

    def _targets(self, lines: Iterable[Line]) -> Iterator[Target]:
        user = get_user_model()
        for line in lines:
            model = model_of(line.entry.model)
            if model is not None:
                yield model, line.entry.object_id
            if line.change_set and line.change_set.actor_kind == ActorKind.USER:
                yield user, line.change_set.actor_id

    def _existing_keys(self, model: type[Model], keys: set[str]) -> set[str]:
        return {object_key(pk) for pk in self._find(model, keys).values_list("pk", flat=True)}

    def _find(self, model: type[Model], keys: set[str]) -> QuerySet[Model]:
        """Return those of a model's objects that this reader's admin shows."""
        model_admin = self._admin_of(model)
        pks = {parse_key(model, key) for key in keys} - {None}
        if model_admin is None:
            return model._base_manager.none()
        return model_admin.get_queryset(self._request).filter(pk__in=pks).order_by()

    def _names(self, lines: Iterable[Line]) -> dict[Target, str]:
        """Return what objects that values point to are called now, as far as this reader may view them."""
        wanted: dict[type[Model], set[str]] = defaultdict(set)
        for line in lines:
            for model, key in related_keys(line.entry):
                if self._admin_of(model) and len(wanted[model]) < NAMED:
                    wanted[model].add(key)
        return {
            (model, object_key(obj.pk)): safe_text(obj, frozenset())
            for model, keys in wanted.items()
            for obj in self._find(model, keys)
        }

    def _admin_of(self, model: type[Model]) -> ModelAdmin[Any] | None:
        """Return the model's admin where there is one that the reader may use."""
        if model not in self._admins:
            self._admins[model] = self._find_admin(model)
        return self._admins[model]

    def _find_admin(self, model: type[Model]) -> ModelAdmin[Any] | None:
        try:
            model_admin = self._site.get_model_admin(model)
        except NotRegistered:
            return None
        return model_admin if model_admin.has_view_or_change_permission(self._request) else None

    def _reverse(self, model: type[Model], page: str, *args: object) -> str:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        return reverse(name, args=args, current_app=self._site.name)


def parse_key(model: type[Model], key: str) -> Any:
    """Return the primary key behind its text; None where it cannot be one of the model."""
    try:
        return model._meta.pk.to_python(key)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None
