"""What receivers and senders are called, and where receivers stand, whatever they were wrapped in."""

from __future__ import annotations

import os
import re
import sys
from functools import partial, partialmethod
from pathlib import Path
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from asgiref.sync import AsyncToSync
from django.apps import AppConfig
from django.db.models import Model

from .seams import Receiver
from .watching import Wrapped

INSTALLED = frozenset({"site-packages", "dist-packages"})
REPLACEMENT = "�"
SURROGATE = re.compile("[\ud800-\udfff]")
DEEPEST = 32  # wrapped more often than this, a receiver is one that answers to every name


def receiver_name(receiver: Receiver) -> str:
    """Return the dotted name of what really runs: of a function, a method with its class, or a class.

    A method that is inherited goes by the class of its object, and not by that which defines it.
    """
    found = resolved(receiver)
    if isinstance(found, MethodType | BuiltinMethodType) and not isinstance(found.__self__, ModuleType):
        return f"{_dotted(_class_of(found.__self__))}.{getattr(found, '__name__', '__call__')}"
    is_named = isinstance(found, type) or isinstance(getattr(found, "__qualname__", None), str)
    return _dotted(found if is_named else type(found))


def receiver_place(receiver: Receiver) -> tuple[str, int]:
    """Return the file and the line where a receiver is defined; ("", 0) of what is not written in Python."""
    code = receiver_code(receiver)
    return (shortened(code.co_filename), code.co_firstlineno) if code is not None else ("", 0)


def receiver_code(receiver: Receiver) -> CodeType | None:
    """Return what is run when a receiver is called; None of what is not written in Python."""
    return _code_of(resolved(receiver))


def is_installed(code: CodeType | None) -> bool:
    """Tell whether code is of a package that was installed, and not of the project."""
    return code is not None and not INSTALLED.isdisjoint(Path(code.co_filename).parts)


def receiver_module(receiver: Receiver) -> str:
    """Return the name of the module that a receiver's code is in; a method may be inherited from another."""
    found = resolved(receiver)
    if isinstance(found, MethodType):
        found = resolved(found.__func__)
    return str(getattr(found, "__module__", None) or type(found).__module__)


def sender_name(sender: Any) -> str:
    """Return what a sender is called: "app.Model", an app's label, or a dotted path; "" is any sender."""
    if sender is None:
        return ""
    if isinstance(sender, str):
        return sender
    if isinstance(sender, AppConfig):
        return sender.label
    if isinstance(sender, ModuleType):
        return sender.__name__
    if isinstance(sender, type) and issubclass(sender, Model) and _is_of_app(sender):
        return sender._meta.label
    return _dotted(sender if isinstance(getattr(sender, "__qualname__", None), str) else type(sender))


def resolved(receiver: Receiver) -> Receiver:
    """Return what a receiver calls: without what watches it, partials and decorators that tell of it."""
    for _step in range(DEEPEST):
        inner = _inner(receiver)
        if inner is None:
            break
        receiver = inner
    return receiver


def shortened(path: str) -> str:
    """Return a file as it is imported: relative to the project, or to the packages that are installed."""
    folders = [os.path.join(os.path.abspath(folder), "") for folder in sys.path]
    longest = max((folder for folder in folders if path.startswith(folder)), key=len, default="")
    return path.removeprefix(longest)


def encodable(text: str) -> str:
    """Return a text without lone surrogates, which no output takes."""
    return SURROGATE.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Return text that steers no terminal and ends no line."""
    return "".join(letter if letter.isprintable() else REPLACEMENT for letter in text)


def _is_of_app(model: type[Model]) -> bool:
    """Tell whether a model has a label: Model itself and some abstract ones belong to no app."""
    return hasattr(model, "_meta") and bool(model._meta.app_label)


def _inner(receiver: Any) -> Receiver | None:
    """Return what is one layer below, None where nothing is."""
    if isinstance(receiver, Wrapped):
        return receiver.receiver
    if isinstance(receiver, partial):
        return receiver.func
    if isinstance(receiver, MethodType):
        inner = _inner_of_function(receiver.__func__)
        return None if inner is None else MethodType(inner, receiver.__self__)
    return _inner_of_function(receiver)


def _inner_of_function(function: Any) -> Receiver | None:
    """Return what a function wraps; looked up in its dictionary, for some objects have every attribute."""
    if isinstance(function, staticmethod):
        return function.__func__
    if isinstance(function, AsyncToSync):
        return function.awaitable
    known: dict[str, Any] = getattr(function, "__dict__", {})
    bound = known.get("__partialmethod__", known.get("_partialmethod"))  # the name before Python 3.13
    return bound.func if isinstance(bound, partialmethod) else known.get("__wrapped__")


def _class_of(owner: Any) -> type[Any]:
    """Return the class that a method is called on, be it bound to that or to an object of it."""
    return owner if isinstance(owner, type) else type(owner)


def _code_of(found: Any) -> CodeType | None:
    if isinstance(found, MethodType):
        return _code_of(found.__func__)
    if not isinstance(found, FunctionType):
        found = getattr(found, "__init__" if isinstance(found, type) else "__call__", None)
    code = getattr(resolved(found) if found is not None else None, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _dotted(found: Any) -> str:
    module = getattr(found, "__module__", None) or type(found).__module__
    return f"{module}.{found.__qualname__}"
