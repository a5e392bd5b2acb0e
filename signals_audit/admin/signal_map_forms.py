"""What can be asked of the signal map, as forms that work without script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Any, Final

from django import forms
from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..tracing.named import NamedSignal, Origin, named_signals

ANY: Final = ("", _("any"))
NONE: Final = ("", _("choose one"))
ORIGINS: Final = (
    ANY,
    (Origin.OTHER.value, _("the project and its packages")),
    (Origin.OWN.value, _("signals_audit")),
    (Origin.DJANGO.value, _("Django")),
)
PERIODS: Final = ((1, _("last hour")), (24, _("last 24 hours")), (168, _("last 7 days")))
DAY: Final = 24


def signal_choices() -> list[Any]:
    """Offer the signals by their names."""
    names = short_names(named_signals()).values()
    return [ANY, *((name, name) for name in names)]


def short_names(signals: Iterable[NamedSignal]) -> dict[str, str]:
    """Return the names of signals by their paths; the paths of those that share a name."""
    every = list(signals)
    times = Counter(one.name for one in every)
    return {one.path: one.name if times[one.name] == 1 else one.path for one in every}


def model_choices(none: Any = ANY) -> list[Any]:
    """Offer all models, by apps."""
    models: Iterable[type[Model]] = apps.get_models(include_auto_created=True)
    by_app = groupby(models, key=lambda model: model._meta.app_config)
    offered = [
        (str(config.verbose_name) if config else "", [(one._meta.label, one._meta.label) for one in found])
        for config, found in by_app
    ]
    return [none, *offered]


class SignalsForm(forms.Form):
    """Which part of the map."""

    signal = forms.ChoiceField(label=_("Signal"), required=False, choices=signal_choices)
    model = forms.ChoiceField(label=_("Heard of"), required=False, choices=model_choices)
    origin = forms.ChoiceField(label=_("Receivers of"), required=False, choices=ORIGINS)
    findings = forms.BooleanField(label=_("only with findings"), required=False)


class ModelForm(forms.Form):
    """Whose life."""

    model = forms.ChoiceField(label=_("Model"), required=False, choices=partial(model_choices, NONE))


class PeriodForm(forms.Form):
    """Since when."""

    hours = forms.TypedChoiceField(label=_("Period"), coerce=int, initial=DAY, choices=PERIODS)


def asked(form_class: type[forms.Form], request: HttpRequest) -> tuple[forms.Form, dict[str, Any]]:
    """Return a form with what is asked in the address; what it refuses counts as not asked."""
    usual = {name: field.initial for name, field in form_class.base_fields.items() if field.initial}
    form = form_class(usual | request.GET.dict(), auto_id="sa-%s", label_suffix="")
    form.is_valid()
    return form, form.cleaned_data
