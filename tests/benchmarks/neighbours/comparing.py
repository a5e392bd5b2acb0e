"""Asking all processes in turns, so that a busy moment hits all of them alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .known import NOTHING, OURS
from .workers import Worker

OUR_VARIANTS = ("unaudited", "hand", "memory", "exact", "database", "triggers")
FEW = 3


@dataclass(frozen=True)
class Contender:
    """A package, or a variant of ours."""

    name: str
    worker: Worker
    variant: str


@dataclass
class Result:
    """What was measured of a contender, and of plain Django each time just before."""

    name: str
    seconds: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    entries: float = 0
    expected: float = 0
    error: str = ""

    @property
    def is_complete(self) -> bool:
        return self.entries >= self.expected

    @property
    def least(self) -> float:
        return min(self.seconds) / min(self.plain)

    @property
    def middle(self) -> float:
        return median(own / base for own, base in zip(self.seconds, self.plain, strict=True))


Results = Mapping[str, Result]


def lineup(workers: Mapping[str, Worker]) -> list[Contender]:
    """Return who is measured: our variants, and the neighbours."""
    ours = [Contender(variant, workers[OURS], variant) for variant in OUR_VARIANTS]
    others = [
        Contender(name.removeprefix("django-"), worker, "")
        for name, worker in workers.items()
        if name not in (OURS, NOTHING.name)
    ]
    return [*ours, *others]


@dataclass(frozen=True)
class Comparison:
    """One run: who takes part, and how much is measured."""

    contenders: Sequence[Contender]
    plain: Worker
    rounds: int
    count: int
    is_quick: bool

    def results(self, case: Mapping[str, Any], *, autocommit: bool) -> Results:
        """Return what each contender needs for a case; the first round warms up and does not count."""
        fitting = [
            contender
            for contender in self.contenders
            if contender.worker.name != OURS or contender.variant in case["variants"]
        ]
        results = {contender.name: Result(contender.name) for contender in fitting}
        request = {
            "case": case["name"],
            "count": FEW if self.is_quick else self.count,
            "rows": FEW if self.is_quick else None,
            "autocommit": autocommit,
        }
        for number in range(-1, self.rounds):
            turn = max(number, 0) % len(fitting)
            for contender in fitting[turn:] + fitting[:turn]:
                result = results[contender.name]
                if not result.error:
                    self._measure(contender, request, result, counts=number >= 0)
        return results

    def _measure(
        self, contender: Contender, request: Mapping[str, Any], result: Result, *, counts: bool
    ) -> None:
        plain = self.plain.asked(variant="", **request)
        own = contender.worker.asked(variant=contender.variant, **request)
        result.error = str(plain.get("error") or own.get("error") or "")
        if counts and not result.error:
            result.plain.append(plain["seconds"])
            result.seconds.append(own["seconds"])
            result.entries, result.expected = own["entries"], own["expected"]
