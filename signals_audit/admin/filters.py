"""Filters of the list of entries. Their choices come from code, never from a DISTINCT over the table."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db import connections, router
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..display import model_name, model_of, printable
from ..models import AuditEntry, ChangeSet
from ..registry import registry
from .links import DATABASE

Entries = QuerySet[AuditEntry]


class DatabaseFilter(SimpleListFilter):
    """One database's log, where several have one; `AuditEntryAdmin.get_queryset` reads it."""

    title = _("database")
    parameter_name = DATABASE

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Offer the databases that hold a log, the usual one first."""
        aliases = sorted(log_databases(), key=lambda alias: alias != AuditEntry.objects.db)
        return [(alias, alias) for alias in aliases] if len(aliases) > 1 else []

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Offer one of them at a time."""
        for place, (alias, _label) in enumerate(self.lookup_choices):
            yield {
                "selected": (self.value() or self.lookup_choices[0][0]) == alias,
                "query_string": changelist.get_query_string({DATABASE: alias if place else None}),
                "display": alias,
            }

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        """Keep everything: the queryset is of the database already."""
        return queryset


def log_databases() -> list[str]:
    """Return the aliases on which the log is kept."""
    return [alias for alias in connections if router.allow_migrate_model(alias, AuditEntry)]


def entries_of(entries: Entries, alias: str) -> Entries:
    """Return the entries of a database; none where it has no log."""
    if alias not in log_databases():
        return entries.none()
    tables = connections[alias].introspection.table_names()
    return entries.using(alias) if AuditEntry._meta.db_table in tables else entries.none()


class ModelFilter(SimpleListFilter):
    """One model; its entries under former labels too."""

    title = _("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Offer the audited models, and the one in the address."""
        labels = {model._meta.label for model in registry.models()}
        asked = self.value()
        return sorted(
            ((label, model_name(label)) for label in labels | ({asked} if asked else set())),
            key=lambda choice: choice[1].lower(),
        )

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        """Keep the model's entries."""
        label = self.value()
        if not label:
            return queryset
        model = model_of(label)
        options = registry.options_for(model) if model else None
        if options and options.previously:
            return queryset.filter(model__in=[label, *options.previously])
        return queryset.filter(model=printable(label))


class ExactFilter(SimpleListFilter):
    """A value that is clicked on or typed into the address; shown only while it is on."""

    lookup: ClassVar[str] = ""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Offer nothing but to take the filter away."""
        value = self.value()
        return [(value, printable(value))] if value else []

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        """Keep what has exactly the value."""
        value = self.value()
        return queryset.filter(**{self.lookup: printable(value)}) if value else queryset


class ObjectFilter(ExactFilter):
    """One object, together with the model."""

    title = _("object id")
    parameter_name = lookup = "object_id"


class ActorFilter(ExactFilter):
    """One user, by id."""

    title = _("actor id")
    parameter_name = "actor"
    lookup = "actor_id"


class ChangeSetFilter(ExactFilter):
    """One transaction's changes."""

    title = _("change set")
    parameter_name = "change_set"

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        """Keep the change set's entries; none for what is no UUID."""
        value = self.value()
        if not value:
            return queryset
        try:
            return queryset.filter(change_set_id=uuid.UUID(value))
        except ValueError:
            return queryset.none()


class CorrelationFilter(ExactFilter):
    """One request's changes."""

    title = _("correlation id")
    parameter_name = "correlation_id"

    def queryset(self, request: HttpRequest, queryset: Entries) -> Entries:
        """Keep the entries of all change sets of the request."""
        value = self.value()
        if not value:
            return queryset
        same = ChangeSet.objects.using(queryset.db).filter(correlation_id=printable(value))
        return queryset.filter(change_set_id__in=same.values("id"))
