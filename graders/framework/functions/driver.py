"""What runs beside a student's functions: imports the file, calls a function, and sends back what it returned.

Nothing that comes from here is believed by the grader; it imports nothing of optgrade.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import numpy as np

Answer = tuple[dict[str, Any], dict[str, Any]]
MOST_ITEMS = 64


class MissingFunction(Exception):
    """The student's file has no function of that name."""


class BadReturn(Exception):
    """A function returned what can't be sent: neither numbers, texts nor arrays of them."""


def call(module: str, function: str, values: list[Any], **arrays: np.ndarray) -> Answer:
    """Calls a function of the student's.

    :param values: its arguments in order. :param arrays: those that are arrays, as ``argument_0`` and so on.
    """
    found = getattr(importlib.import_module(module), function, None)
    if not callable(found):
        raise MissingFunction(f"no function {function} in {module.replace('.', '/')}.py")
    returned = found(*(arrays.get(f"argument_{place}", value) for place, value in enumerate(values)))
    sent: dict[str, Any] = {}
    return {"returned": _described(returned, function, sent)}, sent


def _described(value: Any, function: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """A returned value as JSON, where arrays have names instead, and are put into ``arrays`` under them."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise BadReturn(f"{function} returned an array of {array.dtype}, not of numbers")
        name = f"returned_{len(arrays)}"
        arrays[name] = array
        return {"array": name}
    if isinstance(value, tuple | list) and any(isinstance(each, np.ndarray | np.generic) for each in value):
        if len(value) > MOST_ITEMS:
            raise BadReturn(f"{function} returned {len(value)} values, {MOST_ITEMS} at most were expected")
        return {"items": [_described(each, function, arrays) for each in value]}
    try:
        return {"value": json.loads(json.dumps(value, allow_nan=False))}
    except (TypeError, ValueError, RecursionError):
        kind = type(value).__name__
        raise BadReturn(f"{function} returned {kind}; expected finite numbers, texts or arrays") from None


OPERATIONS = {"call": call}
