"""How triggers are named: by what they do, and by a digest of all that they say.

So a trigger's name tells whether it is up to date, on every database and without asking for its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "signals_audit_"


@dataclass(frozen=True, slots=True)
class Built:
    """The statements that make a table's triggers, and the digest in the names of these."""

    digest: str
    statements: tuple[str, ...]
