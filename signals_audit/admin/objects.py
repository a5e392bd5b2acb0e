"""What one reader of an admin site may open: asked once for a page, not once for a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.exceptions import NotRegistered
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from ..capture.labels import safe_text
from ..values import object_key

NAMED: Final = 500

Target = tuple[type[Model], str]


class Objects:
    """The objects of a site's models, as far as a reader may view them."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self._request = request
        self._site = site
        self._admins: dict[type[Model], ModelAdmin[Any] | None] = {}
        self._aliases: dict[type[Model], str] = {}

    def are_viewed(self, model: type[Model], using: str | None = None) -> bool:
        """Tell whether the reader may view a model's objects here: those of a database, if one is named."""
        if self._admin_of(model) is None:
            return False
        return using is None or using == self._alias_of(model)

    def _alias_of(self, model: type[Model]) -> str:
        """Return the database that the rows of a model's admin are written to: entries name that one."""
        if model not in self._aliases:
            shown = self._find(model, ())
            self._aliases[model] = getattr(shown, "_db", None) or router.db_for_write(model)
        return self._aliases[model]

    def existing(self, targets: Iterable[Target]) -> set[Target]:
        """Return those that could be opened now: one query for each model among them."""
        return {
            (model, object_key(pk))
            for model, keys in _by_model(targets).items()
            for pk in self._find(model, keys).values_list("pk", flat=True)
        }

    def names(self, targets: Iterable[Target]) -> dict[Target, str]:
        """Return what objects are called now: one query for each model among them."""
        return {
            (model, object_key(obj.pk)): safe_text(obj, frozenset())
            for model, keys in _by_model(targets).items()
            for obj in self._find(model, sorted(keys)[:NAMED])
        }

    def _find(self, model: type[Model], keys: Iterable[str]) -> QuerySet[Model]:
        model_admin = self._admin_of(model)
        if model_admin is None:
            return model._base_manager.none()
        pks = {parse_key(model, key) for key in keys} - {None}
        return model_admin.get_queryset(self._request).filter(pk__in=pks).order_by()

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


def _by_model(targets: Iterable[Target]) -> Mapping[type[Model], set[str]]:
    found: dict[type[Model], set[str]] = defaultdict(set)
    for model, key in targets:
        found[model].add(key)
    return found


def parse_key(model: type[Model], key: str) -> Any:
    """Return the primary key behind its text; None where it cannot be one of the model."""
    try:
        return model._meta.pk.to_python(key)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None
