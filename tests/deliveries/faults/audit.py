"""What the hook does, so that each time it ran can be counted afterwards.

It makes a row in the database, which counts with the mark that the delivery is done, and writes a line to a
file, as a mail would go out: that cannot be taken back.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from signals_audit import ChangeEvent, on_create
from tests.testapp.models import Author

FILE = Path(os.environ.get("SIGNALS_AUDIT_FAULTS_LINES", os.devnull))


@on_create("testapp.Tag", durable=True)
def leave_traces(event: ChangeEvent) -> None:
    """Leave a row, and a line."""
    Author.objects.create(name=f"for {event.pk}")
    with FILE.open("ab", buffering=0) as file:
        file.write(b"%d\n" % event.pk)


def rows() -> Counter[int]:
    return Counter(int(name.removeprefix("for ")) for name in Author.objects.values_list("name", flat=True))


def lines() -> Counter[int]:
    return Counter(map(int, FILE.read_text().split())) if FILE.exists() else Counter()
