"""The model that a lab's summary is about, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelStats:
    """A float32 file: its bytes, as it is and deflated, and its weights."""

    size: int
    deflated: int
    parameters: int
