"""Checks that say by name what the log cannot see, and what it should not show."""

from __future__ import annotations

from typing import Any, Final

from django.core.checks import CheckMessage, Warning, register
from django.db import connections, models, router
from django.db.models import Model

from ..conf import get_settings
from ..masking import secret_fields
from ..registry import ModelOptions, registry
from .messages import TAG

# Names that are too common for being masked unasked, and too delicate for being stored unnoticed.
MAY_BE_SECRET: Final = frozenset(
    {"cookie", "cookies", "hmac", "iban", "nonce", "passport", "salt", "seed", "ssh", "ssn"}
)
HOLDING_TEXT: Final = (models.CharField, models.TextField, models.BinaryField, models.JSONField)


def audited() -> list[type[Model]]:
    """Return the models whose changes are to be recorded."""
    return registry.models() if get_settings().ENABLED else []


@register(TAG)
def check_secrets(**_kwargs: Any) -> list[CheckMessage]:
    """Check for fields that may hold a secret, in models for which nobody said what to mask."""
    return [
        Warning(
            f"The field {name!r} of {model._meta.label} may hold a secret, and is stored in the clear.",
            hint="Name it in 'mask' or 'exclude'. If it is no secret, give the model a 'mask' without it.",
            id="signals_audit.W003",
        )
        for model in audited()
        for name in open_secrets(model, registry.options_for(model))
    ]


def open_secrets(model: type[Model], options: ModelOptions | None) -> list[str]:
    """Return the names of the fields that are recorded and may hold a secret, if nobody has judged them."""
    if options is None or options.mask is not None:
        return []
    masked = secret_fields(model, mask=None)
    return [
        field.name
        for field in model._meta.local_concrete_fields
        if isinstance(field, HOLDING_TEXT) and not MAY_BE_SECRET.isdisjoint(field.name.lower().split("_"))
        if options.audits(field.name) and field.name not in masked
    ]


@register(TAG)
def check_databases(**_kwargs: Any) -> list[CheckMessage]:
    """Check that the log's tables are wherever audited rows are."""
    return [
        Warning(
            f"Rows of {model._meta.label} may be on the database {alias!r}, where routers keep the log's "
            "tables from: changes there are not recorded.",
            hint="Let allow_migrate() accept 'signals_audit' for that database.",
            id="signals_audit.W005",
        )
        for alias in connections
        if not router.allow_migrate(alias, "signals_audit", model_name="auditentry")
        for model in audited()
        if router.allow_migrate_model(alias, model)
    ]
