"""Durations, counted in buckets whose bounds grow by the same factor, and are the same in every process.

What lies in a bucket is told as its middle: at most 10 % off, whatever was measured. Buckets of several
processes and hours are simply added.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PER_DOUBLING: Final = 4
DOUBLINGS: Final = 45  # from a nanosecond to nearly ten hours
SHORTEST: Final = 1e-9

# Where each bucket ends, in seconds; what is longer than the last bound lies in the bucket behind it.
BOUNDS: Final = tuple(
    SHORTEST * 2 ** (place / PER_DOUBLING) for place in range(1, PER_DOUBLING * DOUBLINGS + 1)
)


@dataclass(frozen=True, slots=True)
class Durations:
    """How many durations lie in which bucket."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Durations:
        """Count durations."""
        ordered, counts, start = sorted(seconds), {}, 0
        while start < len(ordered):  # once for each bucket, not for each duration
            place = bisect_right(BOUNDS, ordered[start])
            end = bisect_left(ordered, BOUNDS[place], start) if place < len(BOUNDS) else len(ordered)
            counts[place] = end - start
            start = end
        return cls(counts)

    @classmethod
    def from_json(cls, raw: Any) -> Durations:
        """Read what `as_json` wrote; what else there is is left out."""
        items = raw.items() if isinstance(raw, Mapping) else ()
        return cls({int(place): int(count) for place, count in items if _is_count(place, count)})

    def as_json(self) -> dict[str, int]:
        """Return the counts by the numbers of their buckets, as JSON has them."""
        return {str(place): self.counts[place] for place in sorted(self.counts)}

    def __add__(self, other: Durations) -> Durations:
        counts = dict(self.counts)
        for place, count in other.counts.items():
            counts[place] = counts.get(place, 0) + count
        return Durations(counts)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def percentile(self, share: float) -> float:
        """Return the seconds that a share of all durations, from 0.0 to 1.0, does not exceed; 0.0 of none."""
        rank = max(math.ceil(share * len(self)), 1)
        for place in sorted(self.counts):
            rank -= self.counts[place]
            if rank <= 0:
                return _middle(place)
        return 0.0


def _middle(place: int) -> float:
    """Return the middle of a bucket in seconds, equally far from both of its bounds by the factor."""
    return SHORTEST * float(2 ** ((place + 0.5) / PER_DOUBLING))


def _is_count(place: Any, count: Any) -> bool:
    return isinstance(place, str) and place.isdecimal() and isinstance(count, int) and count > 0
