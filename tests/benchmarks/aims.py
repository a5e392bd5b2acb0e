"""What a ratio to plain Django should be at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .figures import Figure

VENDORS = ("sqlite", "postgresql")
AUDITED = ("exact", "memory")
SETS = ("exact", "database")
UNAUDITED = 1.03
READING = 1.05
TRIGGERS = 1.3  # to django-pghistory

# In one transaction, on SQLite and on PostgreSQL.
WRITING: Mapping[tuple[str, str], tuple[float, float]] = {
    **{("create", variant): (1.5, 1.8) for variant in AUDITED},
    ("get+save", "exact"): (1.6, 2.0),
    ("get+save", "memory"): (1.25, 1.5),
    **{("no-op save", variant): (1.3, 1.6) for variant in AUDITED},
    **{("delete", variant): (1.6, 1.9) for variant in AUDITED},
    ("m2m add", "exact"): (2, 2),
    **{("bulk_create 5000", variant): (2, 2) for variant in SETS},
    **{("bulk_update 5000", variant): (1.3, 1.5) for variant in SETS},
    **{("update() 5000", variant): (9, 9) for variant in SETS},
    **{("delete() 2000", variant): (3, 4) for variant in SETS},
    **{("collected 2000", variant): (3, 4) for variant in SETS},
}


def aim_of(case: str, variant: str, vendor: str, *, autocommit: bool) -> float | None:
    """Return what a figure should be at most; None where nothing is aimed at."""
    if vendor not in VENDORS:
        return None
    if variant == "unaudited":
        return UNAUDITED
    if case in ("get", "load") and variant != "plain":
        return READING
    aims = None if autocommit else WRITING.get((case, variant))
    return None if aims is None else aims[VENDORS.index(vendor)]


def verdicts(figures: Sequence[Figure], vendor: str, *, autocommit: bool) -> Iterator[str]:
    """Yield a line for each figure that there is an aim for, with the floor where it was measured."""
    floors = {figure.case: figure.least for figure in figures if figure.variant == "hand"}
    for figure in figures:
        aim = aim_of(figure.case, figure.variant, vendor, autocommit=autocommit)
        if aim is not None:
            floor = floors.get(figure.case)
            by_hand = "" if floor is None or figure.variant == "unaudited" else f"  by hand {floor:.2f}"
            verdict = "met" if round(figure.least, 2) <= aim else "missed"
            yield (
                f"{figure.case:18} {figure.variant:10} {figure.least:7.2f} ({figure.middle:.2f})"
                f"  aim {aim:.2f}  {verdict}{by_hand}"
            )
