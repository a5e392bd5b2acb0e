"""Putting a function around an attribute of a class or object, once, and taking it away without a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import getattr_static
from typing import Any

MARK = "signals_audit_seam"
INHERITED = object()


def is_wrapped(owner: Any, name: str) -> bool:
    """Tell whether an attribute is one of ours."""
    return hasattr(getattr(owner, name), MARK)


def wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put a function around an attribute of a class or object, once."""
    original = getattr(owner, name)
    if name in vars(owner) and hasattr(original, MARK):
        return
    found = getattr_static(owner, name)
    wrapped = wraps(original)(make(original))
    setattr(wrapped, MARK, found if name in vars(owner) else INHERITED)
    setattr(owner, name, classmethod(wrapped) if isinstance(found, classmethod) else wrapped)


def unwrap(owner: Any, name: str) -> None:
    """Put back what was there before `wrap`."""
    if name in vars(owner) and hasattr(getattr(owner, name), MARK):
        found = getattr(getattr(owner, name), MARK)
        if found is INHERITED:
            delattr(owner, name)
        else:
            setattr(owner, name, found)
