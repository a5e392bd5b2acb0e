"""The signal map: what runs when a signal is sent, and when a row is saved.

It shows what is connected in this process now, without sending anything.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..exceptions import AuditError
from .findings import Finding
from .hooked import HookLine
from .lines import ReceiverLine, SignalLines, lines_of
from .lives import Moment, Step, life_of, throughs_of
from .named import MODEL, TASKS, NamedSignal, Origin, named_signals, signal_named

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
    """Signals with their receivers.

    `sender` is the label of the model that they hear of, "" where they may hear of anything. `hooks` are that
    model's, if who shows the map has put them there.
    """

    signals: tuple[SignalLines, ...]
    sender: str = ""
    hooks: tuple[HookLine, ...] | None = None


def signal_map(*, signal: str | None = None, sender: str | None = None) -> SignalMap:
    """Return all signals with their receivers, or one of them; for "app.Model" those who hear of that.

    Raises UnknownSignal and UnknownSender, which say what may have been meant.
    """
    named = named_signals() if signal is None else [signal_named(signal)]
    if sender is None:
        return SignalMap(tuple(map(lines_of, named)))
    model = model_named(sender)
    return SignalMap(tuple(_of_model(one, model) for one in named), model._meta.label)


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


def is_of_models(named: NamedSignal) -> bool:
    """Tell whether a model may send a signal: those of other packages are supposed to be such."""
    if named.module in TASKS:
        return False
    return named.origin is not Origin.DJANGO or (named.module == MODEL and named.name not in OF_OTHERS)


def _of_model(named: NamedSignal, model: type[Model]) -> SignalLines:
    if not is_of_models(named):
        return SignalLines(named, ())
    senders = (model, *throughs_of(model)) if named.name == "m2m_changed" else (model,)
    return lines_of(named, senders)
