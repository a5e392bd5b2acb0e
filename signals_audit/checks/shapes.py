"""Checks of what stands in `SIGNALS_AUDIT`, whatever the names in it mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.utils.functional import Promise

from ..conf import SETTING, raw_settings
from ..reactions.notices import ACTIONS, REQUIRED
from ..shapes import DICT, OPTIONS, SETTINGS, Shape, are_names, is_text, optional
from .messages import TAG, error, shown, unknown

LABEL: Final = Shape('a label like "app.Model"', is_text)
FIELD: Final = Shape("the name of a field or None", optional(is_text))


def _are_targets(value: Any) -> bool:
    several = value if isinstance(value, (list, tuple)) else [value]
    return all(is_text(target) or isinstance(target, Mapping) for target in several)


TARGET: Final = {"model": LABEL, "field": FIELD, "defaults": DICT}
NOTICE: Final = {
    "model": LABEL,
    "on": Shape(f"one of {', '.join(map(repr, ACTIONS))}", lambda value: is_text(value) and value in ACTIONS),
    "field": FIELD,
    "recipient": Shape('a path like "post.author"', is_text),
    "verb": Shape("a text", lambda value: is_text(value) or isinstance(value, Promise)),
    "target": Shape('a path like "post" or None', optional(is_text)),
    "kind": Shape("a text", lambda value: isinstance(value, str)),
    "channels": Shape("a list of names or None", optional(are_names)),
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
    return [
        unknown(1, f"{SETTING} has no key {shown(key)}.", str(key), SETTINGS)
        for key in raw_settings()
        if key not in SETTINGS
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
def check_model_options(**_kwargs: Any) -> list[CheckMessage]:
    """Check the labels of models and the options of each."""
    models = raw_settings().get("MODELS")
    if not isinstance(models, Mapping):
        return []
    return [message for label, options in models.items() for message in _model_misfits(label, options)]


def _model_misfits(label: Any, options: Any) -> Iterator[CheckMessage]:
    if not is_text(label):
        message = f'{SETTING}["MODELS"] has the key {shown(label)}, which is no label.'
        yield error(4, message, f"It must be {LABEL.words}.")
    if options is not None:
        yield from misfits(f'{SETTING}["MODELS"][{shown(label)}]', options, OPTIONS)


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
            yield from misfits(where, target, TARGET, required=["model"])


@register(TAG)
def check_notify(**_kwargs: Any) -> list[CheckMessage]:
    """Check the declarations in `NOTIFY`."""
    notices = raw_settings().get("NOTIFY")
    if not isinstance(notices, (list, tuple)):
        return []
    return [
        message
        for place, notice in enumerate(notices)
        for message in misfits(f'{SETTING}["NOTIFY"][{place}]', notice, NOTICE, required=REQUIRED)
    ]


def misfits(
    where: str, value: Any, shapes: Mapping[str, Shape], *, required: Iterable[str] = ()
) -> Iterator[CheckMessage]:
    """Yield what is wrong with a dict of options."""
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
