"""Checks of what stands in `SIGNALS_AUDIT`, whatever the names in it mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.utils.functional import Promise

from ..conf import SETTING, raw_settings
from ..reactions.notices import ACTIONS, REQUIRED
from .messages import TAG, error, shown, unknown

Fits = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value has to be, in words and in code."""

    words: str
    fits: Fits


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset)) and all(map(_is_text, value))


def _is_module(value: Any) -> bool:
    return isinstance(value, str) and all(part.isidentifier() for part in value.split("."))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_targets(value: Any) -> bool:
    several = value if isinstance(value, (list, tuple)) else [value]
    return all(_is_text(target) or isinstance(target, Mapping) for target in several)


def _optional(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


NAMES: Final = Shape("a list of names", _are_names)
NAMES_OR_NONE: Final = Shape("a list of names or None", _optional(_are_names))
LABEL: Final = Shape('a label like "app.Model"', _is_text)
FIELD: Final = Shape("the name of a field or None", _optional(_is_text))
DICT: Final = Shape("a dict", lambda value: isinstance(value, Mapping))

SETTINGS: Final = {
    "ENABLED": Shape("True or False", lambda value: isinstance(value, bool)),
    "MODELS": Shape(
        "a dict of labels and options, or a list of labels",
        lambda value: isinstance(value, Mapping) or _are_names(value),
    ),
    "AUTO_CREATE": DICT,
    "NOTIFY": Shape("a list of dicts", lambda value: isinstance(value, (list, tuple))),
    "MASK": NAMES,
    "TRUSTED_PROXIES": Shape("a number that is not negative", _is_count),
}
OPTIONS: Final = {
    "fields": NAMES_OR_NONE,
    "exclude": NAMES,
    "mask": NAMES_OR_NONE,
    "m2m": NAMES_OR_NONE,
    "before": Shape('"exact" or "memory"', lambda value: value in ("exact", "memory")),
    "previously": NAMES,
}
TARGET: Final = {"model": LABEL, "field": FIELD, "defaults": DICT}
NOTICE: Final = {
    "model": LABEL,
    "on": Shape(
        f"one of {', '.join(map(repr, ACTIONS))}", lambda value: _is_text(value) and value in ACTIONS
    ),
    "field": FIELD,
    "recipient": Shape('a path like "post.author"', _is_text),
    "verb": Shape("a text", lambda value: _is_text(value) or isinstance(value, Promise)),
    "target": Shape('a path like "post" or None', _optional(_is_text)),
}


@register(TAG)
def check_setting(**_kwargs: Any) -> list[CheckMessage]:
    """Check that the setting is a dict."""
    value = getattr(settings, SETTING, {})
    if isinstance(value, Mapping):
        return []
    return [error(6, f"{SETTING} must be a dict, not {shown(value)}.", 'Write {"MODELS": ["app.Model"]}.')]


@register(TAG)
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Check that every key is one of ours."""
    known = [*SETTINGS, "MODULE"]
    return [
        unknown(1, f"{SETTING} has no key {shown(key)}.", str(key), known)
        for key in raw_settings()
        if key not in known
    ]


@register(TAG)
def check_values(**_kwargs: Any) -> list[CheckMessage]:
    """Check the type of each setting."""
    raw = raw_settings()
    return [
        _misfit(f'{SETTING}["{key}"]', shape, raw[key])
        for key, shape in SETTINGS.items()
        if key in raw and not shape.fits(raw[key])
    ]


@register(TAG)
def check_module(**_kwargs: Any) -> list[CheckMessage]:
    """Check that the module to be discovered in each app can be one."""
    value = raw_settings().get("MODULE", "audit")
    if _is_module(value):
        return []
    hint = 'Name a module that apps may have, like "audit".'
    return [error(5, f'{SETTING}["MODULE"] must be the name of a module, not {shown(value)}.', hint)]


@register(TAG)
def check_model_options(**_kwargs: Any) -> list[CheckMessage]:
    """Check the options of each model."""
    models = raw_settings().get("MODELS")
    if not isinstance(models, Mapping):
        return []
    return [
        message
        for label, options in models.items()
        for message in _misfits(
            f'{SETTING}["MODELS"][{shown(label)}]', {} if options is None else options, OPTIONS
        )
    ]


@register(TAG)
def check_auto_create(**_kwargs: Any) -> list[CheckMessage]:
    """Check the targets in `AUTO_CREATE`."""
    targets = raw_settings().get("AUTO_CREATE")
    if not isinstance(targets, Mapping):
        return []
    return [message for label, value in targets.items() for message in _target_misfits(label, value)]


def _target_misfits(label: Any, value: Any) -> Iterator[CheckMessage]:
    where = f'{SETTING}["AUTO_CREATE"][{shown(label)}]'
    if not _are_targets(value):
        yield _misfit(where, Shape("a label, a dict, or a list of them", _are_targets), value)
        return
    for target in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(target, Mapping):
            yield from _misfits(where, target, TARGET, required=["model"])


@register(TAG)
def check_notify(**_kwargs: Any) -> list[CheckMessage]:
    """Check the declarations in `NOTIFY`."""
    notices = raw_settings().get("NOTIFY")
    if not isinstance(notices, (list, tuple)):
        return []
    return [
        message
        for place, notice in enumerate(notices)
        for message in _misfits(f'{SETTING}["NOTIFY"][{place}]', notice, NOTICE, required=REQUIRED)
    ]


def _misfits(
    where: str, value: Any, shapes: Mapping[str, Shape], *, required: Iterable[str] = ()
) -> Iterator[CheckMessage]:
    if not isinstance(value, Mapping):
        yield _misfit(where, DICT, value)
        return
    for key, item in value.items():
        if key not in shapes:
            yield unknown(4, f"{where} has no option {shown(key)}.", str(key), shapes)
        elif not shapes[key].fits(item):
            yield _misfit(f'{where}["{key}"]', shapes[key], item)
    for key in required:
        if key not in value:
            yield error(4, f'{where} lacks "{key}".', f"It must be {shapes[key].words}.")


def _misfit(where: str, shape: Shape, value: Any) -> CheckMessage:
    return error(4, f"{where} must be {shape.words}, not {shown(value)}.")
