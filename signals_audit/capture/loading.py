"""Having classes that are audited with `before="memory"` keep the rows that their instances come from.

`from_db` and `refresh_from_db` are public and made to be overridden, but a class that is audited from
settings alone cannot do it itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import django
from django.apps import apps
from django.db.models import Model

from ..registry import registry
from . import memory
from .wrapping import unwrap, wrap

_remembering: set[type[Model]] = set()


def remember_models() -> None:
    """Have the classes that are audited with `before="memory"`, and their proxies, keep their rows."""
    remember(model for model in apps.get_models() if is_remembered(model))


def is_remembered(model: type[Model]) -> bool:
    """Tell whether a model is audited with `before="memory"`."""
    options = registry.options_for(model)
    return options is not None and options.before == "memory"


def remember(models: Iterable[type[Model]]) -> None:
    """Have these classes, and no others, keep the rows that their instances are loaded from."""
    wanted = set(models)
    for model in _remembering - wanted:
        unwrap(model, "from_db")
        unwrap(model, "refresh_from_db")
    for model in wanted - _remembering:
        wrap(model, "from_db", _from_db)
        wrap(model, "refresh_from_db", _refresh_from_db)
    _remembering.clear()
    _remembering.update(wanted)


def _from_db(original: Any) -> Callable[..., Any]:
    """Keep the row of every instance that is loaded; each call less counts here."""
    load, places = original.__func__, memory.mutable_places(original.__self__)

    def from_db(cls: Any, db: Any, field_names: Any, values: Any, *, fetch_mode: Any = None) -> Any:
        new = load(cls, db, field_names, values, fetch_mode=fetch_mode)
        new._state.signals_audit_loaded = values
        return new

    def from_db_before_6_1(cls: Any, db: Any, field_names: Any, values: Any) -> Any:
        new = load(cls, db, field_names, values)
        new._state.signals_audit_loaded = values
        return new

    def from_db_frozen(cls: Any, db: Any, field_names: Any, values: Any, **kwargs: Any) -> Any:
        new = load(cls, db, field_names, values, **kwargs)
        memory.keep_row(new, values, places)
        return new

    if places or not _is_djangos(original):
        return from_db_frozen
    return from_db if django.VERSION >= (6, 1) else from_db_before_6_1


def _is_djangos(from_db: Any) -> bool:
    return bool(from_db.__func__ is Model.from_db.__func__)  # type: ignore[attr-defined]


def _refresh_from_db(original: Callable[..., Any]) -> Callable[..., Any]:
    def refresh_from_db(
        self: Model, using: str | None = None, fields: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        names = None if fields is None else tuple(fields)
        original(self, using, names, *args, **kwargs)
        memory.keep_refreshed(self, names)

    return refresh_from_db
