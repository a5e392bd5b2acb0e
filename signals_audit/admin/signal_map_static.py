"""Who hears of what: by signals, and along the life of a model's rows, where hooks run, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..hooks import hooks
from ..pictures import Kind, Line, life
from ..registry import registry
from ..tracing.hooked import HookLine, hook_lines
from ..tracing.maps import BLIND_SPOTS, SignalLines, Step, life_of, model_named, signal_map
from ..tracing.named import NamedSignal
from ..types import Action, Timing
from .signal_map_forms import ModelForm, SignalsForm, asked
from .signal_map_lines import HookRow, Measured, Row

MOST_DRAWN = 30  # receivers of one signal in a picture; the list below it has all


@dataclass(frozen=True)
class Section:
    """A signal with those who hear it."""

    signal: NamedSignal
    rows: tuple[Row, ...]


def by_signal(request: HttpRequest, measured: Measured) -> dict[str, Any]:
    """Return the signals with their receivers."""
    form, values = asked(SignalsForm, request)
    asks = {"signal": values.get("signal") or None, "sender": values.get("model") or None}
    shown = signal_map(**asks) if any(asks.values()) else measured.map
    sections = [_section(lines, values, measured) for lines in shown.signals]
    heard = [section for section in sections if section.rows]
    is_filtered = any(values.values())
    return {
        "form": form,
        "sections": heard,
        "silent": [] if is_filtered else [one.signal for one in sections if not one.rows],
        "is_filtered": is_filtered,
        "blind_spots": BLIND_SPOTS,
    }


def _section(lines: SignalLines, values: Mapping[str, Any], measured: Measured) -> Section:
    origin, only_findings = values.get("origin"), values.get("findings")
    rows = (
        measured.row(lines.signal, line, f"{lines.signal.path}-{line.position}")
        for line in lines.receivers
        if origin in ("", None, line.origin.value) and (line.findings or not only_findings)
    )
    return Section(lines.signal, tuple(rows))


SIGNALS: Final = {
    Action.CREATE: "object_created",
    Action.UPDATE: "object_changed",
    Action.DELETE: "object_deleted",
}


@dataclass(frozen=True)
class Stage:
    """A step in the life of a row: a signal with those who hear it, or what happens between signals."""

    number: str
    step: Step
    depth: int
    rows: tuple[Row, ...]
    hooks: tuple[HookRow, ...] = ()

    @property
    def name(self) -> str:
        """Return what it is called: the signal, and whose where it is another model's; or the moment."""
        if self.step.signal is None:
            return str(self.step.moment.label) if self.step.moment else ""
        return f"{self.step.signal.name} {self.step.sender}".strip()


def by_model(request: HttpRequest, measured: Measured) -> dict[str, Any]:
    """Return what runs when an object of a model is made, saved and deleted."""
    form, values = asked(ModelForm, request)
    label = values.get("model")
    stages = list(_stages_of(model_named(label), measured)) if label else []
    return {
        "form": form,
        "model": label,
        "stages": stages,
        "life": life(line for stage in stages for line in _drawn(stage, _slowest(stages))),
        "audited": [model._meta.label for model in registry.models()],
        "blind_spots": BLIND_SPOTS,
    }


def _stages_of(model: type[Model], measured: Measured) -> Iterator[Stage]:
    """Return the life of a model's rows, with its hooks where they run."""
    lines = hook_lines(hooks.of(model))
    for stage in _stages(life_of(model), measured):
        name = stage.step.signal.name if stage.step.signal else ""
        at = (line for line in lines if signal_before(line) == name)
        rows = (HookRow(line, f"hook-{stage.number}-{place}") for place, line in enumerate(at, start=1))
        yield replace(stage, hooks=tuple(rows))


def signal_before(hook: HookLine) -> str:
    """Return the name of the signal behind whose receivers a hook runs."""
    if hook.timing is not Timing.IN_TRANSACTION:
        return "changes_committed"
    return "relation_changed" if hook.is_relation else SIGNALS[hook.action]


def _stages(
    steps: Iterable[Step], measured: Measured, *, before: str = "", depth: int = 0
) -> Iterator[Stage]:
    """Number the steps, those inside others, too."""
    for place, step in enumerate(steps, start=1):
        number = f"{before}{place}"
        rows = (
            measured.row(step.signal, line, f"step-{number}-{line.position}")
            for line in step.receivers
            if step.signal
        )
        yield Stage(number, step, depth, tuple(rows))
        yield from _stages(step.children, measured, before=f"{number}.", depth=depth + 1)


def _slowest(stages: Iterable[Stage]) -> float:
    times = (row.figures.totals.p95 for stage in stages for row in stage.rows if row.figures)
    return max(times, default=0.0) or 1.0


def _drawn(stage: Stage, slowest: float) -> Iterator[Line]:
    """Return the lines of a picture for a step: itself, its receivers, and how many more there are."""
    kind = Kind.SIGNAL if stage.step.signal else Kind.MOMENT
    text = stage.name.partition(",")[0]  # the rest of it is in the title
    yield Line(kind=kind, text=text, number=stage.number, depth=stage.depth, title=stage.name)
    yield from (_card(row, stage.depth, slowest) for row in stage.rows[:MOST_DRAWN])
    yield from (_hook_card(row, stage.depth) for row in stage.hooks[:MOST_DRAWN])
    if rest := len(stage.rows[MOST_DRAWN:]) + len(stage.hooks[MOST_DRAWN:]):
        text = ngettext("and %d more", "and %d more", rest) % rest
        yield Line(kind=Kind.REST, text=text, depth=stage.depth)


def _card(row: Row, depth: int, slowest: float) -> Line:
    figures = row.figures
    said = [row.line.name, *(str(finding.label) for finding in row.line.findings)]
    return Line(
        kind=Kind.RECEIVER,
        text=row.function,
        detail=row.module,
        note=figures.p95 if figures else "",
        number=str(row.line.position),
        title="\n".join([*said, f"p95 {figures.p95}"] if figures else said),
        href=f"#{row.anchor}",
        mark=row.mark,
        share=figures.totals.p95 / slowest if figures else 0.0,
        depth=depth,
    )


def _hook_card(row: HookRow, depth: int) -> Line:
    facts = ", ".join(row.line.facts)
    return Line(
        kind=Kind.RECEIVER,
        text=row.function,
        detail=facts,
        note=_("hook"),
        title=f"{row.line.name}\n{facts}",
        href=f"#{row.anchor}",
        depth=depth,
    )
