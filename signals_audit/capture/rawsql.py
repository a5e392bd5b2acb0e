"""Reading SQL that somebody else wrote: which tables does it write, and what of it may be shown."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

READ: Final = 65_536  # characters: targets stand at the beginning, but for those behind WITH
SHOWN: Final = 255

VERBS: Final = frozenset({"insert", "update", "delete", "replace", "merge", "truncate", "with", "load"})
_FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/|\()*(\w+)", re.DOTALL)
_NAME = r'(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[^\W\d][\w$]*)'
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TARGET = re.compile(
    rf"""
    (?: \b(?:insert|replace|merge)\b
        (?:\s+(?:or|abort|fail|ignore|replace|rollback|low_priority|delayed|high_priority|into))*
      | (?<!\bkey\s)(?<!\bfor\s)(?<!\bdo\s)\bupdate\b (?:\s+(?:or\s+\w+|only|low_priority|ignore))*
      | \bdelete\b (?:\s+(?:low_priority|quick|ignore|only|from))*
      | \btruncate\b (?:\s+(?:table|only))*
      | \bload\s+data\b .*? \binto\s+table\b
    )
    \s+ ({_PATH}(?:\s*,\s*{_PATH})*)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_LAST_NAME = re.compile(rf"({_NAME})\s*$")
_TEXTS = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NUMBERS = re.compile(r"(?<![\w.\"`])\d+(?:\.\d+)?\b")
_SPACES = re.compile(r"\s+")


def sets_level(sql: str) -> bool:
    """Tell whether a statement sets the isolation level of transactions, of the next one or of all."""
    return first_word(sql) == "set" and "isolation" in sql[:READ].lower()


def first_word(sql: str) -> str:
    """Return the word that a statement begins with, in lower case."""
    found = _FIRST_WORD.match(sql)
    return found[1].lower() if found is not None else ""


@lru_cache(maxsize=512)
def written_tables(sql: str) -> frozenset[str]:
    """Return the names of the tables that a statement writes, in lower case, as far as its text says so."""
    if first_word(sql) not in VERBS:
        return frozenset()
    text = _bare(sql)
    return frozenset(
        _unquoted(path) for found in _TARGET.finditer(text) for path in re.split(r"\s*,\s*", found[1])
    )


def _bare(sql: str) -> str:
    """Return a statement without its comments and without the texts in it."""
    return _COMMENTS.sub(" ", _TEXTS.sub("'?'", sql[:READ]))


def _unquoted(path: str) -> str:
    found = _LAST_NAME.search(path)
    return found[1].strip('"`[]').lower() if found is not None else path.lower()


def masked(sql: str) -> str:
    """Return a statement as it may be shown: shortened, with question marks for the values in it."""
    text = _SPACES.sub(" ", _NUMBERS.sub("?", _bare(sql).replace("'?'", "?"))).strip()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
