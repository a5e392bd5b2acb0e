"""Texts as literals of SQL, and digests of texts of SQL."""

from __future__ import annotations

from hashlib import sha256


def literal(text: str) -> str:
    """Return a text as a literal of standard SQL."""
    return "'" + text.replace("'", "''") + "'"


def digest_of(*texts: str) -> str:
    """Return what tells one version of some statements from another."""
    return sha256("\0".join(texts).encode()).hexdigest()[:16]
