"""Which fields hold secrets, and how secrets are kept out of what is stored.

A name is taken apart into words, at underscores, other punctuation and capitals. It looks secret

* when one of `WORDS`, or of the setting `MASK`, is among the words, or its plural: `reset_token`, `otp`,
  `apiTokens`; a part of several words, like `security_answer`, must stand there in one piece;
* when one of `ANYWHERE` is part of it, written in one word or several: `old_passwords`, `apikey`, `API-Key`.

So `pin` is secret, `shipping` is not; `token` is, `tokenized` is not. A field with such a name is masked
unless it cannot hold a secret: booleans and times never do (`password_changed_at`, `is_secret`), and numbers
only under the name of a code that people type (`NUMBERS`: `pin` does, `max_tokens` does not). In a model that
looks secret by its own name (`AuthToken`, `ApiKey`) the fields that would hold the secret itself (`VALUES`)
are masked too, and so is every field whose class says that it encrypts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from django.db import models

from .conf import get_settings
from .values import MASKED, UNKNOWN_MARK, Encoded

ANYWHERE: Final = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "credential",
    "apikey",
    "authkey",
    "accesskey",
    "privatekey",
    "secretkey",
    "signingkey",
    "encryptionkey",
    "sessionkey",
    "sessiondata",
    "authtoken",
    "accesstoken",
    "refreshtoken",
    "clientsecret",
)
NUMBERS: Final = ("pin", "otp", "totp", "hotp", "cvc", "cvv", "password", "passcode")
WORDS: Final = (
    *NUMBERS,
    "secret",
    "token",
    "pwd",
    "jwt",
    "mnemonic",
    "backup_code",
    "recovery_code",
    "security_answer",
    "card_number",
)
VALUES: Final = frozenset({"key", "value", "hash", "hashed_key", "digest", "code"})

_INNER_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_BETWEEN = re.compile(r"[\W_]+")

_HARMLESS: Final = (
    models.BooleanField,
    models.DateField,
    models.DurationField,
    models.TimeField,
)
_NUMERIC: Final = (models.IntegerField, models.FloatField, models.DecimalField)


def is_secret_name(name: str) -> bool:
    """Tell whether a name looks like that of a secret."""
    words = _words(name)
    joined = "".join(words)
    return any(part in joined for part in ANYWHERE) or _has_part(words, (*WORDS, *_own_parts()))


def secret_fields(model: type[models.Model], *, mask: Iterable[str] | None) -> frozenset[str]:
    """Return the names of the fields to mask: those of the option, and those that look secret."""
    fields: Iterable[models.Field[Any, Any]] = (*model._meta.fields, *model._meta.many_to_many)
    named = frozenset(mask or ())
    return frozenset(
        field.name
        for field in fields
        if field.name in named or field.attname in named or _is_secret(model, field)
    )


def mask(changes: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """Return encoded changes with the values of the named fields masked.

    That a field was empty, or is not known, is no secret: null and the unknown mark stay.
    """
    if names and not changes.keys().isdisjoint(names):
        return {name: _masked(change) if name in names else change for name, change in changes.items()}
    return changes


def hidden_key(key: str) -> str:
    """Return what stands for a key that is secret: always the same, and no way back."""
    return "sha256:" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _masked(change: Any) -> Any:
    if isinstance(change, Mapping):
        return {side: _masked_side(values) for side, values in change.items()}
    return [_masked_value(value) for value in change]


def _masked_side(values: Any) -> Any:
    """Return keys that came or went masked, or the values of many rows by their keys."""
    if isinstance(values, Mapping):
        return {key: _masked_value(value) for key, value in values.items()}
    return [MASKED] * len(values)


def _masked_value(value: Encoded) -> Encoded:
    return value if value is None or value == UNKNOWN_MARK else MASKED


def _is_secret(model: type[models.Model], field: models.Field[Any, Any]) -> bool:
    if isinstance(field, _HARMLESS):
        return False
    if isinstance(field, _NUMERIC):
        return _has_part(_words(field.name), (*NUMBERS, *_own_parts()))
    return is_secret_name(field.name) or _is_secret_by_class(model, field) or _refers_to_secret(field)


def _is_secret_by_class(model: type[models.Model], field: models.Field[Any, Any]) -> bool:
    kind = type(field).__name__
    if is_secret_name(kind) or "encrypted" in _words(kind):
        return True
    return field.name in VALUES and is_secret_name(model.__name__)


def _refers_to_secret(field: models.Field[Any, Any]) -> bool:
    """Tell whether a field holds what is a secret where it points at, as the key of a token is."""
    model = field.related_model
    if not isinstance(model, type):
        return False
    target: Any = field.target_field if isinstance(field, models.ForeignKey) else model._meta.pk
    return isinstance(target, models.Field) and _is_secret(target.model, target)


def _own_parts() -> tuple[str, ...]:
    return tuple("_".join(_words(str(part))) for part in get_settings().MASK)


def _words(name: str) -> list[str]:
    return [word for word in _BETWEEN.split(_INNER_START.sub("_", name).lower()) if word]


def _has_part(words: Sequence[str], parts: Iterable[str]) -> bool:
    spelled = f"_{'_'.join(words)}_"
    return any(f"_{part}_" in spelled or f"_{part}s_" in spelled for part in parts if part)
