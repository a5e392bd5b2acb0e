"""The signal map: what runs when a signal is sent, and when a row is saved.

It shows what is connected in this process now, without sending anything.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..exceptions import AuditError
from .findings import Finding
from .lines import ReceiverLine, SignalLines, everyone, lines_of
from .lives import Moment, Step, hears_of, life_of, throughs_of
from .named import MODEL, NamedSignal, Origin, named_signals, signal_named
from .seams import Connected

__all__ = [
    "BLIND_SPOTS",
    "Finding",
    "Moment",
    "ReceiverLine",
    "SignalLines",
    "SignalMap",
    "Step",
    "UnknownSender",
    "life_of",
    "signal_map",
]

BLIND_SPOTS: Final = (
    gettext_lazy(
        "update(), bulk_create() and bulk_update() send no signal of Django. The audit log records what "
        "they write nevertheless, and object_created and object_changed are sent for it."
    ),
    gettext_lazy(
        "Rows that a foreign key with SET_NULL or SET_DEFAULT changes send no signal of Django. The audit "
        "log records them nevertheless, and object_changed is sent for them."
    ),
    gettext_lazy(
        "Rows that the database itself deletes or changes, as with DB_CASCADE, send no signal of Django. "
        "If Django deletes what they point at, the log records them and object_deleted is sent for them."
    ),
    gettext_lazy("Raw SQL and other programs send no signal at all. Triggers write the audit entries of it."),
    gettext_lazy(
        "Models in migrations are classes of their own: whoever hears of the real model hears nothing of "
        "them. The audit log records what migrations write nevertheless."
    ),
    gettext_lazy(
        "The map shows what is connected in this process: a module that was never imported connects nothing."
    ),
)
OF_OTHERS: Final = ("pre_migrate", "post_migrate")  # whose senders are apps


class UnknownSender(AuditError):
    """There is no model of that name."""


@dataclass(frozen=True, slots=True)
class SignalMap:
    """Signals with their receivers."""

    signals: tuple[SignalLines, ...]


def signal_map(*, signal: str | None = None, sender: str | None = None) -> SignalMap:
    """Return all signals with their receivers, or one of them; for "app.Model" those who hear of that.

    Raises UnknownSignal and UnknownSender, which say what may have been meant.
    """
    named = named_signals() if signal is None else [signal_named(signal)]
    model = None if sender is None else model_named(sender)
    return SignalMap(tuple(lines_of(one, _wanted(one, model)) for one in named))


def model_named(label: str) -> type[Model]:
    """Return a model by its label; a through model of Django's making has one, too."""
    models = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    lower = {name.lower(): model for name, model in models.items()}
    if label.lower() in lower:
        return lower[label.lower()]
    near = difflib.get_close_matches(label.lower(), lower, n=3)
    raise UnknownSender(
        _("There is no model “%(label)s”. Perhaps you mean %(near)s.")
        % {"label": label, "near": ", ".join(lower[name]._meta.label for name in near)}
        if near
        else _("There is no model “%s”. Write it as “app.Model”.") % label
    )


def _wanted(named: NamedSignal, model: type[Model] | None) -> Callable[[Connected], bool]:
    if model is None:
        return everyone
    if named.origin is Origin.DJANGO and (named.module != MODEL or named.name in OF_OTHERS):
        return _nobody
    if named.name == "m2m_changed":
        return hears_of((model, *throughs_of(model)))
    return hears_of((model,))


def _nobody(_one: Connected) -> bool:
    """Tell that no receiver is wanted: those of a signal that no model sends."""
    return False
