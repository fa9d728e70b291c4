"""How busy the machine is, and how much longer a limit of wall time has to be for it."""

from __future__ import annotations

import os

MOST = 5.0
"""A limit grows no further, so that what hangs is still ended."""


def stretched(seconds: float) -> float:
    """A limit for something that takes so long with a core to itself: longer where processes wait for cores."""
    return seconds * min(max(1.0, _crowding()), MOST)


def _crowding() -> float:
    """The processes that run or wait to, for each core, over the last minute; 0 where the system does not say."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return 0.0
