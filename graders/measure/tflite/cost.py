"""What a model costs wherever it runs: multiplications with additions (MACs), and parameters.

Only operators that multiply by weights, or two activations by each other, have MACs. Additions, activations and pooling
cost little beside them and do not count, as in the tables of papers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from graders.measure.tflite.model import Model, Operator, Subgraph, Tensor


@dataclass(frozen=True)
class Cost:
    """Of one inference of a batch as the file has it.

    ``uncounted`` names the operators, each once, whose MACs do not follow from shapes: ``macs`` is without them.
    """

    macs: int
    parameters: int
    uncounted: tuple[str, ...] = ()


def cost(model: Model) -> Cost:
    """The cost of the subgraph that the interpreter runs."""
    graph = model.main
    return Cost(
        macs=sum(operator_macs(graph, operator) for operator in graph.operators),
        parameters=parameters(graph),
        uncounted=tuple(dict.fromkeys(each.label for each in graph.operators if _unknown(each))),
    )


def parameters(graph: Subgraph) -> int:
    """The values of all constants that are weights or biases; those that share a buffer count once.

    Float constants and quantised ones are; shapes, axes and paddings, which are plain integers, are not.
    """
    found = {each.buffer or -1 - each.index: each.elements for each in graph.tensors if each.constant and _real(each)}
    return sum(found.values())


def operator_macs(graph: Subgraph, operator: Operator) -> int:
    """The MACs of one operator; 0 for those that do not count, and for one that lacks an input."""
    count = _MACS.get(operator.code)
    if count is None or operator.is_custom:
        return 0
    inputs = [graph.tensors[index].shape if index >= 0 else () for index in operator.inputs]
    outputs = [each.shape for each in graph.tensors_of(operator.outputs)]
    return count(inputs, outputs[0]) if len(inputs) >= _INPUTS.get(operator.code, 2) and outputs else 0


Shape = tuple[int, ...]


def _conv(inputs: list[Shape], output: Shape) -> int:
    """Kernel (out, height, width, in): each output value sums over a kernel. With groups, ``in`` is that of a group."""
    return prod(output) * prod(inputs[1][1:])


def _depthwise(inputs: list[Shape], output: Shape) -> int:
    """Kernel (1, height, width, out): each output value sums over one channel."""
    return prod(output) * prod(inputs[1][1:-1])


def _transposed(inputs: list[Shape], _: Shape) -> int:
    """Inputs: shape, kernel (out, height, width, in), values. Each input value goes to a whole kernel's outputs."""
    return prod(inputs[2]) * prod(inputs[1][:-1])


def _conv_3d(inputs: list[Shape], output: Shape) -> int:
    """Kernel (depth, height, width, in, out)."""
    return prod(output) * prod(inputs[1][:-1])


def _dense(inputs: list[Shape], output: Shape) -> int:
    """Weights (out, in)."""
    return prod(output) * prod(inputs[1][1:])


def _matrices(inputs: list[Shape], output: Shape) -> int:
    """(…, m, k) by (…, k, n), the first possibly transposed."""
    left = inputs[0]
    if len(left) < 2 or len(output) < 2:
        return 0
    return prod(output) * (left[-1] if left[-2] == output[-2] else left[-2])


_MACS: Mapping[str, Callable[[list[Shape], Shape], int]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "CONV_3D": _conv_3d,
    "FULLY_CONNECTED": _dense,
    "BATCH_MATMUL": _matrices,
}
_INPUTS: Mapping[str, int] = {"TRANSPOSE_CONV": 3}
# They multiply by weights, as often as there are time steps or rounds.
_RECURRENT = frozenset(
    {
        "LSTM",
        "RNN",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CONV_3D_TRANSPOSE",
        "WHILE",
        "IF",
        "CALL",
    }
)


def _unknown(operator: Operator) -> bool:
    return operator.is_custom or operator.code in _RECURRENT


def _real(tensor: Tensor) -> bool:
    scaled = tensor.quantization is not None and (bool(tensor.quantization.scales) or bool(tensor.quantization.details))
    return tensor.dtype.startswith(("float", "bfloat")) or scaled
