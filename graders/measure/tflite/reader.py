"""A ``.tflite`` file, read without TensorFlow and without its interpreter.

The file may be hostile. Whatever is wrong with it ends in ``MalformedModel``; time and memory are bounded by the limits
of ``Source``, ``MAX_CONSTANT_BYTES`` and ``MAX_DECODED_BYTES``. The runtime may still refuse what is accepted here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite

from graders.measure.tflite.constants import MAX_DECODED_BYTES, decoded_bytes, values_sha256
from graders.measure.tflite.model import (
    IndexArray,
    MalformedModel,
    Model,
    NamedTensor,
    Operator,
    Options,
    Quantization,
    Signature,
    Span,
    SparseDimension,
    Sparsity,
    Subgraph,
    Tensor,
)
from graders.measure.tflite.schema import (
    ACTIVATIONS,
    DIMENSION_FORMATS,
    DTYPES,
    INDEX_VECTORS,
    MAX_BYTES,
    MAX_RANK,
    OPERATORS,
    OPTIONS,
    PADDINGS,
    QUANTIZATION_DETAILS,
    VERSION,
    Source,
    Table,
    cast,
)

MAX_TENSOR_ELEMENTS = 2**28
"""Of any tensor, constant or not: what an interpreter would set aside for it."""

_WRONG_READS = (struct.error, TypeError, ValueError, IndexError, OverflowError)
"""What the generated accessors raise on offsets that lead nowhere."""
_INDEX_BYTES = {"Int32Vector": 4, "Uint16Vector": 2, "Uint8Vector": 1}


@dataclass(frozen=True)
class _Code:
    name: str
    custom: str | None
    version: int


def read_model(data: bytes, *, max_bytes: int = MAX_BYTES) -> Model:
    """What a ``.tflite`` file holds, every constant decoded once for its hash.

    :param max_bytes: a larger file is refused unread
    :raises MalformedModel: whatever is wrong with the bytes, in one line
    """
    try:
        return _model(Source(data, max_bytes))
    except MalformedModel:
        raise
    except _WRONG_READS as error:
        raise MalformedModel(f"broken flatbuffer: {' '.join(str(error).split())}") from error


def _model(source: Source) -> Model:
    root = source.root()
    version = int(root.Version())
    if version != VERSION:
        raise MalformedModel(f"schema version {version}, expected {VERSION}")
    buffers = tuple(_buffer(source, buffer, index) for index, buffer in enumerate(source.tables(root, "Buffers")))
    codes = tuple(_code(source, code) for code in source.tables(root, "OperatorCodes"))
    subgraphs = tuple(
        _subgraph(source, table, index, buffers, codes) for index, table in enumerate(source.tables(root, "Subgraphs"))
    )
    if not subgraphs:
        raise MalformedModel("the model has no subgraph")
    outside = root.ExternalBuffersLength() or root.ExternalBufferGroupsLength()
    return Model(
        size=len(source.data),
        version=version,
        description=source.text(root.Description(), "the description"),
        subgraphs=_hashed(source, subgraphs),
        signatures=tuple(_signature(source, table, subgraphs) for table in source.tables(root, "SignatureDefs")),
        metadata=tuple(source.text(table.Name(), "a metadata name") for table in source.tables(root, "Metadata")),
        buffer_sizes=tuple(span.size if span else 0 for span in buffers),
        external_buffers=bool(outside) or any(tensor.external for graph in subgraphs for tensor in graph.tensors),
    )


def _buffer(source: Source, table: Table, index: int) -> Span | None:
    """Where a buffer's bytes lie: in the table or, in files of over 2 GB, after it."""
    inside = source.first_vector(table, 1, f"buffer {index}")
    if inside is not None:
        return inside
    offset = int(table.Offset())
    return source.span(offset, int(table.Size()), f"buffer {index}") if offset > 1 else None


def _code(source: Source, table: Table) -> _Code:
    # Numbers over 127 do not fit the older field, which then holds a placeholder of 127.
    number = max(int(table.DeprecatedBuiltinCode()), int(table.BuiltinCode()))
    name = OPERATORS.get(number, f"BUILTIN_{number}")
    custom = source.text(table.CustomCode(), "a custom code") if name == "CUSTOM" else None
    return _Code(name, custom, int(table.Version()))


def _subgraph(
    source: Source, table: Table, index: int, buffers: tuple[Span | None, ...], codes: tuple[_Code, ...]
) -> Subgraph:
    tensors = tuple(_tensor(source, item, at, buffers) for at, item in enumerate(source.tables(table, "Tensors")))
    count = len(tensors)
    return Subgraph(
        index=index,
        name=source.text(table.Name(), "a subgraph's name"),
        inputs=_indices(source, table, "Inputs", count, optional=False),
        outputs=_indices(source, table, "Outputs", count, optional=False),
        tensors=tensors,
        operators=tuple(
            _operator(source, item, at, count, codes) for at, item in enumerate(source.tables(table, "Operators"))
        ),
    )


def _indices(source: Source, table: Table, field: str, count: int, *, optional: bool = True) -> tuple[int, ...]:
    indices = source.numbers(table, field)
    lowest = -1 if optional else 0
    for index in indices:
        if not lowest <= index < count:
            raise MalformedModel(f"{field} names tensor {index} of {count}")
    return indices


def _operator(source: Source, table: Table, index: int, tensors: int, codes: tuple[_Code, ...]) -> Operator:
    opcode = int(table.OpcodeIndex())
    if opcode >= len(codes):
        raise MalformedModel(f"operator {index} has code {opcode} of {len(codes)}")
    code = codes[opcode]
    return Operator(
        index=index,
        code=code.name,
        custom_code=code.custom,
        version=code.version,
        inputs=_indices(source, table, "Inputs", tensors),
        outputs=_indices(source, table, "Outputs", tensors),
        options=_options(table),
    )


def _options(operator: Table) -> Options:
    table = cast(operator.BuiltinOptions(), OPTIONS.get(int(operator.BuiltinOptionsType()), ""))
    if table is None:
        return Options()
    activation = _number(table, "FusedActivationFunction")
    padding = _number(table, "Padding")
    return Options(
        fused_activation=None if activation is None else ACTIVATIONS.get(activation, f"ACTIVATION_{activation}"),
        padding=None if padding is None else PADDINGS.get(padding, f"PADDING_{padding}"),
        stride=_pair(table, "StrideH", "StrideW"),
        dilation=_pair(table, "DilationHFactor", "DilationWFactor"),
        filter_size=_pair(table, "FilterHeight", "FilterWidth"),
        depth_multiplier=_number(table, "DepthMultiplier"),
    )


def _number(table: Table, field: str) -> int | None:
    return int(getattr(table, field)()) if hasattr(table, field) else None


def _pair(table: Table, height: str, width: str) -> tuple[int, int] | None:
    first, second = _number(table, height), _number(table, width)
    return None if first is None or second is None else (first, second)


def _tensor(source: Source, table: Table, index: int, buffers: tuple[Span | None, ...]) -> Tensor:
    shape = source.numbers(table, "Shape", MAX_RANK)
    signature = source.numbers(table, "ShapeSignature", MAX_RANK)
    number, buffer = int(table.Type()), int(table.Buffer())
    if number not in DTYPES:
        raise MalformedModel(f"tensor {index} is of unknown type {number}")
    if any(size < 0 for size in shape):
        raise MalformedModel(f"tensor {index} has the shape {shape}")
    if buffer >= len(buffers) and buffer:
        raise MalformedModel(f"tensor {index} has buffer {buffer} of {len(buffers)}")
    tensor = Tensor(
        index=index,
        name=source.text(table.Name(), f"the name of tensor {index}"),
        shape=shape,
        shape_signature=signature or shape,
        dtype=DTYPES[number],
        is_variable=bool(table.IsVariable()),
        buffer=buffer,
        quantization=_quantization(source, table.Quantization(), shape, index),
        sparsity=_sparsity(source, table.Sparsity()),
        stored=None,
        sha256=None,
        external=hasattr(table, "ExternalBuffer") and bool(table.ExternalBuffer()),
    )
    if tensor.elements > MAX_TENSOR_ELEMENTS:
        raise MalformedModel(f"tensor {index} of shape {shape} has more than {MAX_TENSOR_ELEMENTS} values")
    # Buffer 0 is the one that means "none". An empty one is a constant's only where there may be nothing to store.
    span = buffers[buffer] if buffer else None
    empty_is_constant = tensor.sparsity is not None or not tensor.elements
    return replace(tensor, stored=span) if span and (span.size or empty_is_constant) else tensor


def _quantization(source: Source, table: Table | None, shape: tuple[int, ...], index: int) -> Quantization | None:
    if table is None:
        return None
    scales = source.numbers(table, "Scale")
    zero_points = source.numbers(table, "ZeroPoint")
    details = int(table.DetailsType())
    scheme = QUANTIZATION_DETAILS.get(details, f"DETAILS_{details}") if details else None
    if not scales:
        return Quantization((), (), 0, scheme) if scheme else None
    axis = int(table.QuantizedDimension())
    if len(zero_points) not in (0, 1, len(scales)):
        raise MalformedModel(f"tensor {index} has {len(scales)} scales and {len(zero_points)} zero points")
    if not all(isfinite(scale) for scale in scales):
        raise MalformedModel(f"tensor {index} has a scale that is not a finite number")
    if len(scales) > 1 and (not 0 <= axis < len(shape) or shape[axis] != len(scales)):
        raise MalformedModel(f"tensor {index} of shape {shape} has {len(scales)} scales along dimension {axis}")
    if len(zero_points) != len(scales):
        zero_points = (zero_points or (0,)) * len(scales)
    return Quantization(scales, zero_points, axis, scheme)


def _sparsity(source: Source, table: Table | None) -> Sparsity | None:
    if table is None:
        return None
    return Sparsity(
        traversal_order=source.numbers(table, "TraversalOrder", 2 * MAX_RANK),
        block_map=source.numbers(table, "BlockMap", MAX_RANK),
        dimensions=tuple(_dimension(source, item) for item in source.tables(table, "DimMetadata")),
    )


def _dimension(source: Source, table: Table) -> SparseDimension:
    number = int(table.Format())
    if number not in DIMENSION_FORMATS:
        raise MalformedModel(f"a sparse dimension is of unknown format {number}")
    return SparseDimension(
        format=DIMENSION_FORMATS[number],
        dense_size=int(table.DenseSize()),
        segments=_index_array(source, table.ArraySegments(), int(table.ArraySegmentsType())),
        indices=_index_array(source, table.ArrayIndices(), int(table.ArrayIndicesType())),
    )


def _index_array(source: Source, union: Table | None, number: int) -> IndexArray | None:
    kind = INDEX_VECTORS.get(number, "")
    table = cast(union, kind)
    if table is None or kind not in _INDEX_BYTES:
        return None
    itemsize = _INDEX_BYTES[kind]
    return IndexArray(source.first_vector(table, itemsize, "an array of sparse indices") or Span(0, 0), itemsize)


def _hashed(source: Source, subgraphs: Iterable[Subgraph]) -> tuple[Subgraph, ...]:
    left = MAX_DECODED_BYTES
    hashed = []
    for graph in subgraphs:
        tensors = []
        for tensor in graph.tensors:
            if tensor.stored is not None:
                left -= decoded_bytes(tensor)
                if left < 0:
                    raise MalformedModel(f"the constants have more than {MAX_DECODED_BYTES} bytes when dense")
                tensors.append(replace(tensor, sha256=values_sha256(source.data, tensor)))
            else:
                tensors.append(tensor)
        hashed.append(replace(graph, tensors=tuple(tensors)))
    return tuple(hashed)


def _signature(source: Source, table: Table, subgraphs: tuple[Subgraph, ...]) -> Signature:
    index = int(table.SubgraphIndex())
    if index >= len(subgraphs):
        raise MalformedModel(f"a signature names subgraph {index} of {len(subgraphs)}")
    count = len(subgraphs[index].tensors)
    return Signature(
        name=source.text(table.SignatureKey(), "a signature's name"),
        subgraph=index,
        inputs=tuple(_named(source, item, count) for item in source.tables(table, "Inputs")),
        outputs=tuple(_named(source, item, count) for item in source.tables(table, "Outputs")),
    )


def _named(source: Source, table: Table, count: int) -> NamedTensor:
    index = int(table.TensorIndex())
    if index >= count:
        raise MalformedModel(f"a signature names tensor {index} of {count}")
    return NamedTensor(source.text(table.Name(), "a signature's tensor name"), index)
