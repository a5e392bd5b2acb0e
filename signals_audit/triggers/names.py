"""How triggers are named: by what they do, and by a digest of all that they say.

So a trigger's name tells whether it is up to date, on every database and without asking for its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

PREFIX: Final = "signals_audit_"


@dataclass(frozen=True, slots=True)
class Built:
    """The statements that make a table's triggers, and the digest in the names of these."""

    digest: str
    statements: tuple[str, ...]


def digest_of(*texts: str) -> str:
    """Return what tells one version of a table's triggers from another."""
    return sha256("\0".join(texts).encode()).hexdigest()[:16]


def literal(text: str) -> str:
    """Return a text as a literal of standard SQL."""
    return "'" + text.replace("'", "''") + "'"
