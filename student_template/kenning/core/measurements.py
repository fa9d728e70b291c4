"""Figures that add up while a model is tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class Measurements:
    """Named figures; what was measured for a part of the data is added to what there is."""

    def __init__(self) -> None:
        """Without any."""
        self.data: dict[str, Any] = {}

    def accumulate(self, measurementtype: str, valuetoadd: Any, initvaluefunc: Callable[[], Any] = int) -> None:
        """Adds a value to a figure, which begins with what the function returns."""
        self.data[measurementtype] = self.data.get(measurementtype, initvaluefunc()) + valuetoadd

    def add_measurements_list(self, measurementtype: str, valueslist: list[Any]) -> None:
        """Appends values to a list of figures."""
        self.data[measurementtype] = [*self.data.get(measurementtype, []), *valueslist]

    def add_measurement(self, measurementtype: str, value: Any) -> None:
        """Sets a figure."""
        self.data[measurementtype] = value

    def __iadd__(self, other: Measurements) -> Measurements:
        """Adds another's figures: lists are appended, all others summed."""
        for name, value in other.data.items():
            if isinstance(value, list):
                self.add_measurements_list(name, value)
            else:
                self.data[name] = self.data[name] + value if name in self.data else value
        return self

    def get_values(self, measurementtype: str) -> Any:
        """A figure. Raises KeyError if it was never measured."""
        return self.data[measurementtype]

    def save(self, path: Path) -> None:
        """Writes all of them as JSON, and the folders to the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.data, default=_plain, indent=2), encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
