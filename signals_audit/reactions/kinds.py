"""What people can be told of: the kinds of notifications that they set their preferences for."""

from __future__ import annotations

from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext

from ..hooks import hooks
from ..models import KEY_LENGTH
from ..values import text
from .notices import configured_notifies, kind_of

_labels: Final[dict[str, Any]] = {}


def declare_kind(name: str, label: Any = "") -> None:
    """Have a kind appear among the preferences, as `label`: for `notify()`, or for a kind of many verbs."""
    _labels[text(name, KEY_LENGTH)] = label


def kinds() -> dict[str, str]:
    """Return the kinds that are declared, with what they are called in the current language."""
    declared = [kind_of(declaration) for declaration in (*configured_notifies(), *hooks.notifies())]
    return {name: label_of(name) for name in dict.fromkeys([*_labels, *declared])}


def label_of(kind: str) -> str:
    """Return what a kind is called in the current language; a verb with dots for its values."""
    label = str(_labels.get(kind) or "") or (gettext(kind) if kind else gettext("Anything else"))
    return capfirst(_without_values(label))


def _without_values(label: str) -> str:
    try:
        return label % _Dots() if "%(" in label else label
    except (KeyError, TypeError, ValueError):
        return label


class _Dots(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return "…"
