"""What the pictures have in common, in pixels."""

from __future__ import annotations

from typing import Final

WIDTH: Final = 360  # fits a telephone, and leaves room beside it on a desk
LINE, GAP, INSIDE = 30, 6, 10
