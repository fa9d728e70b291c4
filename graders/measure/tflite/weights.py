"""The weights of a model's operators as real numbers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.measure.tflite.constants import (
    MAX_DECODED_BYTES,
    STORAGE,
    constant_values,
    decoded_bytes,
    dequantized,
)
from graders.measure.tflite.graph import Wiring, compute_ops
from graders.measure.tflite.model import MalformedModel, Model, Operator, Subgraph, Tensor

KERNEL_INPUT = 1
BIAS_INPUT = {"TRANSPOSE_CONV": 3, "CONV_3D_TRANSPOSE": 3}
"""The transposed convolutions have their activation third; everywhere else the bias is the third input."""
CALLING = frozenset({"IF", "WHILE", "CALL", "CALL_ONCE", "STABLEHLO_COMPOSITE", "STABLEHLO_WHILE"})
"""Operators whose work is another graph's."""


@dataclass(frozen=True, eq=False)
class Weights:
    """An operator's constants as real numbers, with the tensors that store them."""

    operator: Operator
    kernel: NDArray[np.float32]
    kernel_tensor: Tensor
    bias: NDArray[np.float32] | None
    bias_tensor: Tensor | None


def weights(data: bytes, model: Model) -> tuple[Weights, ...]:
    """Kernel and bias of each compute operator that has a constant kernel, in the order of the graph.

    The kernel is the second input where that is a constant of real numbers, stored as float or quantised, dense or
    sparse, behind DEQUANTIZE or DENSIFY or not. So an unfolded multiplication is there as well as a convolution, and
    the int32 shape of a RESHAPE is not.

    :param data: the file that ``model`` was read from
    :raises MalformedModel: a constant's values are not in the file or can't be read
    """
    wiring, values = Wiring(model.main), _Values(data)
    found = []
    for operator in compute_ops(model):
        kernel = _real_constant(wiring, operator, KERNEL_INPUT)
        if kernel is None:
            continue
        bias = _real_constant(wiring, operator, BIAS_INPUT.get(operator.code, 2))
        found.append(Weights(operator, values.of(kernel), kernel, None if bias is None else values.of(bias), bias))
    return tuple(found)


def used_constants(data: bytes, model: Model, sizes: Container[int]) -> tuple[NDArray[np.float32], ...]:
    """The constants of real numbers, of these numbers of elements, that the outputs are computed from.

    Whatever an operator does with them: kernels that it computes its own from are there as well. Constants that can't
    be read are left out.

    :raises MalformedModel: they are too large together
    """
    values, found = _Values(data), []
    for graph in _used_graphs(model):
        for tensor in _used_tensors(graph):
            real = tensor.constant and (tensor.quantization is not None or "float" in tensor.dtype)
            if real and tensor.elements in sizes and tensor.stored is not None and tensor.dtype in STORAGE:
                found.append(values.of(tensor))
    return tuple(found)


def _used_graphs(model: Model) -> tuple[Subgraph, ...]:
    """The main graph, and if that calls others, these."""
    calls = any(operator.code in CALLING for operator in model.main.operators)
    return model.subgraphs if calls else (model.main,)


def _used_tensors(graph: Subgraph) -> list[Tensor]:
    """The tensors that a graph's outputs depend on."""
    producers = Wiring(graph).producers
    waiting, seen = [index for index in graph.outputs if index >= 0], set[int]()
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        producer = producers.get(index)
        if producer is not None:
            waiting.extend(each for each in producer.inputs if each >= 0)
    return [graph.tensors[index] for index in sorted(seen)]


def _real_constant(wiring: Wiring, operator: Operator, position: int) -> Tensor | None:
    if position >= len(operator.inputs):
        return None
    tensor = wiring.constant(operator.inputs[position])
    if tensor is None or (tensor.quantization is None and "float" not in tensor.dtype):
        return None
    return tensor


class _Values:
    """Real values of a file's constants, each decoded once however many operators share it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._found: dict[int, NDArray[np.float32]] = {}
        self._left = MAX_DECODED_BYTES

    def of(self, tensor: Tensor) -> NDArray[np.float32]:
        if tensor.index not in self._found:
            self._left -= decoded_bytes(tensor)
            if self._left < 0:
                raise MalformedModel(f"the weights have more than {MAX_DECODED_BYTES} bytes as float32")
            self._found[tensor.index] = self._decoded(tensor)
        return self._found[tensor.index]

    def _decoded(self, tensor: Tensor) -> NDArray[np.float32]:
        try:
            return dequantized(constant_values(self._data, tensor), tensor.quantization)
        except MalformedModel:
            raise
        except ValueError as error:
            raise MalformedModel(f"tensor {tensor.index}: {error}") from error
