"""Who is acting, why and where from: a frozen value that belongs to the running thread or coroutine.

Every block puts a frame on top of the one it found, and when it ends takes away its own frame and what was
left above it. Nothing is kept outside of the context variable, so one block may be used again, nested and by
several threads at once.

A generator runs in the context of whoever consumes it: what is set in it before a `yield` is seen by the
consumer until the generator goes on. Put a block between two `yield`s, never around one.
"""

from __future__ import annotations

import enum
import functools
import inspect
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Final, ParamSpec, Self, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.db.models import Model

from .types import Actor, ActorKind, AuditContext, Cause
from .values import json_safe, loaded, object_key, text

logger = logging.getLogger("signals_audit")

LABEL_LIMIT: Final = 255
REASON_LIMIT: Final = 1000
CORRELATION_LIMIT: Final = 128
ADDRESS_LIMIT: Final = 64
PATH_LIMIT: Final = 1024

EVERYTHING: Final = frozenset({"*"})
NOTHING: Final[frozenset[str]] = frozenset()

SERVERS: Final = frozenset({"runserver", "runserver_plus", "testserver"})
COMMAND_LINES: Final = frozenset({"manage.py", "django-admin", "django-admin.exe", "django-admin.py"})

ANONYMOUS: Final = Actor(ActorKind.ANONYMOUS, None, "anonymous")
SYSTEM: Final = Actor(ActorKind.SYSTEM, None, "system")
UNKNOWN_ACTOR: Final = Actor(ActorKind.SYSTEM, None, "")

P = ParamSpec("P")
R = TypeVar("R")


class Inherit(enum.Enum):
    """Stands for what a block does not name and takes from around it."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What holds within one block, and the frame that the block found."""

    context: AuditContext
    disabled: frozenset[str]
    owner: object = None
    below: Frame | None = None


_BOTTOM: Final = Frame(AuditContext(), NOTHING)
_top: ContextVar[Frame] = ContextVar("signals_audit", default=_BOTTOM)


def current() -> AuditContext:
    """Return the context of the running code."""
    return _top.get().context


def is_disabled(model_label: str) -> bool:
    """Tell whether changes of a model are not to be recorded here and now."""
    disabled = _top.get().disabled
    return bool(disabled) and (disabled is EVERYTHING or model_label.lower() in disabled)


def _enter(owner: object, *, context: AuditContext, disabled: frozenset[str]) -> None:
    _top.set(Frame(context, disabled, owner, _top.get()))


def _leave(owner: object) -> None:
    """Restore what the newest frame of an owner found; do nothing when there is none."""
    frame: Frame | None = _top.get()
    while frame is not None and frame.owner != owner:
        frame = frame.below
    if frame is not None and frame.below is not None:
        _top.set(frame.below)


# Blocks


class Block:
    """A part of the program with a context of its own: a `with` block, or a decorated function."""

    def frame(self, below: Frame) -> Frame:
        """Return what holds in the block, given what holds around it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        _top.set(replace(self.frame(_top.get()), owner=self, below=_top.get()))
        return self

    def __exit__(self, *_exception: object) -> None:
        _leave(self)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Wrap a function or coroutine function: each call is a block."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} is a generator: use blocks between its yields instead")
        if iscoroutinefunction(function):
            return cast("Callable[P, R]", self._wrap_coroutine(function))

        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return wrapper

    def _wrap_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return wrapper


class audit_context(Block):  # noqa: N801 - reads as a verb where it is used
    """Say who acts, why and where from, for the changes made in a block or function.

    `actor` is an Actor, a user, a callable that returns one of them when a change is captured, or a name for
    something that is no user. What is not named is inherited, and `extra` is added to what is there.
    """

    def __init__(
        self,
        *,
        actor: Any = INHERIT,
        reason: str | Inherit = INHERIT,
        correlation_id: str | Inherit = INHERIT,
        remote_addr: str | Inherit = INHERIT,
        path: str | Inherit = INHERIT,
        cause: Cause | Inherit | None = INHERIT,
        **extra: Any,
    ) -> None:
        limited = {
            "reason": (reason, REASON_LIMIT),
            "correlation_id": (correlation_id, CORRELATION_LIMIT),
            "remote_addr": (remote_addr, ADDRESS_LIMIT),
            "path": (path, PATH_LIMIT),
        }
        self._named: dict[str, Any] = {
            name: text(value, limit) for name, (value, limit) in limited.items() if value is not INHERIT
        }
        self._named |= {
            name: value for name, value in (("actor", actor), ("cause", cause)) if value is not INHERIT
        }
        self._extra: dict[str, Any] = json_safe(extra)

    def frame(self, below: Frame) -> Frame:
        """Return the frame around the block with what this block names put in."""
        named = self._named
        if self._extra:
            named = named | {"extra": MappingProxyType({**below.context.extra, **self._extra})}
        return Frame(replace(below.context, **named), below.disabled)


class disabled(Block):  # noqa: N801
    """Record nothing in a block or function: of the given models or labels, or of any model.

    A proxy stands for its concrete model.
    """

    def __init__(self, *models: type[Model] | str) -> None:
        self._models = models

    def frame(self, below: Frame) -> Frame:
        """Return the frame around the block with these models disabled in addition."""
        if not self._models or below.disabled is EVERYTHING:
            return Frame(below.context, EVERYTHING)
        return Frame(below.context, below.disabled.union(*map(_labels, self._models)))


def _labels(model: type[Model] | str) -> set[str]:
    if isinstance(model, str):
        try:
            return _labels(apps.get_model(model))
        except (LookupError, ValueError):  # a model that migrations alone know
            return {model.lower()}
    meta = model._meta
    return {meta.label_lower, (meta.concrete_model or model)._meta.label_lower}


# Actors


def command_actor(name: str) -> Actor:
    """Return the actor that stands for a management command."""
    return Actor(ActorKind.COMMAND, None, text(name, LABEL_LIMIT))


def task_actor(name: str) -> Actor:
    """Return the actor that stands for a background task."""
    return Actor(ActorKind.TASK, None, text(name, LABEL_LIMIT))


def receiver_actor(name: str) -> Actor:
    """Return the actor that stands for a receiver of a signal, or a hook."""
    return Actor(ActorKind.RECEIVER, None, text(name, LABEL_LIMIT))


@functools.cache
def default_actor() -> Actor:
    """Return who acts where nobody is named: the management command that was started, else the system."""
    name = command_of(sys.argv)
    return command_actor(name) if name and name not in SERVERS else SYSTEM


def command_of(argv: list[str]) -> str:
    """Return the name of the management command in a command line, and "" when there is none."""
    if len(argv) < 2 or argv[1].startswith("-"):
        return ""
    program = PurePath(argv[0])
    is_django = program.name in COMMAND_LINES or program.parts[-2:] == ("django", "__main__.py")
    return argv[1] if is_django else ""


_resolving: ContextVar[bool] = ContextVar("signals_audit.resolving", default=False)


def resolve_actor(context: AuditContext) -> Actor:
    """Return who is acting at this moment: that actor, or the unknown one, but never somebody else.

    Asking may load the user. Changes that the loading itself makes have the unknown actor.
    """
    if type(context.actor) is Actor:  # isinstance would load a lazy user
        return context.actor
    if context.actor is None:
        return default_actor()
    if _resolving.get():
        return UNKNOWN_ACTOR
    _resolving.set(True)
    try:
        return _actor_of(context.actor)
    except Exception:
        logger.warning("The actor of a change could not be determined", exc_info=True)
        return UNKNOWN_ACTOR
    finally:
        _resolving.set(False)


def _actor_of(source: Any) -> Actor:
    value = loaded(source() if callable(source) else source)
    if isinstance(value, Actor):
        return value
    if value is None:
        return default_actor()
    if isinstance(value, str):
        return Actor(ActorKind.SYSTEM, None, text(value, LABEL_LIMIT))
    return _user_actor(value) if value.is_authenticated else ANONYMOUS


def _user_actor(user: Any) -> Actor:
    key = None if user.pk is None else object_key(user.pk)
    return Actor(ActorKind.USER, key, text(user.get_username(), LABEL_LIMIT))


# Tasks


def enter_task(sender: object, *, task_result: Any, **_kwargs: Any) -> None:
    """Receive `task_started`: until the task ends, the task is the actor."""
    context = AuditContext(
        actor=task_actor(task_result.task.module_path),
        correlation_id=text(task_result.id, CORRELATION_LIMIT),
    )
    _enter(("task", task_result.id), context=context, disabled=_top.get().disabled)


def leave_task(sender: object, *, task_result: Any, **_kwargs: Any) -> None:
    """Receive `task_finished`: whoever acted before the task acts again."""
    _leave(("task", task_result.id))
