"""What a compression is asked for, what is chosen for a layer, and what becomes of its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Kernel: TypeAlias = NDArray[np.float32]
"""Weights of a convolution: (height, width, input channels, filters)."""

StructureName: TypeAlias = Literal["unstructured", "channel", "filter", "block"]
CompressionType: TypeAlias = Literal["hybrid", "tucker", "spars"]
Method: TypeAlias = Literal["fixed_loss", "fixed_params"]

STRUCTURES: tuple[StructureName, ...] = ("unstructured", "channel", "filter", "block")
COMPRESSION_TYPES: tuple[CompressionType, ...] = ("hybrid", "tucker", "spars")
METHODS: tuple[Method, ...] = ("fixed_loss", "fixed_params")


@dataclass(frozen=True)
class Structure:
    """Which weights of a sparse kernel are kept or zero together.

    Attributes:
        name: ``unstructured``: each weight on its own; ``channel``: a whole input channel (third axis); ``filter``: a
            whole filter (fourth axis); ``block``: a block over input channels and filters at one kernel position.
        block: input channels and filters of a block. Blocks start at 0; those at the end may be smaller.
    """

    name: StructureName = "unstructured"
    block: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Raises ``ValueError`` unless exactly ``block`` has a size."""
        if (self.name == "block") != (self.block is not None):
            raise ValueError(f"a block size goes with the structure block and no other: {self.name}, {self.block}")


@dataclass(frozen=True)
class Settings:
    """How a model is compressed.

    Attributes:
        structure: of the sparse part.
        compression_type: ``hybrid``: Tucker and sparse part; ``tucker``: no sparse part; ``spars``: nothing else.
        sparsity_weight: the cost of a kept weight of the sparse part, in weights of a dense kernel.
        max_acc_loss: by how much accuracy may fall, from 0 to 1 (``fixed_loss``).
        compression_factor: the share of the model's cost that may be left, between 0 and 1 (``fixed_params``).
    """

    structure: Structure = Structure()
    compression_type: CompressionType = "hybrid"
    sparsity_weight: float = 4.0
    max_acc_loss: float = 0.02
    compression_factor: float | None = None


class Factors(NamedTuple):
    """What is chosen for a layer."""

    rank: int
    """Of the Tucker decomposition; 0: none, the layer is sparse only."""
    share: float
    """The share of weights that the sparse part may keep, from 0 to 1."""


@dataclass(frozen=True)
class Decomposition:
    """A kernel as a Tucker decomposition of its channels plus a sparse kernel.

    Attributes:
        core: (height, width, first rank, last rank); ``None`` if there is no Tucker decomposition.
        first: (input channels, first rank), or ``None``.
        last: (filters, last rank), or ``None``.
        sparse: (height, width, input channels, filters), with the zeros in place.
    """

    core: NDArray[np.float32] | None
    first: NDArray[np.float32] | None
    last: NDArray[np.float32] | None
    sparse: Kernel

    @property
    def reconstruction(self) -> Kernel:
        """The kernel that the parts add up to, float32."""
        if self.core is None or self.first is None or self.last is None:
            return self.sparse.astype(np.float32)
        with_inputs = np.tensordot(self.core, self.first, axes=(2, 1))  # height, width, last rank, input channels
        dense = np.tensordot(with_inputs, self.last, axes=(2, 1))
        return (dense + self.sparse).astype(np.float32)

    @property
    def kept_share(self) -> float:
        """The share of the sparse part's weights that are not zero."""
        return int(np.count_nonzero(self.sparse)) / self.sparse.size

    @property
    def parameters(self) -> int:
        """The number of weights, zeros of the sparse part not counted."""
        dense = sum(part.size for part in (self.core, self.first, self.last) if part is not None)
        return dense + int(np.count_nonzero(self.sparse))
