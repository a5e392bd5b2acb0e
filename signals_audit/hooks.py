"""Declaring what happens because of a change: noted down here, run by the reactions."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from django.apps import apps
from django.db.models import Model

from .conf import on_settings_changed
from .events import Change, ChangeEvent
from .registry import concrete, concrete_label
from .types import Action, Timing

HookFunction = Callable[[ChangeEvent], Any]
F = TypeVar("F", bound=HookFunction)


class AnyValue(enum.Enum):
    """The condition that every value meets."""

    ANY = "any"


ANY: Final = AnyValue.ANY


@dataclass(frozen=True, slots=True)
class Hook:
    """A function and the changes that it wants.

    `model` is a label, also a proxy's. `field` names the field, or the many-to-many field, that must have
    changed; None wants every change. `title` stands for the function's name where that says nothing.
    """

    model: str
    action: Action
    function: HookFunction
    timing: Timing = Timing.AFTER_COMMIT
    field: str | None = None
    relation: bool = False
    was: Any = ANY
    now: Any = ANY
    title: str = ""

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
        return self.field is None or self._wants_field(event)

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
        self._found: dict[str, tuple[Hook, ...]] = {}
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
        """Return a model's hooks, in order of declaration; a proxy counts as its concrete model."""
        label = concrete(model).label.lower()
        if label not in self._found:
            hooks = tuple(self._gather(label))
            if not apps.models_ready:
                return hooks
            self._found[label] = hooks
        return self._found[label]

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


hooks = HookRegistry()
on_settings_changed(hooks.changed)


def label_of(model: type[Model] | str) -> str:
    """Return the label of a model given as class or label."""
    return model if isinstance(model, str) else concrete(model).label


def on_create(model: type[Model] | str, *, timing: Timing = Timing.AFTER_COMMIT) -> Callable[[F], F]:
    """Call the decorated function with the event of every new row."""
    return _declare(model, Action.CREATE, timing=timing)


def on_delete(model: type[Model] | str, *, timing: Timing = Timing.AFTER_COMMIT) -> Callable[[F], F]:
    """Call the decorated function with the event of every deleted row."""
    return _declare(model, Action.DELETE, timing=timing)


def on_change(
    model: type[Model] | str,
    field: str | None = None,
    *,
    was: Any = ANY,
    now: Any = ANY,
    timing: Timing = Timing.AFTER_COMMIT,
) -> Callable[[F], F]:
    """Call the decorated function with the event of every changed row, or of every change of one field.

    `was` and `now` narrow it to a change from and to a value.
    """
    return _declare(model, Action.UPDATE, field=field, was=was, now=now, timing=timing)


def on_m2m_change(
    model: type[Model] | str, field: str, *, timing: Timing = Timing.AFTER_COMMIT
) -> Callable[[F], F]:
    """Call the decorated function with every change of a many-to-many field, from either side."""
    return _declare(model, Action.UPDATE, field=field, relation=True, timing=timing)


def _declare(model: type[Model] | str, action: Action, **conditions: Any) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        hooks.add(Hook(label_of(model), action, function, **conditions))
        return function

    return decorate


def auto_create(
    model: type[Model] | str,
    target: type[Model] | str,
    *,
    field: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Have a row of `target` made for every new row of `model`, in the same transaction.

    `field` is the target's foreign key to the model; it may be left out where there is just one.
    """
    hooks.add_auto_create(AutoCreate(label_of(model), label_of(target), field, dict(defaults or {})))


def notify_on(
    model: type[Model] | str,
    *,
    recipient: str,
    verb: Any,
    on: str = "create",
    field: str | None = None,
    target: str | None = None,
) -> None:
    """Have the users at the path `recipient` ("post.author") notified of changes, after commit.

    `on` is "create", "change" or "delete"; `field` narrows a change to one field; `target` is the path of
    what the notification is about, the object itself when it is left out.
    """
    hooks.add_notify(Notify(label_of(model), recipient, verb, on, field, target))
