"""What a compression did, as lines of text and as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LayerReport:
    """One layer: its parameters and cost before and after, without rank and kept share if it stayed as it was."""

    name: str
    kernel_shape: tuple[int, ...]
    parameters_before: int
    rank: int | None
    kept_share: float | None
    cost: float
    parameters: int
    note: str = ""


@dataclass(frozen=True)
class Report:
    """A whole compression.

    ``accuracy`` is that on the data that judges, ``choosing`` that on the data that chooses; ``None`` without data.
    """

    method: str
    compression_type: str
    structure: str
    layers: tuple[LayerReport, ...]
    parameters_before: int
    parameters: int
    bytes: int
    choosing_before: float | None = None
    choosing: float | None = None
    accuracy_before: float | None = None
    accuracy: float | None = None

    def save(self, path: Path) -> None:
        """Writes all of it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def summary(self) -> str:
        """What is left of the model, and what that costs in accuracy."""
        left = self.parameters / self.parameters_before
        before, now = f"{self.parameters_before:,}", f"{self.parameters:,}"
        lines = [f"parameters: {before} -> {now} ({left:.1%} left), file: {self.bytes:,} bytes"]
        if self.choosing is not None and self.choosing_before is not None:
            lines.append(f"accuracy on the data that chooses: {self.choosing_before:.2%} -> {self.choosing:.2%}")
        if self.accuracy is not None and self.accuracy_before is not None:
            lines.append(f"accuracy on the data that judges: {self.accuracy_before:.2%} -> {self.accuracy:.2%}")
        return "\n".join(lines)


def read_report(path: Path) -> dict[str, Any]:
    """A report as ``save`` wrote it."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def progress_line(layer: LayerReport, number: int, total: int) -> str:
    """One line for each layer: rank, kept share, cost."""
    name = f"layer {number} of {total}, {layer.name} {'x'.join(map(str, layer.kernel_shape))}"
    note = f" ({layer.note})" if layer.note else ""
    if layer.rank is None or layer.kept_share is None:
        return f"{name}: left as it is{note}"
    rank = f"rank {layer.rank}" if layer.rank else "no Tucker part"
    return f"{name}: {rank}, {layer.kept_share:.2%} of the weights kept in the sparse part, cost {layer.cost:.1%}{note}"
