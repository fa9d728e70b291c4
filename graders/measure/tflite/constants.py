"""The values of constant tensors, from the file's bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.tflite.model import IndexArray, MalformedModel, Quantization, Span, SparseDimension, Tensor
from graders.measure.tflite.sparse import Level, densify

Array = NDArray[Any]

MAX_CONSTANT_BYTES = 2**28
"""Of one constant when dense, at least 4 bytes a value: the largest of ResNet50 has 9.4 million."""
MAX_DECODED_BYTES = 2**30
"""Of all constants together: tensors may share a buffer, operators a tensor, and a sparse tensor may grow."""


@dataclass(frozen=True)
class Storage:
    """How a type's values are stored: bits of each, and numpy's type of what is decoded."""

    bits: int
    numpy: str


STORAGE = {
    "float64": Storage(64, "<f8"),
    "float32": Storage(32, "<f4"),
    "float16": Storage(16, "<f2"),
    "bfloat16": Storage(16, "<f4"),
    "complex64": Storage(64, "<c8"),
    "complex128": Storage(128, "<c16"),
    "int64": Storage(64, "<i8"),
    "uint64": Storage(64, "<u8"),
    "int32": Storage(32, "<i4"),
    "uint32": Storage(32, "<u4"),
    "int16": Storage(16, "<i2"),
    "uint16": Storage(16, "<u2"),
    "int8": Storage(8, "|i1"),
    "uint8": Storage(8, "|u1"),
    "bool": Storage(8, "|b1"),
    "int4": Storage(4, "|i1"),
    "uint4": Storage(4, "|u1"),
    "int2": Storage(2, "|i1"),
}
"""Not here: types that hold no numbers (string, resource, variant), and float8, which numpy does not have."""


def constant_values(data: bytes, tensor: Tensor) -> Array:
    """The dense values of a constant tensor, in its shape.

    int2 and int4 come as int8, uint4 as uint8, bfloat16 as float32; quantised values come as stored.

    :param data: the file that the tensor was read from
    :raises MalformedModel: the tensor is not constant, holds no numbers, or its bytes do not fit its shape
    """
    if tensor.stored is None:
        raise MalformedModel(f"{_called(tensor)} has no values in the file")
    storage = STORAGE.get(tensor.dtype)
    if storage is None:
        raise MalformedModel(f"{_called(tensor)} is of type {tensor.dtype}, which holds no numbers that can be read")
    if decoded_bytes(tensor) > MAX_CONSTANT_BYTES:
        raise MalformedModel(f"{_called(tensor)} claims {tensor.elements} values of {tensor.dtype}, too many to read")
    raw = _bytes(data, tensor.stored)
    if tensor.sparsity is None:
        return _unpacked(raw, tensor.elements, tensor.dtype, storage, tensor).reshape(tensor.shape)
    sparsity = tensor.sparsity
    stored = _unpacked(raw, raw.size * 8 // storage.bits, tensor.dtype, storage, tensor)
    levels = tuple(_level(data, dimension) for dimension in sparsity.dimensions)
    return densify(stored, tensor.shape, sparsity.traversal_order, sparsity.block_map, levels)


def decoded_bytes(tensor: Tensor) -> int:
    """The bytes of a constant's values when dense, or as float32 if that is more."""
    storage = STORAGE.get(tensor.dtype)
    return tensor.stored_bytes if storage is None else tensor.elements * max(np.dtype(storage.numpy).itemsize, 4)


def values_sha256(data: bytes, tensor: Tensor) -> str:
    """``Tensor.sha256`` of a tensor whose values are in the file."""
    if tensor.stored is not None and tensor.dtype not in STORAGE:
        return hashlib.sha256(_bytes(data, tensor.stored).data).hexdigest()
    values = np.ascontiguousarray(constant_values(data, tensor))
    return hashlib.sha256(values.reshape(-1).view(np.uint8).data).hexdigest()


def dequantized(values: Array, quantization: Quantization | None) -> NDArray[np.float32]:
    """The real values, scale * (stored - zero_point), rounded once to float32; without quantisation a plain conversion.

    :raises ValueError: the quantisation is of another scheme or its channels do not fit the values
    """
    if quantization is None:
        return values.astype(np.float32)
    if not quantization.scales:
        raise ValueError(f"quantisation by {quantization.details} can't be turned into real values")
    zero_points = np.array(quantization.zero_points, np.int64)
    # A product of two 24-bit mantissas is exact in float64, so this is the correctly rounded float32, as the kernels'.
    scales = np.array(quantization.scales, np.float64)
    if quantization.per_channel:
        axis = quantization.quantized_dimension
        if not 0 <= axis < values.ndim or values.shape[axis] != scales.size:
            raise ValueError(f"{scales.size} scales along dimension {axis} do not fit values of shape {values.shape}")
        broadcast = [1] * values.ndim
        broadcast[axis] = scales.size
        zero_points, scales = zero_points.reshape(broadcast), scales.reshape(broadcast)
    with np.errstate(over="ignore"):
        real: NDArray[np.float32] = (scales * (values.astype(np.float64) - zero_points)).astype(np.float32)
    return real


def _called(tensor: Tensor) -> str:
    return f"tensor {tensor.index} ({tensor.name[:60]!r})"


def _bytes(data: bytes, span: Span) -> NDArray[np.uint8]:
    if span.offset < 0 or span.size < 0 or span.offset + span.size > len(data):
        raise MalformedModel(f"{span.size} bytes at {span.offset} lie outside a file of {len(data)}")
    return np.frombuffer(data, np.uint8, count=span.size, offset=span.offset)


def _unpacked(raw: NDArray[np.uint8], count: int, dtype: str, storage: Storage, tensor: Tensor) -> Array:
    needed = -(-count * storage.bits // 8)
    if raw.size != needed:
        raise MalformedModel(f"{_called(tensor)} has {raw.size} bytes stored, its shape and type need {needed}")
    if dtype == "bfloat16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if storage.bits < 8:
        return _fields(raw, storage.bits, signed=storage.numpy == "|i1")[:count]
    values: Array = raw != 0 if dtype == "bool" else raw.view(storage.numpy)
    return values


def _fields(raw: NDArray[np.uint8], bits: int, signed: bool) -> Array:
    """Values of less than a byte, the first in the lowest bits."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    fields = ((raw[:, None] >> shifts) & np.uint8(2**bits - 1)).reshape(-1)
    if not signed:
        return fields
    sign = np.uint8(2 ** (bits - 1))
    return (fields ^ sign).view(np.int8) - np.int8(sign)


def _level(data: bytes, dimension: SparseDimension) -> Level:
    if dimension.format == "DENSE":
        return Level(dimension.dense_size)
    if dimension.segments is None or dimension.indices is None:
        raise MalformedModel("a SPARSE_CSR dimension has no segments or no indices")
    return Level(0, _indices(data, dimension.segments), _indices(data, dimension.indices))


def _indices(data: bytes, array: IndexArray) -> Array:
    kinds = {1: "|u1", 2: "<u2", 4: "<i4"}
    if array.itemsize not in kinds:
        raise MalformedModel(f"indices of {array.itemsize} bytes")
    return _bytes(data, array.span).view(kinds[array.itemsize]).astype(np.int64)
