"""Declaring what happens because of a change: noted down here, run by the reactions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.apps import apps
from django.db.models import Model

from .conditions import ANY, Test
from .conf import on_settings_changed
from .events import Change, ChangeEvent
from .registry import HISTORICAL, concrete, concrete_label
from .types import Action, Timing

HookFunction = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """A function and the changes that it wants.

    `model` is a label, also a proxy's. `field` names the field, or the many-to-many field, that must have
    changed; None wants every change. `when` is a further condition. `title` stands for the function's name
    where that says nothing. A `durable` hook runs in the end even if this process dies after COMMIT, a
    `batch` one is given all events at once. Hooks of a higher `priority` run first.
    """

    model: str
    action: Action
    function: HookFunction
    timing: Timing = Timing.AFTER_COMMIT
    field: str | None = None
    relation: bool = False
    was: Any = ANY
    now: Any = ANY
    when: Test | None = None
    title: str = ""
    durable: bool = False
    batch: bool = False
    priority: int = 0

    @property
    def identity(self) -> str:
        """Return what the hook is found again by, in another process too."""
        return f"{self.name} ({self.action.value} of {concrete_label(self.model)} {self.field or ''})"[:255]

    @property
    def name(self) -> str:
        """Return the title or the function's dotted name, as entries that the hook causes carry it."""
        if self.title:
            return self.title
        function = getattr(self.function, "func", self.function)
        qualname = getattr(function, "__qualname__", type(function).__qualname__)
        return f"{getattr(function, '__module__', '')}.{qualname}"

    def wants(self, event: ChangeEvent) -> bool:
        """Tell whether an event of the hook's model meets its conditions."""
        if event.action is not self.action or (event.relation is not None) is not self.relation:
            return False
        is_wanted = self.field is None or self._wants_field(event)
        return is_wanted and (self.when is None or bool(self.when(event)))

    def _wants_field(self, event: ChangeEvent) -> bool:
        if self.relation:
            return event.relation == self.field
        change = event.changes.get(self.field or "")
        if not isinstance(change, Change):
            return False
        return self.was in (ANY, change.before) and self.now in (ANY, change.after)


@dataclass(frozen=True, slots=True)
class AutoCreate:
    """A row to be made for every new row of a model."""

    model: str
    target: str
    field: str | None = None
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notify:
    """Whom to tell of a change, and in which words."""

    model: str
    recipient: str
    verb: Any
    on: str = "create"
    field: str | None = None
    target: str | None = None
    kind: str = ""
    channels: tuple[str, ...] | None = None


class Declarations(NamedTuple):
    """What code declared."""

    hooks: tuple[Hook, ...] = ()
    auto_creates: tuple[AutoCreate, ...] = ()
    notifies: tuple[Notify, ...] = ()


HookSource = Callable[[str], Iterable[Hook]]


class HookRegistry:
    """All that code declared, and the hooks that sources add. Plain data: the dispatcher acts on it."""

    def __init__(self) -> None:
        self._declared = Declarations()
        self._sources: tuple[HookSource, ...] = ()
        self._found: dict[type[Model], tuple[Hook, ...]] = {}
        self._listeners: list[Callable[[], None]] = []

    def add(self, hook: Hook) -> None:
        """Note a hook down; the same one twice counts once."""
        self.restore(self._declared._replace(hooks=_with(self._declared.hooks, hook)))

    def add_auto_create(self, declaration: AutoCreate) -> None:
        """Note down that a row is to be made; the same declaration twice counts once."""
        self.restore(self._declared._replace(auto_creates=_with(self._declared.auto_creates, declaration)))

    def add_notify(self, declaration: Notify) -> None:
        """Note down that users are to be told; the same declaration twice counts once."""
        self.restore(self._declared._replace(notifies=_with(self._declared.notifies, declaration)))

    def add_source(self, source: HookSource) -> None:
        """Have a function asked for more hooks, by lower-case label; its hooks come before those declared."""
        self._sources = _with(self._sources, source)
        self.changed()

    def of(self, model: type[Model]) -> tuple[Hook, ...]:
        """Return a model's hooks, by priority and in order of declaration; a proxy counts as its model."""
        found = self._found.get(model)
        if found is None:
            label = concrete(model).label.lower()
            found = tuple(sorted(self._gather(label), key=lambda hook: -hook.priority))
            if apps.models_ready and model.__module__ != HISTORICAL:
                self._found[model] = found
        return found

    def _gather(self, label: str) -> Iterator[Hook]:
        for source in self._sources:
            yield from source(label)
        for hook in self._declared.hooks:
            if concrete_label(hook.model) == label:
                yield hook

    def auto_creates(self) -> tuple[AutoCreate, ...]:
        """Return the rows that code wants made."""
        return self._declared.auto_creates

    def notifies(self) -> tuple[Notify, ...]:
        """Return whom code wants told of what."""
        return self._declared.notifies

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have a function called whenever a hook is added or removed."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def changed(self) -> None:
        """Forget what was found, and tell who listens."""
        self._found.clear()
        for listener in self._listeners:
            listener()

    def snapshot(self) -> Declarations:
        """Return all that code declared, for `restore()`."""
        return self._declared

    def restore(self, declared: Declarations) -> None:
        """Put back what `snapshot()` returned."""
        self._declared = declared
        self.changed()


D = TypeVar("D")


def _with(noted: tuple[D, ...], declaration: D) -> tuple[D, ...]:
    return noted if declaration in noted else (*noted, declaration)


def label_of(model: type[Model] | str) -> str:
    """Return the label of a model given as class or label."""
    return model if isinstance(model, str) else concrete(model).label


hooks = HookRegistry()
on_settings_changed(hooks.changed)
