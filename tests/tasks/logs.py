"""The log of the site's processes: what happened and what the reason was, without the way there."""

from __future__ import annotations

import logging
from typing import Any


class Brief(logging.Formatter):
    """Writes the error itself where others write its traceback."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return f"{type(ei[1]).__name__}: {ei[1]}"
