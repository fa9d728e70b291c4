"""What every operation gives back, and the error for a file that can't be measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Answer = tuple[dict[str, Any], dict[str, Array]]
"""Facts as plain JSON, and arrays by name: what the protocol carries."""


class Unmeasurable(Exception):
    """The file can't be measured; the message, which is for the student, says why."""


# What is missing here, or what memory there is, is no fault of a file's.
NOT_OF_THE_FILE = (ImportError, OSError, MemoryError)


def of_the_file(operation: Callable[..., Answer]) -> Callable[..., Answer]:
    """The operation, in which whatever else is raised while a file is read or run is that file's fault, too.

    :raises Unmeasurable: for anything that reading, NumPy or the interpreter raise.
    """

    @wraps(operation)
    def blamed(*arguments: Any, **named: Any) -> Answer:
        try:
            return operation(*arguments, **named)
        except (Unmeasurable, *NOT_OF_THE_FILE):
            raise
        except Exception as error:  # noqa: BLE001 - hostile values raise whatever comes first
            raise Unmeasurable(f"the file can't be measured: {type(error).__name__}: {one_line(error)}") from None

    return blamed


def one_line(error: Exception) -> str:
    """An exception's message as one line."""
    return " ".join(str(error).split())[:300]
