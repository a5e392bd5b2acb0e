"""Which model is audited in which way."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Model

from .cases import Case
from .models import (
    Exact,
    ExactOwner,
    InDatabase,
    InDatabaseOwner,
    Memory,
    Plain,
    PlainOwner,
    Tagged,
    TaggedPlain,
    TaggedTriggered,
    Triggered,
    TriggeredOwner,
)

TWINS: Mapping[str, Mapping[str, type[Model]]] = {
    "wide": {
        "plain": Plain,
        "unaudited": Plain,
        "hand": Plain,
        "memory": Memory,
        "exact": Exact,
        "database": InDatabase,
        "triggers": Triggered,
    },
    "tagged": {
        "plain": TaggedPlain,
        "unaudited": TaggedPlain,
        "hand": TaggedPlain,
        "exact": Tagged,
        "triggers": TaggedTriggered,
    },
    "owner": {
        "plain": PlainOwner,
        "unaudited": PlainOwner,
        "hand": PlainOwner,
        "exact": ExactOwner,
        "database": InDatabaseOwner,
        "triggers": TriggeredOwner,
    },
}
VARIANTS = tuple(TWINS["wide"])


def models_for(case: Case) -> Mapping[str, type[Model]]:
    """Return the model of each variant of a case."""
    return {variant: model for variant, model in TWINS[case.kind].items() if variant not in case.without}
