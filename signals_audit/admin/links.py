"""Where a reader may go from an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from ..differences import related_keys
from ..display import model_of
from ..lines import Line
from ..models import AuditEntry
from ..registry import registry
from ..types import ActorKind
from .objects import Objects, Target

VIEW_ENTRIES: Final = "signals_audit.view_auditentry"
DATABASE: Final = "database"


class Links:
    """The links of one page, for one reader of one admin site."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self._site = site
        self._objects = Objects(request, site)
        self._has_entries = self._objects.are_viewed(AuditEntry)

    def add_to(self, lines: Iterable[Line]) -> None:
        """Fill in the links of lines, and the names of what they point to: a constant number of queries."""
        lines = list(lines)
        existing = self._objects.existing(target for line in lines for target in self._targets(line))
        names = self._objects.names(target for line in lines for target in self._pointed_to(line))
        for line in lines:
            line.links.update(self._links_of(line, existing))
            line.names.update(names)

    def entries(self, using: str | None, **filters: object) -> str:
        """Return the address of a database's entries, filtered; "" where this site has none."""
        if not self._has_entries:
            return ""
        query = urlencode(filters | _database(using))
        return self._reverse(AuditEntry, "changelist") + (f"?{query}" if query else "")

    def _targets(self, line: Line) -> Iterator[Target]:
        model = model_of(line.entry.model)
        key = line.entry.object_id  # a summary of many rows has none
        if model is not None and key and self._objects.are_viewed(model, line.entry.using):
            yield model, key
        if line.change_set and line.change_set.actor_kind == ActorKind.USER:
            yield get_user_model(), line.change_set.actor_id

    def _pointed_to(self, line: Line) -> Iterator[Target]:
        for model, key in related_keys(line.entry):
            if self._objects.are_viewed(model, line.entry.using):
                yield model, key

    def _links_of(self, line: Line, existing: set[Target]) -> Iterator[tuple[str, str]]:
        yield from self._object_links(line.entry, existing)
        if line.change_set and (get_user_model(), line.change_set.actor_id) in existing:
            yield "actor", self._reverse(get_user_model(), "change", quote(line.change_set.actor_id))
        if self._has_entries:
            yield from self._entry_links(line)

    def _object_links(self, entry: AuditEntry, existing: set[Target]) -> Iterator[tuple[str, str]]:
        model = model_of(entry.model)
        if model is None or not entry.object_id or not self._objects.are_viewed(model, entry.using):
            return
        if (model, entry.object_id) in existing:
            yield "object", self._reverse(model, "change", quote(entry.object_id))
        if registry.options_for(model) is not None:
            yield "history", self._reverse(model, "history", quote(entry.object_id))

    def _entry_links(self, line: Line) -> Iterator[tuple[str, str]]:
        entry, change_set, using = line.entry, line.change_set, line.entry._state.db
        database = urlencode(_database(using))
        yield (
            "entry",
            self._reverse(AuditEntry, "change", quote(entry.pk)) + (f"?{database}" if database else ""),
        )
        yield "change_set", self.entries(using, change_set=entry.change_set_id)
        if entry.caused_by_change_set:
            yield "cause", self.entries(using, change_set=entry.caused_by_change_set)
        if entry.actor_id:
            yield "by_actor", self.entries(using, actor=entry.actor_id)
        if change_set and change_set.correlation_id:
            yield "request", self.entries(using, correlation_id=change_set.correlation_id)

    def _reverse(self, model: type[Model], page: str, *args: object) -> str:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
        return reverse(name, args=args, current_app=self._site.name)


def _database(using: str | None) -> dict[str, object]:
    """Return what an address has to say of the database: nothing, for the one that is shown anyway."""
    return {} if using in (None, AuditEntry.objects.db) else {DATABASE: using}
