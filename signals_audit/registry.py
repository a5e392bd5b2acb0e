"""Which models are audited, and how: declared in settings, by `register()`, or in an app's `audit` module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from django.apps import apps
from django.db.models import Model
from django.db.models.options import Options

from .conf import get_settings, on_settings_changed
from .masking import hidden_key, secret_fields
from .shapes import OPTIONS, fitting
from .values import object_key

M = TypeVar("M", bound=type[Model])
Before = Literal["exact", "memory"]
Capture = Literal["orm", "triggers"]
Bulk = Literal["rows", "database", "summary", "off"]

OWN_APP = "signals_audit"
HISTORICAL = "__fake__"  # module of the classes that migrations make; they come and go, so nothing keeps them
NEVER = frozenset({"sessions.session", "migrations.migration"})
BY_DEFAULT_EXCLUDED = ("last_login",)


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How one model is audited.

    `fields` None means all, without `last_login`; `m2m` None means all many-to-many fields. `before` says
    where the value before comes from: "exact" reads the row under lock, "memory" trusts what was loaded.
    `previously` lists labels that the model had before it was renamed. `capture` says what makes the entries:
    Django's side, or triggers in the database. `bulk` says what a statement that changes many rows leaves:
    "rows" an entry for each, "database" the same made by the database, "summary" one for all, "off" none.
    """

    fields: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    mask: tuple[str, ...] | None = None
    m2m: tuple[str, ...] | None = None
    before: Before = "exact"
    previously: tuple[str, ...] = ()
    capture: Capture = "orm"
    bulk: Bulk = "rows"

    def audits(self, name: str) -> bool:
        """Tell whether changes of a field are recorded."""
        if self.fields is not None:
            return name in self.fields and name not in self.exclude
        return name not in self.exclude and name not in BY_DEFAULT_EXCLUDED

    def audits_relation(self, name: str) -> bool:
        """Tell whether changes of a many-to-many field are recorded."""
        return (self.m2m is None or name in self.m2m) and name not in self.exclude


def options_from(raw: Mapping[str, Any]) -> ModelOptions:
    """Build options from a settings dict; what checks report as unknown or of the wrong type is left out."""
    return ModelOptions(**fitting(raw, OPTIONS))


class Registry:
    """The models named in code and in settings. Plain data: others read it and wire accordingly."""

    def __init__(self) -> None:
        self._declared: dict[str, ModelOptions] = {}
        self._resolved: dict[str, ModelOptions | None] = {}
        self._hides_key: dict[type[Model], bool] = {}
        self._listeners: list[Callable[[], None]] = []

    def register(self, label: str, options: ModelOptions) -> None:
        """Have a model audited; registering it again replaces its options."""
        self._declared[label.lower()] = options
        self.changed()

    def unregister(self, label: str) -> None:
        """Undo `register()`; what settings say of the model stays."""
        self._declared.pop(label.lower(), None)
        self.changed()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have a function called whenever the registry changes."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def changed(self) -> None:
        """Forget what was resolved, and tell who listens."""
        self._resolved.clear()
        self._hides_key.clear()
        for listener in self._listeners:
            listener()

    def options_for(self, model: type[Model]) -> ModelOptions | None:
        """Return how a model is audited, or None; a proxy counts as its concrete model."""
        meta = concrete(model)
        label = meta.label.lower()
        if label not in self._resolved:
            self._resolved[label] = self._resolve(meta)
        return self._resolved[label]

    def _resolve(self, meta: Options[Model]) -> ModelOptions | None:
        if meta.app_label == OWN_APP:
            return None
        return self._named(meta) or self._inherited(meta)

    def _named(self, meta: Options[Model]) -> ModelOptions | None:
        labels = [label := meta.label.lower()]
        if label not in NEVER and not meta.auto_created:
            labels += [f"{meta.app_label}.*".lower(), "*"]
        declared = {concrete_label(name): options for name, options in self._declared.items()}
        named = configured_models() | declared
        return next((named[label] for label in labels if label in named), None)

    def _inherited(self, meta: Options[Model]) -> ModelOptions | None:
        """A multi-table parent is audited with its child: half of the child's row stands in its table."""
        for child in apps.get_models():
            if child._meta.proxy or meta.model not in child._meta.get_parent_list():
                continue
            options = self._named(child._meta)
            if options is not None:
                return options
        return None

    def hides_key(self, model: type[Model]) -> bool:
        """Tell whether the primary key of a model is itself a secret, as a token's is."""
        if model not in self._hides_key:
            options = self.options_for(model)
            names = {field.name for field in concrete(model).pk_fields}
            secret = secret_fields(model, mask=options.mask) if options is not None else frozenset()
            self._hides_key[model] = not names.isdisjoint(secret)
        return self._hides_key[model]

    def models(self) -> list[type[Model]]:
        """Return the audited models of the installed apps."""
        every = apps.get_models(include_auto_created=True)
        return [model for model in every if not model._meta.proxy and self.options_for(model)]

    def snapshot(self) -> dict[str, ModelOptions]:
        """Return what was declared in code, for `restore()`."""
        return dict(self._declared)

    def restore(self, declared: Mapping[str, ModelOptions]) -> None:
        """Put back what `snapshot()` returned."""
        self._declared = dict(declared)
        self.changed()


def concrete(model: type[Model]) -> Options[Model]:
    """Return the options of the model whose table a class writes."""
    return (model._meta.concrete_model or model)._meta


def concrete_label(label: str) -> str:
    """Return the lower-case label of the concrete model behind a label; the same one if there is none."""
    try:
        return concrete(apps.get_model(label, require_ready=False)).label.lower()
    except (LookupError, ValueError):
        return label.lower()


def configured_models() -> dict[str, ModelOptions]:
    """Return what `SIGNALS_AUDIT["MODELS"]` says, by lower-case label or pattern."""
    raw: Any = get_settings().MODELS
    named = raw.items() if isinstance(raw, Mapping) else ((label, None) for label in raw)
    return {
        concrete_label(label): options_from(options or {})
        for label, options in named
        if isinstance(label, str) and (options is None or isinstance(options, Mapping))
    }


registry = Registry()


def object_id_of(model: type[Model], pk: Any) -> str:
    """Return the text that entries carry for an object: its key, or a digest where the key is secret."""
    key = object_key(pk)
    return hidden_key(key) if registry.hides_key(model) else key


on_settings_changed(registry.changed)


@overload
def register(
    model: M,
    *,
    fields: Iterable[str] | None = ...,
    exclude: Iterable[str] = ...,
    mask: Iterable[str] | None = ...,
    m2m: Iterable[str] | None = ...,
    before: Before = ...,
    previously: Iterable[str] = ...,
    capture: Capture = ...,
    bulk: Bulk = ...,
) -> M: ...
@overload
def register(
    model: str,
    *,
    fields: Iterable[str] | None = ...,
    exclude: Iterable[str] = ...,
    mask: Iterable[str] | None = ...,
    m2m: Iterable[str] | None = ...,
    before: Before = ...,
    previously: Iterable[str] = ...,
    capture: Capture = ...,
    bulk: Bulk = ...,
) -> str: ...
@overload
def register(
    model: None = None,
    *,
    fields: Iterable[str] | None = ...,
    exclude: Iterable[str] = ...,
    mask: Iterable[str] | None = ...,
    m2m: Iterable[str] | None = ...,
    before: Before = ...,
    previously: Iterable[str] = ...,
    capture: Capture = ...,
    bulk: Bulk = ...,
) -> Callable[[M], M]: ...
def register(
    model: Any = None,
    *,
    fields: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    mask: Iterable[str] | None = None,
    m2m: Iterable[str] | None = None,
    before: Before = "exact",
    previously: Iterable[str] = (),
    capture: Capture = "orm",
    bulk: Bulk = "rows",
) -> Any:
    """Have a model audited: `register(Model)`, `register("app.Model")` or `@register(exclude=[...])`.

    Registering a model again replaces its options.
    """
    options = ModelOptions(
        fields=_names(fields),
        exclude=tuple(exclude),
        mask=_names(mask),
        m2m=_names(m2m),
        before=before,
        previously=tuple(previously),
        capture=capture,
        bulk=bulk,
    )
    if model is None:
        return lambda decorated: _register(decorated, options)
    return _register(model, options)


def _names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _register(model: Any, options: ModelOptions) -> Any:
    registry.register(model if isinstance(model, str) else concrete(model).label, options)
    return model
