"""What every operation gives back, and the error for a file that can't be measured."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Answer = tuple[dict[str, Any], dict[str, Array]]
"""Facts as plain JSON, and arrays by name: what the protocol carries."""


class Unmeasurable(Exception):
    """The file can't be measured; the message, which is for the student, says why."""


def one_line(error: Exception) -> str:
    """An exception's message as one line."""
    return " ".join(str(error).split())[:300]
