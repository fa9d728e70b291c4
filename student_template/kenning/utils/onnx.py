"""Specifications of inputs and outputs."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from kenning.core.exceptions import IOSpecificationNotFoundError


def check_io_spec(io_spec: dict[str, list[dict[str, Any]]] | None) -> dict[str, list[dict[str, Any]]]:
    """The specification with its processed input, if it has one, as its input.

    Raises:
        IOSpecificationNotFoundError: there is no input in it.
    """
    if not isinstance(io_spec, dict) or not ({"input", "processed_input"} & set(io_spec)):
        raise IOSpecificationNotFoundError("No input specification found")
    checked = deepcopy(io_spec)
    checked["input"] = deepcopy(io_spec.get("processed_input", io_spec.get("input", [])))
    return checked
