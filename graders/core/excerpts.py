"""A few lines of a student's file around a place in it, made harmless and cut to a size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graders.core.json_value import JsonValue


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file from the line ``first`` on; of a notebook's file, those of a cell, counted within it."""

    first: int
    lines: tuple[str, ...]
    cell: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The excerpt as the scorecard holds it."""
        document: dict[str, Any] = {"first": self.first, "lines": list(self.lines)}
        return document if self.cell is None else {**document, "cell": self.cell}

    @classmethod
    def from_json(cls, value: JsonValue) -> Excerpt:
        """The excerpt in its JSON form."""
        cell = value.get("cell")
        return cls(value.at("first").whole(), value.at("lines").texts(), cell.whole() if cell else None)
