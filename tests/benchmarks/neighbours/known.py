"""The packages that are compared, and what their READMEs ask a project's settings for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYWHERE = ("sqlite", "postgresql", "mariadb")


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A package: what it is installed by, its apps and settings, and the app with the models it audits."""

    name: str
    models: str
    installed: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    vendors: tuple[str, ...] = EVERYWHERE

    @property
    def app(self) -> str:
        return f"{__package__}.{self.models}"


NOTHING = Neighbour(name="Django", models="with_nothing")
AUDITLOG = Neighbour(name="django-auditlog", models="with_auditlog", installed=("auditlog",))
SIMPLE_HISTORY = Neighbour(
    name="django-simple-history", models="with_simple_history", installed=("simple_history",)
)
REVERSION = Neighbour(name="django-reversion", models="with_reversion", installed=("reversion",))
EASY_AUDIT = Neighbour(name="django-easy-audit", models="with_easy_audit", installed=("easyaudit",))
PGHISTORY = Neighbour(
    name="django-pghistory",
    models="with_pghistory",
    installed=("pghistory", "pgtrigger"),
    # Migrations put both up; the benchmarks have none.
    settings={"PGTRIGGER_INSTALL_ON_MIGRATE": True, "PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE": True},
    vendors=("postgresql",),
)
NEIGHBOURS = (AUDITLOG, SIMPLE_HISTORY, REVERSION, EASY_AUDIT, PGHISTORY)
KNOWN: Mapping[str, Neighbour] = {neighbour.name: neighbour for neighbour in (NOTHING, *NEIGHBOURS)}
OURS = "signals_audit"
