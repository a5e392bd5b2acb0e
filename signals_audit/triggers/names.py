"""How triggers are named: by what they do, and by a digest of all that they say.

So a trigger's name tells whether it is up to date, on every database and without asking for its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "signals_audit_"


@dataclass(frozen=True, slots=True)
class Built:
    """The statements that make a table's triggers, the digest in their names, and how many they are."""

    digest: str
    statements: tuple[str, ...]
    triggers: int = 3
