"""What a ``.tflite`` file says, as frozen dataclasses in TensorFlow Lite's own terms.

Nothing here reads a file or needs numpy: a process that only judges facts can import it at no cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

INTEGER_DTYPES = frozenset(
    {"int2", "int4", "uint4", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}
)

IDENTIFIER = b"TFL3"
"""Bytes 4 to 7 of a ``.tflite`` file."""


class MalformedModel(ValueError):
    """The bytes are not a TensorFlow Lite model that can be trusted to be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of bytes in the file."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Quantization:
    """real = scale * (stored - zero_point), one pair for the tensor or one per index of ``quantized_dimension``.

    ``zero_points`` is as long as ``scales``. ``details`` names another scheme (``BlockwiseQuantization`` …), whose
    parameters are not read; ``scales`` is empty then.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int
    details: str | None = None

    @property
    def per_channel(self) -> bool:
        """True if there is more than one scale."""
        return len(self.scales) > 1


@dataclass(frozen=True, slots=True)
class IndexArray:
    """The stored segments or indices of a sparse dimension: unsigned or signed integers of ``itemsize`` bytes."""

    span: Span
    itemsize: int


@dataclass(frozen=True, slots=True)
class SparseDimension:
    """One level of a sparse tensor, outermost first: ``DENSE`` with a size, or ``SPARSE_CSR`` with two arrays."""

    format: str
    dense_size: int
    segments: IndexArray | None
    indices: IndexArray | None


@dataclass(frozen=True, slots=True)
class Sparsity:
    """How a sparse tensor is stored: see ``SparsityParameters`` in TensorFlow Lite's schema."""

    traversal_order: tuple[int, ...]
    block_map: tuple[int, ...]
    dimensions: tuple[SparseDimension, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a subgraph.

    ``stored`` is where its values lie in the file, None for activations. ``sha256`` is over the decoded, dense values
    in C order, little endian (int4 as int8, bfloat16 as float32), so equal values have equal hashes however they are
    stored; over the stored bytes where the type holds no numbers. ``external``: the values are in another file.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    is_variable: bool
    buffer: int
    quantization: Quantization | None
    sparsity: Sparsity | None
    stored: Span | None
    sha256: str | None
    external: bool

    @property
    def constant(self) -> bool:
        """True if the values come with the model."""
        return self.stored is not None or self.external

    @property
    def stored_bytes(self) -> int:
        """The bytes of its buffer in the file, 0 for an activation."""
        return self.stored.size if self.stored else 0

    @property
    def elements(self) -> int:
        """The number of values when dense."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an operator that decide its arithmetic; None if its kind has no such option."""

    fused_activation: str | None = None
    padding: str | None = None
    stride: tuple[int, int] | None = None
    dilation: tuple[int, int] | None = None
    filter_size: tuple[int, int] | None = None
    depth_multiplier: int | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator; ``inputs`` and ``outputs`` are tensor indices of its subgraph, -1 for an optional one left out."""

    index: int
    code: str
    custom_code: str | None
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options

    @property
    def is_custom(self) -> bool:
        """True if the operator is none of TensorFlow Lite's own."""
        return self.custom_code is not None

    @property
    def is_flex(self) -> bool:
        """True if TensorFlow itself must run the operator (``SELECT_TF_OPS``)."""
        return self.custom_code is not None and self.custom_code.startswith("Flex")

    @property
    def label(self) -> str:
        """What to call it in a message: ``CONV_2D``, ``CUSTOM FlexErf``."""
        return f"{self.code} {self.custom_code}" if self.is_custom else self.code


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Tensors, and the operators in execution order."""

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]

    def tensors_of(self, indices: tuple[int, ...]) -> Iterator[Tensor]:
        """The tensors with these indices; what was left out (-1) is skipped."""
        return (self.tensors[index] for index in indices if index >= 0)


@dataclass(frozen=True, slots=True)
class NamedTensor:
    """A signature's name for a tensor index."""

    name: str
    tensor: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A named entry point of the model."""

    name: str
    subgraph: int
    inputs: tuple[NamedTensor, ...]
    outputs: tuple[NamedTensor, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A whole file. ``buffer_sizes`` are the bytes of each buffer; ``external_buffers``: weights outside the file."""

    size: int
    version: int
    description: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    metadata: tuple[str, ...]
    buffer_sizes: tuple[int, ...]
    external_buffers: bool

    @property
    def main(self) -> Subgraph:
        """The subgraph that the interpreter runs."""
        return self.subgraphs[0]
