"""A change list that pages by primary key: it never counts or skips rows, so every page costs the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from ..lines import Line, lines_of
from ..models import AuditEntry
from .links import Links

BEFORE: Final = "before"
AFTER: Final = "after"
MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    title: str
    value: str
    remove: str


class KeysetChangeList(ChangeList):
    """The list of entries, newest first, from the one below `before` or up to the one above `after`."""

    lines: Sequence[Line]

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        """Take the position out of the parameters before they are understood as filters."""
        self.before = self._position(BEFORE)
        self.after = self._position(AFTER)
        return super().get_queryset(request, exclude_parameters)

    def _position(self, name: str) -> int | None:
        self.filter_params.pop(name, None)
        raw = self.params.pop(name, None)
        if raw is None:
            return None
        if not (raw.isascii() and raw.isdigit() and len(raw) < 20 and int(raw) <= MAX_ID):
            raise IncorrectLookupParameters
        return int(raw)

    @property
    def is_by_time(self) -> bool:
        """Tell whether a period is asked for: then the index on the time serves the order too."""
        return any(name.startswith("created_at") for name in self.params)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        """Return newest first, the only order there is."""
        return ["-created_at", "-id"] if self.is_by_time else ["-id"]

    def get_results(self, request: HttpRequest) -> None:
        """Read one page and one row more, to know whether there is another."""
        entries = self._page_after() if self.after is not None else self._page_before()
        self.lines = lines_of(entries)
        Links(request, self.model_admin.admin_site).add_to(self.lines)
        self._describe_to_django(entries)

    def _page_before(self) -> list[AuditEntry]:
        entries = self.queryset if self.before is None else self._beyond("lt", self.before)
        found = list(entries[: self.list_per_page + 1])
        self.has_older, self.has_newer = len(found) > self.list_per_page, self.before is not None
        return found[: self.list_per_page]

    def _page_after(self) -> list[AuditEntry]:
        found = list(self._beyond("gt", self.after or 0).reverse()[: self.list_per_page + 1])
        if len(found) <= self.list_per_page:
            return self._page_before()
        self.has_older = self.has_newer = True
        return found[: self.list_per_page][::-1]

    def _beyond(self, side: str, position: int) -> QuerySet[AuditEntry]:
        """Return the entries on one side of another, which may have been pruned meanwhile."""
        by_id = Q(**{f"id__{side}": position})
        others = AuditEntry.objects.using(self.queryset.db).filter(id=position)
        moment = others.values_list("created_at", flat=True).first() if self.is_by_time else None
        entries: QuerySet[AuditEntry] = self.queryset
        if moment is None:
            return entries.filter(by_id)
        on_that_side = entries.filter(**{f"created_at__{side}e": moment})
        return on_that_side.filter(Q(**{f"created_at__{side}": moment}) | by_id)

    def _describe_to_django(self, entries: list[AuditEntry]) -> None:
        self.result_list = entries
        self.result_count = len(entries)
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False

    @property
    def newer_link(self) -> str:
        """Return the address of the page above; "" on the first."""
        return self.get_query_string({AFTER: self.lines[0].entry.id}) if self.has_newer and self.lines else ""

    @property
    def newest_link(self) -> str:
        """Return the address of the first page; "" on the first."""
        return self.get_query_string() if self.has_newer else ""

    @property
    def older_link(self) -> str:
        """Return the address of the page below; "" on the last."""
        return self.get_query_string({BEFORE: self.lines[-1].entry.id}) if self.has_older else ""

    @property
    def chips(self) -> list[Chip]:
        """Return the filters that are on."""
        chips: list[Chip] = []
        for spec in self.filter_specs:
            first, *others = spec.choices(self)
            chips += [self._chip(spec, choice, first) for choice in others if choice["selected"]]
        return chips

    def _chip(self, spec: Any, choice: Mapping[str, Any], first: Mapping[str, Any]) -> Chip:
        return Chip(str(spec.title), str(choice["display"]), first["query_string"])
