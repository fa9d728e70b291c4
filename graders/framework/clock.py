"""A clock for pytest-benchmark that the scorer moves on."""

from __future__ import annotations


class ScorerClock:
    """A clock that is moved on by the durations that the scorer measured, so that no message between counts."""

    def __init__(self) -> None:
        """Starts at zero."""
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds since the start."""
        return self.now
