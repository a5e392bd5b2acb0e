"""Pictures of signals as SVG: where everything is drawn. Templates write it down, the stylesheet colours it.

All numbers are whole, and all texts are cut to the place that they have. A picture is never the only place
where something is said.
"""

from __future__ import annotations

from .cycles import Cycle, cycle
from .lives import Kind, Life, Line, Mark, life
from .sparklines import Sparkline, sparkline

__all__ = ["Cycle", "Kind", "Life", "Line", "Mark", "Sparkline", "cycle", "life", "sparkline"]
