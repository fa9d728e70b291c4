"""What a file costs on a microcontroller: plain values, which cross from the scorer's process to the grader's."""

from __future__ import annotations

from dataclasses import dataclass

from graders.measure.tflite.cost import Cost


@dataclass(frozen=True)
class FileCost:
    """What the file itself says: its cost, and the operators that TensorFlow Lite Micro has no kernels for."""

    cost: Cost
    missing_kernels: tuple[str, ...]


@dataclass(frozen=True)
class Arena:
    """The memory arena in bytes. ``activations`` are shared over time, ``persistent`` is what stays allocated."""

    total: int
    activations: int
    persistent: int


@dataclass(frozen=True)
class Agreement:
    """The largest difference of TensorFlow Lite Micro's outputs from LiteRT's reference kernels and from XNNPACK.

    In ``unit``: ``"codes"`` of a quantised output, or ``"share"`` of the largest value of a float one. ``inputs``: how
    many were tried.
    """

    inputs: int
    unit: str
    reference: float
    xnnpack: float

    @property
    def agree(self) -> bool:
        """Whether the three runtimes give the same, but for how each rounds."""
        return max(self.reference, self.xnnpack) <= LIMITS[self.unit]


LIMITS = {"codes": 4.0, "share": 1e-3}
"""What rounding explains: kernels round each layer in ways of their own, and some layers multiply the difference."""


@dataclass(frozen=True)
class DeviceCost:
    """All that is known of a file. ``arena`` is None if ``reason`` says why; likewise ``agreement`` and ``untried``.

    ``refused``: the runtime can't run it, on any board. ``conclusive``: measuring it again would give the same.
    """

    flash: int
    file: FileCost | None
    arena: Arena | None
    reason: str
    agreement: Agreement | None
    untried: str
    refused: bool = False
    conclusive: bool = True
